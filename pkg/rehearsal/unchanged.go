package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/internal/inventory"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// stock is everything that a step could have changed, read behind the front, where
// a region answers whatever happened to it.
func (r *rehearsal) stock(ctx context.Context) (inventory.Inventory, error) {
	var regions []aws.Config
	for _, region := range []string{r.Plan.Primary, r.Plan.Recovery} {
		if region != plan.OnPremises {
			regions = append(regions, r.cloud.Upstream(region))
		}
	}
	all, err := inventory.Read(ctx, regions...)
	if err != nil {
		return nil, err
	}
	// Recovery points come and go beside every run.
	maps.DeleteFunc(all, func(thing, _ string) bool { return strings.Contains(thing, "snapshot") })
	return all, nil
}

// shown bounds how many differences a report tells.
const shown = 5

// unchanged is whether AWS is as it was before the run.
func (r *rehearsal) unchanged(ctx context.Context) (report.Check, error) {
	check := report.Check{What: "everything in AWS is as it was before the run"}
	now, err := r.stock(ctx)
	if err != nil {
		return check, err
	}
	things := maps.Clone(now)
	maps.Copy(things, r.before)
	var other []string
	for _, thing := range slices.Sorted(maps.Keys(things)) {
		switch was, is := r.before[thing], now[thing]; {
		case was == is:
		case was == "":
			other = append(other, "new: "+thing)
		case is == "":
			other = append(other, "gone: "+thing)
		default:
			other = append(other, fmt.Sprintf("%s was %q and is %q", thing, was, is))
		}
	}
	check.OK, check.Seen = len(other) == 0, fmt.Sprintf("%d things, none of them changed", len(now))
	if !check.OK {
		check.Seen = strings.Join(other[:min(shown, len(other))], "; ")
		if more := len(other) - shown; more > 0 {
			check.Seen += fmt.Sprintf("; and %d more", more)
		}
	}
	return check, nil
}
