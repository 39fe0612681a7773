package setparameter

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/step"
)

// reference is ${step-id.output}, as the plan writes it.
var reference = regexp.MustCompile(`\$\{([^.{}]+)\.([^{}]+)\}`)

// Expand puts outputs of earlier steps in the place of their references. One
// that nothing answers is permanent: no later look adds an output to a step that
// is done.
func Expand(value string, outputs map[string]map[string]string) (string, error) {
	var unknown []string
	expanded := reference.ReplaceAllStringFunc(value, func(found string) string {
		part := reference.FindStringSubmatch(found)
		output, ok := outputs[part[1]][part[2]]
		if !ok {
			unknown = append(unknown, found)
		}
		return output
	})
	if len(unknown) > 0 {
		return "", step.Permanent("no step that is done has the output %s; there are: %s", strings.Join(unknown, ", "), known(outputs))
	}
	return expanded, nil
}

func known(outputs map[string]map[string]string) string {
	var names []string
	for id, of := range outputs {
		for name := range of {
			names = append(names, "${"+id+"."+name+"}")
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
