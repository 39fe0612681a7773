package databases

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// retire applies retention to every site, of this direction and of the other one,
// in its two phases.
func (p *pass) retire(ctx context.Context, held []holding, outstanding map[string]bool) error {
	guards := retention.Guards{Pinned: p.Pinned, Copied: outstanding}
	var failed []error
	for _, h := range held {
		failed = append(failed, p.retireIn(ctx, h, guards))
	}
	return errors.Join(failed...)
}

// judge judges what was taken at a site and what came there apart, so that neither
// loses its newest usable point to the other's.
func (p *pass) judge(h holding, guards retention.Guards) []retention.Verdict {
	rules := retention.Rules{Keep: p.Policy.Keep, RPO: p.Policy.RPO.D()}
	return append(retention.Select(h.copies, rules, p.Now, guards), retention.Select(h.own, rules, p.Now, guards)...)
}

// retireIn unmarks first, so that what is wanted again is safe before anything is
// deleted. One point that cannot be deleted does not stop the others.
func (p *pass) retireIn(ctx context.Context, h holding, guards retention.Guards) error {
	at, steps := h.at, retention.Moves(p.judge(h, guards), p.Now)
	var failed []error
	for _, v := range steps.Unmark {
		if err := p.unmark(ctx, at, v); err != nil {
			return err
		}
	}
	for _, v := range steps.Mark {
		failed = append(failed, p.mark(ctx, at, v))
	}
	for _, v := range steps.Delete {
		failed = append(failed, p.remove(ctx, at, v))
	}
	return errors.Join(failed...)
}

// mark writes the time of deletion on a point. RDS tags one resource a call.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddTagsToResource.html
func (p *pass) mark(ctx context.Context, at *side, v retention.Verdict) error {
	due := p.Now.Add(retention.Grace).UTC().Format(time.RFC3339)
	_, err := at.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
		ResourceName: aws.String(v.Point.ID), Tags: tagList(map[string]string{lineage.Retire: due}),
	})
	if err != nil {
		return fmt.Errorf("mark %s for deletion: %w", v.Point.ID, err)
	}
	p.result.Marked++
	p.log.Info("recovery point marked for deletion", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
	return nil
}

func (p *pass) unmark(ctx context.Context, at *side, v retention.Verdict) error {
	_, err := at.RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: aws.String(v.Point.ID), TagKeys: []string{lineage.Retire}})
	if err != nil {
		return fmt.Errorf("take the mark off %s: %w", v.Point.ID, err)
	}
	p.log.Info("recovery point kept after all", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
	return nil
}

// remove deletes one snapshot. RDS itself refuses one that it still copies.
func (p *pass) remove(ctx context.Context, at *side, v retention.Verdict) error {
	err := at.remove(ctx, v.Point.ID[strings.LastIndex(v.Point.ID, ":")+1:])
	switch {
	case err == nil:
		p.result.Deleted++
		p.log.Info("recovery point deleted", "point", v.Point.ID, "takenAt", v.Point.TakenAt, "reason", v.Reason)
	case gone[failure.Code(err)]: // an earlier pass deleted it and the listing did not show that yet
	case protect.Later(err):
		p.log.Warn("recovery point cannot be deleted", "point", v.Point.ID, "reason", err.Error())
	default:
		return fmt.Errorf("delete %s: %w", v.Point.ID, err)
	}
	return nil
}

// gone are RDS's codes for a snapshot that is not there.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSnapshot.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterSnapshot.html
var gone = map[string]bool{"DBSnapshotNotFound": true, "DBClusterSnapshotNotFoundFault": true}
