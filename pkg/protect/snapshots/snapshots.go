// Package snapshots keeps the recovery points of EBS volumes: it takes a set of
// snapshots an instance, or adopts those that another tool takes, copies them to
// the other side under that region's key, and has retention applied on all sides.
//
// It guarantees that every snapshot carries its lineage from the call that makes
// it, that volumes of one instance are taken together, that a copy carries the
// tags that its volume had, so that what is restored from it is protected again,
// and that a snapshot of another tool is never changed.
package snapshots

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// Rotation is the rotate-snapshots function.
type Rotation struct {
	cfg    aws.Config
	ledger protect.Ledger
}

// New wires a rotation to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Rotation { return &Rotation{access.Once(cfg), ledger} }

// Handle makes one pass over the policy in the input.
func (r *Rotation) Handle(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
	return ebs.Handle(ctx, r.cfg, r.ledger, protect.RotateSnapshots, raw, kindOf)
}

// Inspect says how well each instance, or each volume of adopted snapshots, is
// protected. It changes nothing.
func Inspect(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
	return ebs.New(cfg, pass, kindOf).Inspect(ctx)
}

// Explain judges every point of the policy as a pass would do now, and changes
// nothing.
func Explain(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]retention.Verdict, error) {
	return ebs.New(cfg, pass, kindOf).Explain(ctx)
}

// kind is what a pass over snapshots does in its own way.
type kind struct{ *ebs.Pass }

func kindOf(p *ebs.Pass) ebs.Kind { return kind{p} }

// Copy names the source region and nothing more of the source: the SDK signs the
// request that the destination sends there.
func (k kind) Copy(ctx context.Context, source lineage.Point, within int32, tags map[string]string) error {
	in := &ec2.CopySnapshotInput{
		SourceRegion:      aws.String(k.From.Region),
		SourceSnapshotId:  aws.String(source.ID),
		Description:       aws.String("Pilotlight: " + k.Plan + "/" + k.Policy.Name + " copy of " + source.ID),
		TagSpecifications: []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, tags)},
	}
	if within > 0 {
		in.CompletionDurationMinutes = aws.Int32(within)
	}
	in.Encrypted, in.KmsKeyId = k.Encryption()
	_, err := k.In(k.To).CopySnapshot(ctx, in)
	return err
}

// InUse: nothing follows a snapshot, and what is made from one AWS knows.
func (k kind) InUse(context.Context, protect.Site, []lineage.Point, *protect.Result) (map[string]bool, error) {
	return nil, nil
}

// Delete deletes one snapshot. AWS itself refuses one that an image is made from,
// which is the guard for images that others registered, and one that is locked,
// which nobody reads any more when the policy has lost its lock. The code with which
// it refuses the latter is not documented; OperationNotPermitted is EC2's for what
// is not allowed.
func (k kind) Delete(ctx context.Context, at protect.Site, point lineage.Point) error {
	_, err := k.In(at).DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String(point.ID)})
	switch code := failure.Code(err); {
	case code == "InvalidSnapshot.NotFound":
		return nil // an earlier pass deleted it and the listing did not show that yet
	case code == "InvalidSnapshot.InUse", code == "OperationNotPermitted", strings.Contains(code, "Lock"):
		return tagged.ErrKept
	}
	return err
}

// Points are the snapshots of a policy in cfg's region, taken or copied there, usable
// or not.
func Points(ctx context.Context, cfg aws.Config, plan, policy string) ([]lineage.Point, error) {
	snapshots, err := ebs.Snapshots(ctx, ec2.NewFromConfig(cfg), tagged.Lineage(plan, policy))
	if err != nil {
		return nil, fmt.Errorf("list the snapshots of policy %s in %s: %w", policy, cfg.Region, err)
	}
	found := points(snapshots, cfg.Region)
	return found, devices(ctx, ec2.NewFromConfig(cfg), found)
}
