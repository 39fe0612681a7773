package workload

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// fencing builds what the fences of courses that leave this site need: the security
// groups that admit nobody, and the groups that they scale to nothing.
func (s *site) fencing(ctx context.Context, p *plan.Plan) error {
	for _, c := range p.Courses() {
		on := p.On(c)
		for step := range on.Steps() {
			spec, ok := step.Spec.(*plan.Fence)
			if !ok || on.Primary != s.region {
				continue
			}
			if spec.SecurityGroup != "" && s.once("security group", spec.SecurityGroup) {
				_, err := s.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
					GroupName: aws.String(s.app + "-fence"), Description: aws.String("admits nobody"), VpcId: aws.String(s.vpc),
				}, knownAs(spec.SecurityGroup))
				if err != nil {
					return err
				}
			}
			for _, name := range spec.Groups {
				if err := s.scalingGroup(ctx, name, nil, webServers); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// shutBy are the tags by which a course shuts instances in the region that it
// leaves: what runs there carries them. Nil: none does.
func shutBy(p *plan.Plan, region string) map[string]string {
	for _, c := range p.Courses() {
		on := p.On(c)
		for step := range on.Steps() {
			if spec, ok := step.Spec.(*plan.Fence); ok && on.Primary == region && spec.Instances != nil {
				return spec.Instances.Tags
			}
		}
	}
	return nil
}
