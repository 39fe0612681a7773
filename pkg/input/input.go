// Package input reads what a function is invoked with. It is strict: a field
// that the function does not know is refused, because a misspelt one would
// otherwise be left out in silence.
package input

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Field is a value that must be there.
type Field struct{ Name, Value string }

// Decode reads raw into the value, as an input of the named function. Its error
// is of class BadInput and says where a right one stands.
func Decode(function string, raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return failure.BadInputf("this is no input of %s: %v; send one as in events/%s", function, err, function)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return failure.BadInputf("this is no input of %s: something follows the JSON object; send one as in events/%s", function, function)
	}
	return nil
}

// Need refuses an input in which a field is empty.
func Need(function string, fields ...Field) error {
	for _, field := range fields {
		if field.Value == "" {
			return failure.BadInputf("an input of %s needs %q; send one as in events/%s", function, field.Name, function)
		}
	}
	return nil
}
