package blueprint

import (
	"slices"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// launchGrants: EC2 asks for every resource that the launch template names, so also for
// a placement group, a capacity reservation, and tags of the network interfaces.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateTagSpecificationRequest.html
func launchGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	grants := []Grant{
		see(p.Recovery, "ec2:DescribeInstances", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeLaunchTemplateVersions",
			"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVolumes"),
		counts(p.Recovery),
		{Actions: []string{"ec2:RunInstances"}, Regions: []string{p.Recovery}, Resources: []string{
			unowned(p.Recovery, "image/*"), unowned(p.Recovery, "snapshot/*"),
			regional("ec2", p.Recovery, "launch-template/*"), regional("ec2", p.Recovery, "subnet/*"),
			regional("ec2", p.Recovery, "security-group/*"), regional("ec2", p.Recovery, "network-interface/*"),
			regional("ec2", p.Recovery, "key-pair/*"), regional("ec2", p.Recovery, "placement-group/*"),
			regional("ec2", p.Recovery, "capacity-reservation/*"),
		}},
		makes(p, p.Recovery, "RunInstances", "instance/*", "volume/*"),
		tags(p.Recovery, "RunInstances", "instance/*", "volume/*", "network-interface/*"),
	}
	grants = append(grants, Grant{
		Actions:   []string{"ec2:TerminateInstances", "ec2:DeleteVolume"},
		Resources: owned(p.Recovery, []string{"instance/*", "volume/*"}), Regions: []string{p.Recovery}, Condition: ours(p),
	})
	if roles := instanceRoles(p, steps); len(roles) > 0 {
		grants = append(grants, Grant{Actions: []string{"iam:PassRole"}, Resources: roles,
			Condition: map[string]map[string]string{"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}})
	}
	grants = append(grants, keyGrants(p.Recovery)...)
	var groups []string
	for _, s := range steps {
		spec := s.Spec.(*plan.LaunchInstances)
		groups = append(groups, spec.Targets, spec.DrillTargets)
	}
	return append(grants, targetGrants(p.Recovery, groups)...)
}

// counts lets a step ask for the quota of running instances, and what it counts.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
func counts(region string) Grant {
	return Grant{Actions: []string{"ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"},
		Resources: []string{"*"}, Regions: []string{region}, Because: "EC2's Describe actions and what reads a quota have no resource level"}
}

// targetGrants let a step fill and empty the target groups of these names; an empty
// name is none.
func targetGrants(region string, names []string) []Grant {
	var groups []string
	for _, name := range names {
		if arn := regional("elasticloadbalancing", region, "targetgroup/"+name+"/*"); name != "" && !slices.Contains(groups, arn) {
			groups = append(groups, arn)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return []Grant{
		{Actions: []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"}, Resources: []string{"*"},
			Regions: []string{region}, Because: "ELB Describe actions have no resource level"},
		{Actions: []string{"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}, Resources: groups, Regions: []string{region}},
	}
}

// instanceRoles are the roles that the launched instances take on, in a drill too:
// those that the plan names and no other, because who can pass any role can become
// any role.
func instanceRoles(p *plan.Plan, steps []*plan.Step) []string {
	var names []string
	for _, s := range steps {
		names = append(names, s.Spec.(*plan.LaunchInstances).Role)
	}
	if p.Drill != nil {
		names = append(names, p.Drill.Role)
	}
	var roles []string
	for _, name := range names {
		if arn := "arn:${Partition}:iam::${Account}:role/" + name; name != "" && !slices.Contains(roles, arn) {
			roles = append(roles, arn)
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
		Grant{Actions: []string{"ec2:AttachVolume", "ec2:DetachVolume", "ec2:DeleteVolume"}, Resources: []string{regional("ec2", p.Recovery, "volume/*")}, Regions: []string{p.Recovery}, Condition: ours(p)},
		Grant{Actions: []string{"ec2:AttachVolume", "ec2:DetachVolume"}, Resources: []string{regional("ec2", p.Recovery, "instance/*")}, Regions: []string{p.Recovery}},
	)
}

// resizeGrants: instances are those of the names that the plan has, and a drill's own.
// Starting one uses the keys of its volumes.
func resizeGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	change := []string{"ec2:StopInstances", "ec2:StartInstances", "ec2:ModifyInstanceAttribute"}
	note := []string{"ec2:CreateTags", "ec2:DeleteTags"}
	grants := append(keyGrants(p.Recovery), see(p.Recovery, "ec2:DescribeInstances", "ec2:DescribeInstanceTypeOfferings"), counts(p.Recovery))
	for _, s := range steps {
		named := withName(s.Spec.(*plan.ResizeInstances).Instances)
		grants = append(grants, onInstances(p.Recovery, change, named), onInstances(p.Recovery, note, noting(named)))
	}
	if p.Drill != nil {
		grants = append(grants, onInstances(p.Recovery, change, ours(p)), onInstances(p.Recovery, note, noting(ours(p))))
	}
	return grants
}

func onInstances(region string, actions []string, with map[string]map[string]string) Grant {
	return Grant{Actions: actions, Resources: owned(region, []string{"instance/*"}), Regions: []string{region}, Condition: with}
}

// withName is true of a resource with this Name tag.
func withName(name string) map[string]map[string]string {
	return map[string]map[string]string{"StringEquals": {"aws:ResourceTag/Name": name}}
}

// addressGrants: the addresses are those that the plan names. The instance may be any
// that an earlier step launched.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func addressGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var addresses []string
	for _, s := range steps {
		spec := s.Spec.(*plan.AssociateAddress)
		for _, address := range []string{spec.Address, spec.Drill} {
			if address != "" {
				addresses = append(addresses, regional("ec2", p.Recovery, "elastic-ip/"+address))
			}
		}
	}
	return []Grant{
		see(p.Recovery, "ec2:DescribeAddresses", "ec2:DescribeInstances"),
		{Actions: []string{"ec2:AssociateAddress", "ec2:DisassociateAddress"}, Resources: addresses, Regions: []string{p.Recovery}},
		{Actions: []string{"ec2:CreateTags", "ec2:DeleteTags"}, Resources: addresses, Regions: []string{p.Recovery}, Condition: noted()},
		{Actions: []string{"ec2:AssociateAddress", "ec2:DisassociateAddress"}, Resources: owned(p.Recovery, []string{"instance/*", "network-interface/*"}), Regions: []string{p.Recovery}},
	}
}

// registerGrants: a note is written on instances, with a key for each group.
func registerGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var groups []string
	for _, s := range steps {
		spec := s.Spec.(*plan.RegisterTargets)
		groups = append(groups, spec.Targets, spec.Drill)
	}
	grants := []Grant{see(p.Recovery, "ec2:DescribeInstances")}
	for _, group := range slices.Compact(slices.Sorted(slices.Values(groups))) {
		if group != "" {
			grants = append(grants, onInstances(p.Recovery, []string{"ec2:CreateTags", "ec2:DeleteTags"},
				tagging(lineage.Registered+group)))
		}
	}
	return append(grants, targetGrants(p.Recovery, groups)...)
}

func scaleGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var groups, services []string
	for _, s := range steps {
		if spec := s.Spec.(*plan.ScaleGroup); spec.Group != "" {
			groups = append(groups, regional("autoscaling", p.Recovery, "autoScalingGroup:*:autoScalingGroupName/"+spec.Group))
		} else {
			services = append(services, regional("ecs", p.Recovery, "service/"+spec.Cluster+"/"+spec.Service))
		}
	}
	var grants []Grant
	if len(groups) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"autoscaling:DescribeAutoScalingGroups"}, Resources: []string{"*"}, Regions: []string{p.Recovery}, Because: "Auto Scaling's Describe actions have no resource level"},
			see(p.Recovery, "ec2:DescribeLaunchTemplateVersions"), counts(p.Recovery),
			Grant{Actions: []string{"autoscaling:UpdateAutoScalingGroup"}, Resources: groups, Regions: []string{p.Recovery}},
			Grant{Actions: []string{"autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"}, Resources: groups, Regions: []string{p.Recovery}, Condition: noted()})
	}
	if len(services) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"ecs:DescribeServices", "ecs:UpdateService"}, Resources: services, Regions: []string{p.Recovery}},
			Grant{Actions: []string{"ecs:TagResource", "ecs:UntagResource"}, Resources: services, Regions: []string{p.Recovery}, Condition: noted()})
	}
	return grants
}
