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

// shown bounds how many differences a check tells.
const shown = 5

// unchanged is whether AWS is as it was before the run.
func (r *rehearsal) unchanged(ctx context.Context) (report.Check, error) {
	check := report.Check{What: "everything in AWS is as it was before the run"}
	now, err := r.stock(ctx)
	if err != nil {
		return check, err
	}
	other := differences(r.before, now)
	check.OK, check.Seen = len(other) == 0, fmt.Sprintf("%d things, none of them changed", len(now))
	if !check.OK {
		check.Seen = strings.Join(other[:min(shown, len(other))], "; ")
		if more := len(other) - shown; more > 0 {
			check.Seen += fmt.Sprintf("; and %d more", more)
		}
	}
	return check, nil
}

// drift is what the team's own infrastructure as code should hear of: all that is
// known by a name and is not as it was. Instances and volumes come and go, and are
// in nobody's code.
func (r *rehearsal) drift(ctx context.Context) error {
	if r.takenBack() {
		return nil
	}
	now, err := r.stock(ctx)
	if err != nil {
		return err
	}
	for _, difference := range differences(r.before, now) {
		if !strings.HasPrefix(difference, "instance ") && !strings.HasPrefix(difference, "volume ") {
			r.report.Drift = append(r.report.Drift, difference)
		}
	}
	return nil
}

// differences are sentences without an end, in the order of the things.
func differences(before, now inventory.Inventory) []string {
	things := maps.Clone(now)
	maps.Copy(things, before)
	var other []string
	for _, thing := range slices.Sorted(maps.Keys(things)) {
		switch was, is := before[thing], now[thing]; {
		case was == is:
		case was == "":
			other = append(other, thing+" is new: "+is)
		case is == "":
			other = append(other, thing+" is gone")
		default:
			other = append(other, fmt.Sprintf("%s was %q and is %q", thing, was, is))
		}
	}
	return other
}
