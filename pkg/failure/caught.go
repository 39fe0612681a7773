package failure

import (
	"encoding/json"
	"strings"
)

// Caught is Step Functions' error output, as a Catch puts it into the data.
type Caught struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// Is says whether the error that was caught is of a class.
func (c Caught) Is(class Class) bool { return c.Error == string(class) }

// Reason is the function's own message where the cause holds one: Lambda's
// errors arrive as JSON in Cause.
func (c Caught) Reason() string {
	var cause struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(c.Cause), &cause); err == nil && cause.Message != "" {
		return cause.Message
	}
	return strings.TrimSuffix(c.Error+": "+c.Cause, ": ")
}
