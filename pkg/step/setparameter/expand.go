package setparameter

import (
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Expand puts outputs of earlier steps in the place of their references. One
// that nothing answers is permanent: no later look adds an output to a step that
// is done.
func Expand(value string, outputs map[string]map[string]string) (string, error) {
	var unknown []string
	expanded, err := plan.Expand(value, func(reference plan.Reference) (string, error) {
		output, ok := outputs[reference.Step][reference.Output]
		if !ok {
			unknown = append(unknown, reference.String())
		}
		return output, nil
	})
	if err != nil {
		return "", step.Permanent("the value of the parameter: %v", err)
	}
	if len(unknown) > 0 {
		return "", step.Permanent("no step that is done has the output %s; there are: %s", strings.Join(unknown, ", "), known(outputs))
	}
	return expanded, nil
}

func known(outputs map[string]map[string]string) string {
	var names []string
	for id, of := range outputs {
		for name := range of {
			names = append(names, plan.Reference{Step: id, Output: name}.String())
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
