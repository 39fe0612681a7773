// Package images keeps the recovery points of servers that are all alike: one
// image for a policy's whole selection, made without a reboot, copied to the other
// side under that region's key, and pointed at in the recovery region.
//
// It guarantees that a launch template or a parameter is only ever turned to an
// image that is complete in the recovery region and, as far as anybody lets us see,
// that the Auto Scaling groups which launch it can decrypt. An image and its
// snapshots are one unit: they are tagged in one call and deleted in one. An
// image made without a reboot is as consistent as a disk after a power cut; what
// must be consistent across volumes is for package snapshots.
package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/keys"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// parameters is every SSM action that a pass uses, in the recovery region.
type parameters interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
}

// Refresh is the refresh-images function.
type Refresh struct {
	cfg    aws.Config
	ledger protect.Ledger
}

// New wires a refresh to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Refresh { return &Refresh{access.Once(cfg), ledger} }

// Handle makes one pass over the policy in the input.
func (r *Refresh) Handle(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
	return ebs.Handle(ctx, r.cfg, r.ledger, protect.RefreshImages, raw, kindOf(r.cfg))
}

// Inspect says how well the policy's selection is protected: as one, whatever the
// number of servers. It changes nothing.
func Inspect(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
	return ebs.New(cfg, pass, kindOf(cfg)).Inspect(ctx)
}

// Explain judges every image of the policy as a pass would do now, and changes
// nothing.
func Explain(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]retention.Verdict, error) {
	return ebs.New(cfg, pass, kindOf(cfg)).Explain(ctx)
}

// kind is what a pass over images does in its own way.
type kind struct {
	*ebs.Pass
	parameters parameters
	keys       *keys.Keys // of what is about to be put into service
}

// kindOf reaches parameters as the function itself: they are of its own region.
func kindOf(cfg aws.Config) func(*ebs.Pass) ebs.Kind {
	return func(p *ebs.Pass) ebs.Kind {
		return kind{p, ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.Region = p.Recovery }), keys.New(cfg)}
	}
}

// Copy has a name that makes a second copy under the same key impossible while one
// exists. CopyImage has a client token too, but after a failed copy it would answer
// with the failed image again. It offers no duration.
func (k kind) Copy(ctx context.Context, source lineage.Point, _ int32, tags map[string]string) error {
	in := &ec2.CopyImageInput{
		Name:          aws.String(nameOf(source)),
		Description:   aws.String("Pilotlight: " + k.Plan + "/" + k.Policy.Name + " copy of " + source.ID),
		SourceImageId: aws.String(source.ID),
		SourceRegion:  aws.String(k.From.Region),
		TagSpecifications: []types.TagSpecification{
			tagged.On(types.ResourceTypeImage, tags),
			tagged.On(types.ResourceTypeSnapshot, lineage.PartTags(k.Plan, source)),
		},
	}
	in.Encrypted, in.KmsKeyId = k.Encryption()
	_, err := k.In(k.To).CopyImage(ctx, in)
	return err
}

// nameOf is the source's set, and what tells its key from others: the copy that was
// made before the policy had a key must not stand in the way of the one that counts.
func nameOf(source lineage.Point) string {
	if source.Under == "" {
		return source.Set
	}
	sum := sha256.Sum256([]byte(source.Under))
	return source.Set + "-" + hex.EncodeToString(sum[:4])
}

// Delete deregisters an image and deletes its snapshots in the same call: two
// calls would leave orphans when the first is the last one made. A snapshot that
// another image is made from stays, by AWS's own rule.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html
func (k kind) Delete(ctx context.Context, at protect.Site, point lineage.Point) error {
	out, err := k.In(at).DeregisterImage(ctx, &ec2.DeregisterImageInput{
		ImageId:                   aws.String(point.ID),
		DeleteAssociatedSnapshots: aws.Bool(true),
	})
	switch failure.Code(err) {
	case "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable":
		return nil // an earlier pass deleted it and the listing did not show that yet
	}
	if err != nil {
		return err
	}
	var left []error
	for _, s := range out.DeleteSnapshotResults {
		if s.ReturnCode != types.SnapshotReturnCodesSuccess && s.ReturnCode != types.SnapshotReturnCodesWarnSkipped {
			left = append(left, fmt.Errorf("its snapshot %s stays: %s", aws.ToString(s.SnapshotId), s.ReturnCode))
		}
	}
	return errors.Join(left...)
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
