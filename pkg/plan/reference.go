package plan

import (
	"fmt"
	"regexp"
	"strings"
)

// Reference stands for an output of an earlier step: ${orders.endpoint}.
type Reference struct {
	Step   string
	Output string
}

func (r Reference) String() string { return "${" + r.Step + "." + r.Output + "}" }

var referenceText = regexp.MustCompile(`^\$\{([A-Za-z0-9-]+)\.([A-Za-z][A-Za-z0-9-]*)\}`)

// Expand puts the outputs in the place of their references. Its error names the
// first "${" that begins no reference, or is what output answered.
func Expand(value string, output func(Reference) (string, error)) (string, error) {
	var b strings.Builder
	for {
		before, found := cutReference(&value)
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		parts := referenceText.FindStringSubmatch(value)
		if parts == nil {
			return "", fmt.Errorf("%q is not a reference such as ${orders.endpoint}", shorten(upToBrace(value)))
		}
		text, err := output(Reference{Step: parts[1], Output: parts[2]})
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		value = value[len(parts[0]):]
	}
}

// References lists the references in a value, in order.
func References(value string) ([]Reference, error) {
	var all []Reference
	_, err := Expand(value, func(r Reference) (string, error) {
		all = append(all, r)
		return "", nil
	})
	return all, err
}

func cutReference(value *string) (before string, found bool) {
	i := strings.Index(*value, "${")
	if i < 0 {
		return *value, false
	}
	before, *value = (*value)[:i], (*value)[i:]
	return before, true
}

func upToBrace(s string) string {
	if i := strings.IndexByte(s, '}'); i >= 0 {
		return s[:i+1]
	}
	return s
}

// aReference is what to write in the place of what only looks like one.
const aReference = "${id.output}, with the id of an earlier step and one of its outputs"

// parameterValue is the format of set-parameter.value. A standard parameter
// holds 4 KiB: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
func parameterValue(s string) (problem, instead string) {
	switch _, err := References(s); {
	case s == "":
		return "is an empty text, which SSM refuses", "a value"
	case len(s) > 4096:
		return fmt.Sprintf("has %d characters; 4096 are allowed", len(s)), "a shorter one"
	case err != nil:
		return err.Error(), aReference
	}
	return "", ""
}
