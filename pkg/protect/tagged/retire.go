package tagged

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// marking is what retiring needs of EC2 beside the deletion itself.
type marking interface {
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
}

// Retirement carries out the steps of retention in one region.
type Retirement struct {
	Region marking
	Now    time.Time
	Log    *slog.Logger
	// Delete removes a point. ErrKept says that AWS does not let it go.
	Delete func(context.Context, lineage.Point) error
}

// ErrKept is Delete's answer for a point that something in AWS holds on to.
var ErrKept = errors.New("AWS keeps it: something is made from it, or it is locked")

// perCall is how many resources one CreateTags or DeleteTags call takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
const perCall = 1000

// Apply unmarks first, so that what is wanted again is safe before anything is
// deleted. One point that cannot be deleted does not stop the others.
func (r Retirement) Apply(ctx context.Context, steps retention.Steps) (marked, deleted int, err error) {
	if err := r.unmark(ctx, steps.Unmark); err != nil {
		return 0, 0, err
	}
	if err := r.mark(ctx, steps.Mark); err != nil {
		return 0, 0, err
	}
	var failed []error
	for _, v := range steps.Delete {
		switch err := r.Delete(ctx, v.Point); {
		case errors.Is(err, ErrKept):
			r.Log.Warn("recovery point cannot be deleted", "point", v.Point.ID, "reason", err.Error())
		case err != nil:
			failed = append(failed, fmt.Errorf("delete %s in %s: %w", v.Point.ID, v.Point.Region, err))
		default:
			deleted++
			r.Log.Info("recovery point deleted", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
		}
	}
	return len(steps.Mark), deleted, errors.Join(failed...)
}

// mark writes the time of deletion on points.
func (r Retirement) mark(ctx context.Context, verdicts []retention.Verdict) error {
	at := types.Tag{Key: aws.String(lineage.Retire), Value: aws.String(r.Now.Add(retention.Grace).UTC().Format(time.RFC3339))}
	for ids := range slices.Chunk(idsOf(verdicts), perCall) {
		if _, err := r.Region.CreateTags(ctx, &ec2.CreateTagsInput{Resources: ids, Tags: []types.Tag{at}}); err != nil {
			return fmt.Errorf("mark %d points for deletion: %w", len(ids), err)
		}
	}
	for _, v := range verdicts {
		r.Log.Info("recovery point marked for deletion", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
	}
	return nil
}

// unmark takes the time of deletion off points, whatever it was.
func (r Retirement) unmark(ctx context.Context, verdicts []retention.Verdict) error {
	for ids := range slices.Chunk(idsOf(verdicts), perCall) {
		if _, err := r.Region.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: ids, Tags: []types.Tag{{Key: aws.String(lineage.Retire)}}}); err != nil {
			return fmt.Errorf("take the mark off %d points: %w", len(ids), err)
		}
	}
	for _, v := range verdicts {
		r.Log.Info("recovery point kept after all", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
	}
	return nil
}

// idsOf are the resources to tag: an image's snapshots with it, because a person
// may look at one of them alone.
func idsOf(verdicts []retention.Verdict) []string {
	var ids []string
	for _, v := range verdicts {
		ids = append(append(ids, v.Point.ID), v.Point.Parts...)
	}
	return ids
}
