// Package snapshots keeps the recovery points of EBS volumes: it takes a set of
// snapshots an instance, copies it to the recovery region under that region's
// key, and retires what retention lets go on both sides.
//
// It guarantees that every snapshot carries its lineage from the call that makes
// it, that volumes of one instance are taken together, and that a quota or a
// throttle only delays. It does not check that keys are usable and does not
// protect the recovery region while that one serves.
package snapshots

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// api is every EC2 action that a pass uses, in one region or the other.
type api interface {
	DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	CreateSnapshots(context.Context, *ec2.CreateSnapshotsInput, ...func(*ec2.Options)) (*ec2.CreateSnapshotsOutput, error)
	CopySnapshot(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
	DeleteSnapshot(context.Context, *ec2.DeleteSnapshotInput, ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error)
}

// Rotation is the rotate-snapshots function.
type Rotation struct {
	ledger protect.Ledger
	in     func(protect.Site) api
}

// New wires a rotation to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Rotation {
	return &Rotation{ledger, func(site protect.Site) api {
		return ec2.NewFromConfig(access.At(cfg, site))
	}}
}

// Handle makes one pass over the policy in the input.
func (r *Rotation) Handle(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
	begun, err := protect.RotateSnapshots.Begin(ctx, r.ledger, raw)
	if err != nil {
		return protect.Result{}, err
	}
	if begun.Ignored != "" {
		return protect.Result{Status: protect.Ignored, Reason: begun.Ignored}, nil
	}
	p := &pass{
		Pass:   begun,
		from:   r.in(begun.From),
		to:     r.in(begun.To),
		result: protect.Result{Status: protect.Reconciled},
		log:    slog.With("plan", begun.Plan, "policy", begun.Policy.Name),
	}
	err = p.reconcile(ctx)
	return p.result, err
}

// pass is one look at the world and what follows from it.
type pass struct {
	protect.Pass
	from, to api
	result   protect.Result
	log      *slog.Logger
}

// world is what a pass sees of its policy.
type world struct {
	volumes []backlog.Volume
	sources []lineage.Point // in the primary region
	copies  []lineage.Point // in the recovery region
}

// reconcile takes, copies and retires. An error in one leaves the others to be
// done: a key that fits one volume's copy no more must stop neither the other
// volumes nor the retention that makes room.
func (p *pass) reconcile(ctx context.Context) error {
	seen, err := p.look(ctx)
	if err != nil {
		return err
	}
	taken := p.take(ctx, seen)
	missing := backlog.Missing(seen.sources, seen.copies, backlog.Policy{Every: p.Policy.Every.D(), RPO: p.Policy.RPO.D()}, p.Now)
	copied := p.copy(ctx, missing)
	retired := p.retire(ctx, seen, missing.Outstanding)
	return errors.Join(taken, copied, retired)
}
