// Package images keeps the recovery points of servers that are all alike: one
// image for a policy's whole selection, made without a reboot, copied to the
// recovery region under that region's key, and pointed at there.
//
// It guarantees that a launch template or a parameter only ever points at an
// image that is complete in the recovery region, and that an image and its
// snapshots are one unit: they are tagged in one call and deleted in one. An
// image made without a reboot is as consistent as a disk after a power cut; what
// must be consistent across volumes is for package snapshots.
package images

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// api is every EC2 action that a pass uses, in one region or the other.
type api interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	CreateImage(context.Context, *ec2.CreateImageInput, ...func(*ec2.Options)) (*ec2.CreateImageOutput, error)
	CopyImage(context.Context, *ec2.CopyImageInput, ...func(*ec2.Options)) (*ec2.CopyImageOutput, error)
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
	CreateLaunchTemplateVersion(context.Context, *ec2.CreateLaunchTemplateVersionInput, ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error)
	ModifyLaunchTemplate(context.Context, *ec2.ModifyLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
	DeregisterImage(context.Context, *ec2.DeregisterImageInput, ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error)
}

// parameters is every SSM action that a pass uses, in the recovery region.
type parameters interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
}

// Refresh is the refresh-images function.
type Refresh struct {
	ledger     protect.Ledger
	in         func(protect.Site) api
	parameters func(region string) parameters
}

// New wires a refresh to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Refresh {
	return &Refresh{
		ledger: ledger,
		in: func(site protect.Site) api {
			return ec2.NewFromConfig(access.At(cfg, site))
		},
		parameters: func(region string) parameters {
			return ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.Region = region })
		},
	}
}

// Handle makes one pass over the policy in the input.
func (r *Refresh) Handle(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
	begun, err := protect.RefreshImages.Begin(ctx, r.ledger, raw)
	if err != nil {
		return protect.Result{}, err
	}
	if begun.Ignored != "" {
		return protect.Result{Status: protect.Ignored, Reason: begun.Ignored}, nil
	}
	p := &pass{
		Pass:       begun,
		from:       r.in(begun.From),
		to:         r.in(begun.To),
		recovery:   r.in(protect.Site{Region: begun.Recovery}),
		parameters: r.parameters(begun.Recovery),
		result:     protect.Result{Status: protect.Reconciled},
		log:        slog.With("plan", begun.Plan, "policy", begun.Policy.Name),
	}
	err = p.reconcile(ctx)
	return p.result, err
}

// pass is one look at the world and what follows from it.
type pass struct {
	protect.Pass
	from, to   api
	recovery   api // where pointers point
	parameters parameters
	result     protect.Result
	log        *slog.Logger
}

// reconcile makes, copies, points and retires. An error in one leaves the others
// to be done, but what pointers hold must be known before anything is retired.
func (p *pass) reconcile(ctx context.Context) error {
	sources, copies, err := p.look(ctx)
	if err != nil {
		return err
	}
	made := p.make(ctx, sources)
	missing := backlog.Missing(sources, copies, backlog.Policy{Every: p.Policy.Every.D(), RPO: p.Policy.RPO.D()}, p.Now)
	copied := p.copy(ctx, missing)
	inUse, err := p.point(ctx, copies)
	if err != nil {
		return errors.Join(made, copied, err)
	}
	retired := p.retire(ctx, sources, copies, inUse, missing.Outstanding)
	return errors.Join(made, copied, retired)
}

// newestUsable is the image that pointers should hold.
func newestUsable(copies []lineage.Point) (lineage.Point, bool) {
	for _, group := range lineage.Groups(copies) {
		if group.Usable() {
			return group.Points[0], true
		}
	}
	return lineage.Point{}, false
}
