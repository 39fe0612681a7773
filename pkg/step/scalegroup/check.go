package scalegroup

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks for the group or service, and asks whether the quota has room for what a
// failover adds to a group: neither API tries anything dry.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.ScaleGroup) ([]string, error) {
	f, err := k.look(ctx, spec)
	if err != nil {
		return step.Problem(err)
	}
	g, ok := f.(group)
	if !ok {
		return nil, nil
	}
	kind, err := k.launches(ctx, g)
	if err != nil || kind == "" {
		return nil, err
	}
	r.Drill = nil
	return k.quota.Short(ctx, quota.Start{kind: wanted(r, spec, g.size()).desired - g.size().desired})
}

// launches is the type that a group's own launch template has. Empty: several types, one
// that EC2 chooses, or a launch configuration's, none of which is counted.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
func (k *Kind) launches(ctx context.Context, g group) (string, error) {
	template := g.found.LaunchTemplate
	if template == nil {
		return "", nil
	}
	out, err := k.ec2.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: template.LaunchTemplateId, Versions: []string{version(template.Version)},
	})
	if err != nil {
		return "", fmt.Errorf("look at the launch template of group %s: %w", g.name, err)
	}
	if len(out.LaunchTemplateVersions) == 0 || out.LaunchTemplateVersions[0].LaunchTemplateData == nil {
		return "", nil
	}
	return string(out.LaunchTemplateVersions[0].LaunchTemplateData.InstanceType), nil
}

// version is the one that a group launches: the template's default, if it names none.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html
func version(named *string) string {
	if aws.ToString(named) == "" {
		return "$Default"
	}
	return aws.ToString(named)
}
