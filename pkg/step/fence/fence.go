// Package fence is the step kind fence, and the function keep-fence that goes on
// with it: they stop the side that is left from taking writes. Instances are
// stopped, Auto Scaling groups scaled to nothing, and databases shut off by a
// security group that admits nobody.
//
// A graceful run is fenced when AWS shows it. An unplanned one does not wait and
// asks the side that is left for nothing: the ledger says since when it is unfenced,
// and keep-fence goes on trying beside the run and after it. How a thing was is
// noted on the thing itself before it is changed, so that Undo restores exactly that,
// also after a crash, and touches nothing without such a note.
//
// It does not end the sessions that a database has: RDS applies security groups to
// new connections. So its clients belong into the same fence.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
package fence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// servers is what the step asks of EC2, and so its IAM checklist there; groups and
// databases are those of the other two services.
type servers interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
	StopInstances(context.Context, *ec2.StopInstancesInput, ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error)
	StartInstances(context.Context, *ec2.StartInstancesInput, ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
}

type groups interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error)
	CreateOrUpdateTags(context.Context, *autoscaling.CreateOrUpdateTagsInput, ...func(*autoscaling.Options)) (*autoscaling.CreateOrUpdateTagsOutput, error)
	DeleteTags(context.Context, *autoscaling.DeleteTagsInput, ...func(*autoscaling.Options)) (*autoscaling.DeleteTagsOutput, error)
}

type databases interface {
	DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	ModifyDBInstance(context.Context, *rds.ModifyDBInstanceInput, ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error)
	AddTagsToResource(context.Context, *rds.AddTagsToResourceInput, ...func(*rds.Options)) (*rds.AddTagsToResourceOutput, error)
	RemoveTagsFromResource(context.Context, *rds.RemoveTagsFromResourceInput, ...func(*rds.Options)) (*rds.RemoveTagsFromResourceOutput, error)
}

// Ledger is where the step says since when the old primary is unfenced.
type Ledger interface {
	// Unfence is that of pkg/ledger: conditional on the run's epoch.
	Unfence(ctx context.Context, plan string, epoch int64, since time.Time) (bool, error)
}

// Kind acts in the region that a run leaves.
type Kind struct {
	cfg    aws.Config
	ledger Ledger
}

// New acts with cfg's identity, in whatever region a run leaves.
func New(cfg aws.Config, ledger Ledger) *Kind { return &Kind{cfg, ledger} }

// told says whether the ledger is told: it says of the old primary alone whether it
// may take writes, and a failback leaves the recovery side.
func told(mode run.Mode) bool { return mode != run.Failback }

// Advance shuts what the plan names.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.Fence) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("left out in a drill: the primary goes on serving"), nil
	}
	if told(r.Mode) {
		if _, err := k.ledger.Unfence(ctx, r.Plan, r.Epoch, r.Began); err != nil {
			return step.Progress{}, fmt.Errorf("note that %s is unfenced: %w", r.Primary, err)
		}
	}
	if !r.Mode.Graceful() {
		return step.Nothing(fmt.Sprintf("%s is unfenced since %s: keep-fence goes on trying", r.Primary, r.Began.UTC().Format(time.RFC3339))), nil
	}
	all, err := in(k.cfg, r.Primary).look(ctx, by(r), spec)
	if err != nil {
		return step.Progress{}, err
	}
	if len(all) == 0 {
		return step.Progress{}, step.Permanent("there is nothing in %s that the fence names, so that nothing would be shut: name the tags of those that write under fence.instances", r.Primary)
	}
	open, err := shut(ctx, all)
	if err != nil || len(open) > 0 {
		return step.Pending("still open in " + r.Primary + ": " + strings.Join(open, ", ")), err
	}
	if told(r.Mode) {
		if _, err := k.ledger.Unfence(ctx, r.Plan, r.Epoch, time.Time{}); err != nil {
			return step.Progress{}, fmt.Errorf("note that %s is fenced: %w", r.Primary, err)
		}
	}
	return step.Progress{Done: true, Detail: fmt.Sprintf("%s takes no writes: %d shut", r.Primary, len(all))}, nil
}

// Undo opens what this run shut. Of an unplanned run that is what keep-fence has
// found: it journals that as a good look before it acts, and without that the side
// that is left, which may hang, is not asked.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.Fence) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("a drill fences nothing"), nil
	}
	if told(r.Mode) {
		if _, err := k.ledger.Unfence(ctx, r.Plan, r.Epoch, time.Time{}); err != nil {
			return step.Progress{}, fmt.Errorf("end the fencing of %s: %w", r.Primary, err)
		}
		if !r.Mode.Graceful() && r.Now.Before(r.Stopped.Add(landed)) {
			return step.Pending("a look of keep-fence may still be under way"), nil
		}
	}
	if !r.Mode.Graceful() && r.Good.IsZero() {
		return step.Nothing(r.Primary + " never answered: nothing was fenced"), nil
	}
	all, err := in(k.cfg, r.Primary).look(ctx, by(r), spec)
	if err != nil {
		return step.Progress{}, err
	}
	shut, err := reopen(ctx, all)
	if err != nil || len(shut) > 0 {
		return step.Pending("not yet as before in " + r.Primary + ": " + strings.Join(shut, ", ")), err
	}
	return step.Nothing(r.Primary + " is as before the fence"), nil
}

// by is who wrote a note: a note of another run, or another step, is not ours.
func by(r step.Run) string { return r.ID + "/" + r.Step }

// shut makes the next move on everything and names what is still open.
func shut(ctx context.Context, all []thing) (open []string, failed error) {
	for _, t := range all {
		if !t.shut() {
			open = append(open, t.name())
		}
		if !t.open() {
			continue
		}
		if t.noted() == "" {
			if err := t.remember(ctx); err != nil {
				failed = errors.Join(failed, fmt.Errorf("note on %s how it was: %w", t.name(), err))
				continue // no note, no act
			}
		}
		if err := t.close(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("shut %s: %w", t.name(), err))
		}
	}
	return open, failed
}

// reopen makes the next move on what carries our note, and names what is not as
// before yet. The note goes last.
func reopen(ctx context.Context, all []thing) (left []string, failed error) {
	for _, t := range all {
		if t.noted() == "" {
			continue
		}
		if t.restored() {
			if err := t.forget(ctx); err != nil {
				failed = errors.Join(failed, fmt.Errorf("take the note off %s: %w", t.name(), err))
			}
			continue
		}
		left = append(left, t.name())
		if err := t.restore(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("restore %s: %w", t.name(), err))
		}
	}
	return left, failed
}
