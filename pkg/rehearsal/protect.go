package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/inspect"
	"github.com/pilotlight/pilotlight/pkg/protect/points"
)

// generations of recovery points are made before the disaster, so that there is
// a newest one to find and an older one to leave alone.
const generations = 2

// protectionLimit is how long a generation may take, in data time.
const protectionLimit = 6 * time.Hour

// beforeDue is when a disaster strikes before the next point is due: late enough to be
// the worst moment, early enough that a busy machine does not miss it.
const beforeDue = 3 * time.Minute

// protect lets the schedules make recovery points, and jumps over the time in
// which nothing happens. The disaster then strikes at the worst moment: right
// before the next point is due.
func (r *rehearsal) protect(ctx context.Context) error {
	switch {
	case r.Unprotected:
		return nil
	case len(r.Plan.Protect) == 0:
		return r.lastRound(ctx, time.Time{})
	}
	if r.Prepared != nil {
		r.Prepared(r.cloud)
	}
	for n := 1; n <= generations; n++ {
		if n > 1 {
			if err := r.cloud.Clock.Jump(r.toRound(r.longestInterval())); err != nil {
				return err
			}
		}
		r.Say(fmt.Sprintf("protecting: recovery points, generation %d of %d", n, generations))
		if err := r.generation(ctx, n); err != nil {
			return err
		}
	}
	due, err := r.nextDue(ctx)
	if err != nil {
		return err
	}
	return r.lastRound(ctx, due.Add(-beforeDue))
}

// generation waits until every protected thing has n usable points in the
// recovery region.
func (r *rehearsal) generation(ctx context.Context, n int) error {
	lacks, err := r.gather(ctx, n, func(plan.Policy) bool { return true })
	if err == nil && lacks != "" {
		err = fmt.Errorf("no recovery point of generation %d within %s for %s", n, protectionLimit, lacks)
	}
	return err
}

// gather waits until everything that a wanted policy protects has n usable points where
// copies go, and says what still lacks them after the limit. Time in which nothing is under way
// is jumped over.
func (r *rehearsal) gather(ctx context.Context, n int, wanted func(plan.Policy) bool) (lacks string, err error) {
	made, err := r.within(ctx, protectionLimit, func(ctx context.Context) (bool, error) {
		if !r.cloud.Settled() {
			return false, nil
		}
		// Until AWS is done with what it copies nothing is complete, and need not
		// be asked for.
		if _, pending := r.cloud.Front.NextDue(); pending {
			return false, r.cloud.Skip()
		}
		passes, err := protect.OverviewOf(r.Plan).Begin(ctx, r.ledger)
		if err != nil {
			return false, err
		}
		for _, pass := range passes {
			if !wanted(pass.Policy) {
				continue
			}
			if lacks, err = r.lacking(ctx, pass, n); err != nil {
				return false, err
			}
			if lacks != "" {
				return false, r.cloud.Skip()
			}
		}
		return true, nil
	})
	if made {
		lacks = ""
	}
	return lacks, err
}

// lacking is what the policy of a pass protects and has not n usable points yet, or
// as many as its kind has: another tool's snapshots are taken once, and what is
// copied without a pause has one, which moves. Empty: nothing lacks any.
func (r *rehearsal) lacking(ctx context.Context, pass protect.Pass, n int) (string, error) {
	if pass.Policy.Snapshots != nil || pass.Policy.Continuous() {
		n = 1
	}
	sources, err := inspect.Sources(ctx, r.cloud.WithObjects(role, r.Plan.Recovery), pass)
	if err != nil {
		return "", err
	}
	if len(sources) == 0 {
		return "anything of policy " + pass.Policy.Name, nil
	}
	for _, source := range sources {
		if source.Usable < n {
			return fmt.Sprintf("%s of policy %s (%d usable) %s", source.ID, source.Policy, source.Usable, source.Problem), nil
		}
	}
	return "", nil
}

// lookHome notes what the run's steps will have to bring back: the volumes that
// their policies protect where the application is, each with its instance.
func (r *rehearsal) lookHome(ctx context.Context) error {
	for s := range r.on.Steps() {
		spec, ok := s.Spec.(*plan.RestoreVolumes)
		if !ok {
			continue
		}
		policy, _ := r.Plan.Policy(spec.Policy) // a valid plan has it
		home, err := r.atHome(ctx, *policy)
		if err != nil {
			return err
		}
		r.home[policy.Name] = home
	}
	return nil
}

func (r *rehearsal) atHome(ctx context.Context, policy plan.Policy) (map[string]string, error) {
	var filters []types.Filter
	for key, value := range policy.Volumes.Tags {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	out, err := ec2.NewFromConfig(r.cloud.Upstream(r.on.Primary)).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: filters})
	if err != nil {
		return nil, fmt.Errorf("look at what policy %s protects: %w", policy.Name, err)
	}
	home := map[string]string{}
	for _, volume := range out.Volumes {
		if len(volume.Attachments) > 0 {
			home[aws.ToString(volume.VolumeId)] = aws.ToString(volume.Attachments[0].InstanceId)
		}
	}
	return home, nil
}

// usable are the usable sets of a policy in the recovery region by subject,
// newest first.
func (r *rehearsal) usable(ctx context.Context, policy plan.Policy) (map[string][]lineage.Group, error) {
	list, err := points.New(r.cloud.As(role, r.Plan.Recovery)).List(ctx, r.Plan.Recovery, r.Plan.Name, policy)
	if err != nil {
		return nil, err
	}
	usable := map[string][]lineage.Group{}
	for _, group := range lineage.Groups(list) {
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
		usable, err := r.usable(ctx, policy)
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
