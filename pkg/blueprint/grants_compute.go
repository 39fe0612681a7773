package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func launchGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	grants := []Grant{
		see(p.Recovery, "ec2:DescribeInstances", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"),
		{Actions: []string{"ec2:RunInstances"}, Regions: []string{p.Recovery}, Resources: []string{
			unowned(p.Recovery, "image/*"), unowned(p.Recovery, "snapshot/*"),
			regional("ec2", p.Recovery, "launch-template/*"), regional("ec2", p.Recovery, "subnet/*"),
			regional("ec2", p.Recovery, "security-group/*"), regional("ec2", p.Recovery, "network-interface/*"),
			regional("ec2", p.Recovery, "key-pair/*"),
		}},
		makes(p, p.Recovery, "RunInstances", "instance/*", "volume/*"),
		tags(p.Recovery, "RunInstances", "instance/*", "volume/*"),
	}
	if roles := instanceRoles(steps); len(roles) > 0 {
		grants = append(grants, Grant{Actions: []string{"iam:PassRole"}, Resources: roles,
			Condition: map[string]map[string]string{"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}})
	}
	grants = append(grants, keyGrants(p.Recovery)...)
	var groups []string
	for _, s := range steps {
		if targets := s.Spec.(*plan.LaunchInstances).Targets; targets != "" {
			groups = append(groups, regional("elasticloadbalancing", p.Recovery, "targetgroup/"+targets+"/*"))
		}
	}
	if len(groups) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"}, Resources: []string{"*"},
				Regions: []string{p.Recovery}, Because: "ELB Describe actions have no resource level"},
			Grant{Actions: []string{"elasticloadbalancing:RegisterTargets"}, Resources: groups, Regions: []string{p.Recovery}})
	}
	return grants
}

// instanceRoles are the roles that the launched instances take on: those that the
// plan names and no other, because who can pass any role can become any role.
func instanceRoles(steps []*plan.Step) []string {
	var roles []string
	for _, s := range steps {
		if role := s.Spec.(*plan.LaunchInstances).Role; role != "" {
			roles = append(roles, "arn:${Partition}:iam::${Account}:role/"+role)
		}
	}
	return roles
}

func restoreGrants(p *plan.Plan, _ []*plan.Step) []Grant {
	return append(keyGrants(p.Recovery),
		see(p.Recovery, "ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"),
		makes(p, p.Recovery, "CreateVolume", "volume/*"),
		Grant{Actions: []string{"ec2:CreateVolume"}, Resources: []string{unowned(p.Recovery, "snapshot/*")}, Regions: []string{p.Recovery}, Condition: ours(p)},
		tags(p.Recovery, "CreateVolume", "volume/*"),
		Grant{Actions: []string{"ec2:AttachVolume", "ec2:DeleteVolume"}, Resources: []string{regional("ec2", p.Recovery, "volume/*")}, Regions: []string{p.Recovery}, Condition: ours(p)},
		Grant{Actions: []string{"ec2:AttachVolume"}, Resources: []string{regional("ec2", p.Recovery, "instance/*")}, Regions: []string{p.Recovery}},
	)
}

func addressGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func registerGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func resizeGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func scaleGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
