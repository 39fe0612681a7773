package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// darken takes the region that is left away: its endpoints hang and its web
// servers answer nothing.
func (r *rehearsal) darken(context.Context) error {
	r.cloud.Front.Strike(r.on.Primary)
	r.workload.Side(r.on.Primary).Kill()
	return nil
}

// leave is what strikes when nothing does.
func (r *rehearsal) leave(context.Context) error { return nil }

// heal brings back what an earlier scenario took away, and waits until what the
// serving side has is protected there.
func (r *rehearsal) heal(ctx context.Context) error {
	if err := r.restore(ctx); err != nil {
		return err
	}
	if err := r.shutOff(ctx); err != nil {
		return err
	}
	r.Say("protecting what serves now: recovery points in the other direction")
	lacks, err := r.gather(ctx, 1, r.used)
	if err == nil && lacks != "" {
		r.problem("What serves in %s was not protected within %s: %s.", r.on.Primary, protectionLimit, lacks)
	}
	if err != nil {
		return err
	}
	r.struck = r.cloud.Clock.Now() // what went before is no outage
	return nil
}

// used says whether a step of the course needs points of a policy. What is copied once
// a day and not needed is not waited for.
func (r *rehearsal) used(policy plan.Policy) bool {
	for s := range r.on.Steps() {
		if s.Uses() == policy.Name {
			return true
		}
	}
	return false
}

// restore gives the struck region its endpoints, its power and its calm alarms back.
func (r *rehearsal) restore(ctx context.Context) error {
	for _, region := range []string{r.Plan.Primary, r.Plan.Recovery} {
		r.cloud.Front.Heal(region)
		r.workload.Side(region).Revive()
	}
	r.Say("every region answers again")
	if err := r.calm(ctx); err != nil {
		return err
	}
	return r.workload.CalmAlarms(ctx)
}

// fencedWithin is how long a side that comes back may take writes beside the new
// one: the fence is tried every few minutes.
const fencedWithin = time.Hour

// comeBack makes the site reachable again, as it was, after somebody else took
// over. The plan's fence has to notice.
func (r *rehearsal) comeBack(ctx context.Context) error {
	if err := r.restore(ctx); err != nil {
		return err
	}
	if !fences(r.Plan) {
		r.note("The old primary is back and no step of the plan fences it: two sides take writes.")
		return nil
	}
	return r.shutOff(ctx)
}

// shutOff waits until a side that came back takes no writes beside the new one.
func (r *rehearsal) shutOff(ctx context.Context) error {
	back := r.cloud.Clock.Now()
	fenced, err := r.within(ctx, fencedWithin, func(ctx context.Context) (bool, error) {
		state, _, err := r.ledger.State(ctx, r.Plan.Name)
		r.record.State.Unfenced = state.Unfenced
		return state.Unfenced.IsZero(), err
	})
	if err != nil {
		return err
	}
	if !fenced {
		r.problem("The old primary came back at %s and was not fenced within %s.", back.UTC().Format(time.RFC3339), fencedWithin)
		return nil
	}
	r.Say("the old primary takes no writes")
	return nil
}

// infect lets malware spoil what is written from now on, until recovery points
// have it too; then somebody notices and takes the site off the net. The disaster
// is the infection: what was written since is lost whatever anyone does.
func (r *rehearsal) infect(ctx context.Context) error {
	spoiled, err := r.within(ctx, protectionLimit, func(ctx context.Context) (bool, error) {
		newest, err := r.newest(ctx)
		return newest.After(r.struck), err
	})
	if err != nil {
		return err
	}
	if !spoiled {
		return fmt.Errorf("no recovery point was made within %s of the infection", protectionLimit)
	}
	unnoticed := r.cloud.Clock.Now().Sub(r.struck)
	r.modelled = append(r.modelled, report.Duration{Name: "malware unnoticed", Seconds: unnoticed.Seconds(), Source: "until recovery points have it: " + fromPerson})
	r.Say("the newest recovery points are spoiled; somebody notices, and takes the shop off the net")
	r.workload.Side(r.on.Primary).Kill()
	r.dark = r.cloud.Clock.Now()
	return nil
}

// newest is the data's time of the newest usable recovery point of any policy.
func (r *rehearsal) newest(ctx context.Context) (time.Time, error) {
	var newest time.Time
	for _, policy := range r.Plan.Protect {
		usable, err := r.usable(ctx, policy)
		if err != nil {
			return newest, err
		}
		for _, groups := range usable {
			if groups[0].TakenAt.After(newest) {
				newest = groups[0].TakenAt
			}
		}
	}
	return newest, nil
}

// destroy makes the application where it is lack its data: it answers again when
// AWS has there what the run puts back.
func (r *rehearsal) destroy(context.Context) error {
	r.workload.Side(r.on.Recovery).Needs(r.on)
	return nil
}
