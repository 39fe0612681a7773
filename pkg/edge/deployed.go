package edge

import (
	"encoding/json"
	"io"
	"os"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// Input is what was deployed with the function, as the input of messages and events
// that bring none; empty: nothing was.
func Input() json.RawMessage { return json.RawMessage(os.Getenv(names.Input)) }

// Log takes lines for the function's log as they are, such as those that CloudWatch
// makes metrics of.
func Log() io.Writer { return os.Stdout }
