package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/points"
)

// generations of recovery points are made before the disaster, so that there is
// a newest one to find and an older one to leave alone.
const generations = 2

// protect lets the schedules make recovery points, and jumps over the time in
// which nothing happens. The disaster then strikes at the worst moment: right
// before the next point is due.
func (r *rehearsal) protect(ctx context.Context) error {
	if len(r.Plan.Protect) == 0 {
		return nil
	}
	for generation := 1; generation <= generations; generation++ {
		if generation > 1 {
			if err := r.cloud.Clock.Jump(r.longestInterval()); err != nil {
				return err
			}
		}
		r.Say(fmt.Sprintf("protecting: recovery points, generation %d of %d", generation, generations))
		if err := r.generation(ctx, generation); err != nil {
			return err
		}
	}
	oldest, err := r.nextDue(ctx)
	if err != nil {
		return err
	}
	return r.cloud.Clock.Jump(oldest.Add(-time.Minute).Sub(r.cloud.Clock.Now()))
}

// generation waits until every protected thing has that many usable points in
// the recovery region.
func (r *rehearsal) generation(ctx context.Context, n int) error {
	return r.idle(ctx, 6*time.Hour, fmt.Sprintf("no recovery points of generation %d within 6 hours", n), func(ctx context.Context) (bool, error) {
		for _, policy := range r.Plan.Protect {
			count, err := r.usable(ctx, policy.Name)
			if err != nil {
				return false, err
			}
			if len(count) == 0 {
				return false, nil
			}
			for _, groups := range count {
				if len(groups) < n {
					return false, nil
				}
			}
		}
		return true, nil
	})
}

// usable are the usable sets of a policy in the recovery region by subject,
// newest first.
func (r *rehearsal) usable(ctx context.Context, policy string) (map[string][]lineage.Group, error) {
	list, err := points.New(r.cloud.As(role, r.Plan.Recovery)).List(ctx, r.Plan.Name, policy)
	if err != nil {
		return nil, err
	}
	usable := map[string][]lineage.Group{}
	for _, group := range lineage.Groups(list) {
		usable[group.Subject] = append(usable[group.Subject], nil...)
		if group.Usable() {
			usable[group.Subject] = append(usable[group.Subject], group)
		}
	}
	return usable, nil
}

// nextDue is when the first policy's next recovery point is due.
func (r *rehearsal) nextDue(ctx context.Context) (time.Time, error) {
	var first time.Time
	for _, policy := range r.Plan.Protect {
		usable, err := r.usable(ctx, policy.Name)
		if err != nil {
			return first, err
		}
		for _, groups := range usable {
			if due := groups[0].TakenAt.Add(policy.Every.D()); first.IsZero() || due.Before(first) {
				first = due
			}
		}
	}
	return first, nil
}

func (r *rehearsal) longestInterval() time.Duration {
	var longest time.Duration
	for _, policy := range r.Plan.Protect {
		longest = max(longest, policy.Every.D())
	}
	return longest
}

// idle is until, with the time in which nothing is under way jumped over.
func (r *rehearsal) idle(ctx context.Context, limit time.Duration, otherwise string, done func(context.Context) (bool, error)) error {
	return r.until(ctx, limit, otherwise, func(ctx context.Context) (bool, error) {
		if !r.cloud.Settled() {
			return false, nil
		}
		ok, err := done(ctx)
		if ok || err != nil {
			return ok, err
		}
		return false, r.cloud.Skip()
	})
}
