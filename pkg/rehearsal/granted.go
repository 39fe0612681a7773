package rehearsal

import (
	"fmt"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// ungranted are the calls of the plan's functions that no grant of theirs allows,
// by action and region: on AWS they would have been denied. Resources and
// conditions are not weighed.
func ungranted(b *blueprint.Blueprint, calls []front.Call) []string {
	var refused []string
	for _, call := range calls {
		at := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Deployed == call.Role })
		if at < 0 {
			continue // not one of the plan's functions
		}
		action := call.Service + ":" + call.Action
		allows := func(g blueprint.Grant) bool {
			return slices.Contains(g.Actions, action) && (len(g.Regions) == 0 || slices.Contains(g.Regions, call.Region))
		}
		if !slices.ContainsFunc(b.Functions[at].Grants, allows) {
			refused = append(refused, fmt.Sprintf("%s called %s in %s, which none of its grants allows.", call.Role, action, call.Region))
		}
	}
	return refused
}
