package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
)

// InUse says which images the policy's pointers hold, and turns them to the newest
// usable one, unless they point there already. They live in the recovery region:
// while that one serves, they stay as they are and what they hold is still in use.
// While nothing is usable yet, or Auto Scaling could not launch it, everything stays
// as it is, too: an older image that starts is worth more than a newer one that does not.
func (k kind) InUse(ctx context.Context, at protect.Site, copies []lineage.Point, done *protect.Result) (inUse map[string]bool, err error) {
	inUse = map[string]bool{}
	if k.Policy.Point == nil || at.Region != k.Recovery {
		return inUse, nil
	}
	held, err := k.held(ctx)
	if err != nil {
		return nil, err
	}
	for _, image := range held.images() {
		inUse[image] = true
	}
	newest, usable := newestUsable(copies)
	if !usable || at.Region != k.To.Region || k.pointAt(held, newest.ID) {
		return inUse, nil
	}
	announced, err := k.keys.Launches(ctx, k.Pass.Pass, newest)
	done.Announced = append(done.Announced, announced...)
	if err != nil {
		return inUse, err
	}
	return inUse, k.turn(ctx, held, newest.ID, done)
}

// held is what the pointers of a policy hold; the zero value for one that it lacks.
type held struct {
	template  versions
	parameter ssmtypes.Parameter
}

func (h held) images() []string {
	return []string{imageOf(h.template.inService), imageOf(h.template.latest), aws.ToString(h.parameter.Value)}
}

func (k kind) held(ctx context.Context) (now held, err error) {
	if template := k.Policy.Point.LaunchTemplate; template != "" {
		if now.template, err = k.versions(ctx, template); err != nil {
			return now, err
		}
	}
	if parameter := k.Policy.Point.Parameter; parameter != "" {
		now.parameter, err = k.parameter(ctx, parameter)
	}
	return now, err
}

// pointAt says whether all pointers hold an image.
func (k kind) pointAt(now held, image string) bool {
	at := k.Policy.Point
	return (at.LaunchTemplate == "" || imageOf(now.template.inService) == image) &&
		(at.Parameter == "" || aws.ToString(now.parameter.Value) == image)
}

func (k kind) turn(ctx context.Context, was held, image string, done *protect.Result) error {
	if template := k.Policy.Point.LaunchTemplate; template != "" {
		if err := k.pointTemplate(ctx, template, was.template, image, done); err != nil {
			return err
		}
	}
	if parameter := k.Policy.Point.Parameter; parameter != "" {
		return k.pointParameter(ctx, parameter, was.parameter, image, done)
	}
	return nil
}

// recovery is EC2 in the recovery region, where pointers point.
func (k kind) recovery() ebs.Region { return k.In(protect.Site{Region: k.Recovery}) }

// versions are the two versions of a launch template that anything launches
// without naming a number. Images of older versions are not in use: every image
// would be, for ever.
type versions struct{ inService, latest types.LaunchTemplateVersion }

func (k kind) versions(ctx context.Context, template string) (versions, error) {
	out, err := k.recovery().DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String(template),
		Versions:           []string{"$Default", "$Latest"},
	})
	if err != nil {
		return versions{}, fmt.Errorf("read launch template %s in %s: %w", template, k.Recovery, err)
	}
	var found versions
	for _, v := range out.LaunchTemplateVersions {
		if aws.ToBool(v.DefaultVersion) {
			found.inService = v
		}
		if aws.ToInt64(v.VersionNumber) >= aws.ToInt64(found.latest.VersionNumber) {
			found.latest = v
		}
	}
	return found, nil
}

// pointTemplate makes a version like the default one but for the image, and then
// makes that the default. When a pass ended between the two, the version is there
// already and only the second is left.
func (k kind) pointTemplate(ctx context.Context, template string, was versions, image string, done *protect.Result) error {
	if imageOf(was.inService) == image {
		return nil
	}
	number := was.latest.VersionNumber
	if aws.ToString(was.latest.VersionDescription) != describe(image) {
		made, err := k.recovery().CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
			LaunchTemplateName: aws.String(template),
			SourceVersion:      aws.String(strconv.FormatInt(aws.ToInt64(was.inService.VersionNumber), 10)),
			LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(image)},
			VersionDescription: aws.String(describe(image)),
			ClientToken:        aws.String(token(template, aws.ToInt64(was.latest.VersionNumber), image)),
		})
		if err != nil {
			return fmt.Errorf("make a version of launch template %s with %s: %w", template, image, err)
		}
		number = made.LaunchTemplateVersion.VersionNumber
	}
	if _, err := k.recovery().ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{
		LaunchTemplateName: aws.String(template),
		DefaultVersion:     aws.String(strconv.FormatInt(aws.ToInt64(number), 10)),
	}); err != nil {
		return fmt.Errorf("make version %d the default of launch template %s: %w", aws.ToInt64(number), template, err)
	}
	done.Pointed++
	k.Log.Info("launch template points at a newer image", "region", k.Recovery, "template", template, "image", image)
	return nil
}

// describe marks a version as ours, so that a draft of the team's that happens
// to hold the same image is not put into service.
func describe(image string) string { return "Pilotlight: " + image }

// token is the same for the same change and no other.
func token(template string, latest int64, image string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s/%d/%s", template, latest, image)))
	return hex.EncodeToString(sum[:16])
}

func imageOf(v types.LaunchTemplateVersion) string {
	if v.LaunchTemplateData == nil {
		return ""
	}
	return aws.ToString(v.LaunchTemplateData.ImageId)
}

// parameter is the parameter as it is; the zero value when there is none.
func (k kind) parameter(ctx context.Context, name string) (ssmtypes.Parameter, error) {
	out, err := k.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	if failure.Code(err) == "ParameterNotFound" {
		return ssmtypes.Parameter{}, nil
	}
	if err != nil {
		return ssmtypes.Parameter{}, fmt.Errorf("read parameter %s in %s: %w", name, k.Recovery, err)
	}
	return *out.Parameter, nil
}

// pointParameter writes a String of data type text, or of the type that the team
// gave it. The data type aws:ec2:image would be checked after the call has
// answered, so that a write could be lost without a word.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func (k kind) pointParameter(ctx context.Context, name string, was ssmtypes.Parameter, image string, done *protect.Result) error {
	if aws.ToString(was.Value) == image {
		return nil
	}
	in := &ssm.PutParameterInput{
		Name:      aws.String(name),
		Value:     aws.String(image),
		Type:      ssmtypes.ParameterTypeString,
		DataType:  was.DataType,
		Overwrite: aws.Bool(true),
	}
	if _, err := k.parameters.PutParameter(ctx, in); err != nil {
		return fmt.Errorf("point parameter %s at %s: %w", name, image, err)
	}
	done.Pointed++
	k.Log.Info("parameter points at a newer image", "region", k.Recovery, "parameter", name, "image", image)
	return nil
}
