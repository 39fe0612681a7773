package step

import (
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Expand puts outputs of earlier steps in the place of their references. One that
// nothing answers is permanent: no later look adds an output to a step that is done.
func (r Run) Expand(value string) (string, error) {
	var unknown []string
	expanded, err := plan.Expand(value, func(reference plan.Reference) (string, error) {
		output, ok := r.Outputs[reference.Step][reference.Output]
		if !ok {
			unknown = append(unknown, reference.String())
		}
		return output, nil
	})
	if err != nil {
		return "", Permanent("the value %q: %v", value, err)
	}
	if len(unknown) > 0 {
		return "", Permanent("no step that is done has the output %s; there are: %s", strings.Join(unknown, ", "), r.known())
	}
	return expanded, nil
}

func (r Run) known() string {
	var names []string
	for id, of := range r.Outputs {
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
