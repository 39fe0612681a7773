package rehearsal

import (
	"fmt"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// ungranted are the calls of the plan's functions, and of the role that they take
// on in another account, that no grant of theirs allows, by action and region: on
// AWS they would have been denied. Resources and conditions are not weighed.
func ungranted(b *blueprint.Blueprint, calls []front.Call) []string {
	grants := map[string][]blueprint.Grant{}
	for _, at := range append([]*blueprint.Blueprint{b}, b.Vantages...) {
		for _, f := range at.Functions {
			grants[f.Deployed] = f.Grants
		}
	}
	if b.Source != nil {
		grants[b.Source.Name] = b.Source.Grants
	}
	var refused []string
	for _, call := range calls {
		of, known := grants[call.Role]
		if !known {
			continue // nobody of the plan's
		}
		action := call.Service + ":" + call.Action
		if other, ok := authorized[action]; ok {
			action = other
		}
		allows := func(g blueprint.Grant) bool {
			return slices.Contains(g.Actions, action) && (len(g.Regions) == 0 || slices.Contains(g.Regions, call.Region))
		}
		if !slices.ContainsFunc(of, allows) {
			refused = append(refused, fmt.Sprintf("%s called %s in %s, which none of its grants allows.", call.Role, action, call.Region))
		}
	}
	return refused
}

// authorized are the actions of IAM that go by another name than the call.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var authorized = map[string]string{"lambda:Invoke": "lambda:InvokeFunction"}
