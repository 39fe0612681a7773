package blueprint

import (
	"strings"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// passGrants are what a protection pass may do: make recovery points in the
// primary region, copy them to the recovery region, and retire in both what
// carries the plan's tag.
func passGrants(p *plan.Plan, function string) []Grant {
	grants := []Grant{{
		Actions:   []string{"dynamodb:GetItem"},
		Resources: []string{regional("dynamodb", p.Recovery, "table/"+names.Table(p.Name))},
		Regions:   []string{p.Recovery},
	}}
	return append(grants, kindGrants[function](p)...)
}

// kindGrants are what each function may do with what it protects.
var kindGrants = map[string]func(*plan.Plan) []Grant{
	protect.RotateSnapshots.Name:  snapshotGrants,
	protect.RefreshImages.Name:    imageGrants,
	protect.WatchReplication.Name: replicationGrants,
}

func snapshotGrants(p *plan.Plan) []Grant {
	grants := []Grant{
		see(p.Primary, "ec2:DescribeVolumes", "ec2:DescribeInstances", "ec2:DescribeSnapshots"),
		see(p.Recovery, "ec2:DescribeSnapshots"),
		// Only the new snapshots take tags; the instance and its volumes are named
		// by id and read from, so no condition on them would protect anything.
		{Actions: []string{"ec2:CreateSnapshots"}, Regions: []string{p.Primary},
			Resources: []string{regional("ec2", p.Primary, "instance/*"), regional("ec2", p.Primary, "volume/*")}},
		makes(p, p.Primary, "CreateSnapshots", "snapshot/*"),
		tags(p.Primary, "CreateSnapshots", "snapshot/*"),
		makes(p, p.Recovery, "CopySnapshot", "snapshot/*"),
		copies(p, "CopySnapshot", "snapshot/*"),
		tags(p.Recovery, "CopySnapshot", "snapshot/*"),
	}
	for _, region := range []string{p.Primary, p.Recovery} {
		grants = append(grants, retires(p, region, "ec2:DeleteSnapshot"))
		grants = append(grants, locks(p, region)...)
	}
	return append(grants, keyChecks(p, protect.RotateSnapshots)...)
}

func imageGrants(p *plan.Plan) []Grant {
	grants := []Grant{
		see(p.Primary, "ec2:DescribeInstances", "ec2:DescribeImages", "ec2:DescribeSnapshots"),
		see(p.Recovery, "ec2:DescribeImages", "ec2:DescribeLaunchTemplateVersions"),
		{Actions: []string{"ec2:CreateImage"}, Regions: []string{p.Primary}, Resources: []string{regional("ec2", p.Primary, "instance/*")}},
		makes(p, p.Primary, "CreateImage", "image/*", "snapshot/*"),
		tags(p.Primary, "CreateImage", "image/*", "snapshot/*"),
		makes(p, p.Recovery, "CopyImage", "image/*", "snapshot/*"),
		copies(p, "CopyImage", "image/*", "snapshot/*"),
		tags(p.Recovery, "CopyImage", "image/*", "snapshot/*"),
	}
	for _, region := range []string{p.Primary, p.Recovery} {
		grants = append(grants, retires(p, region, "ec2:DeregisterImage", "ec2:DeleteSnapshot"))
	}
	var parameters []string
	points := false
	for _, policy := range p.Protect {
		if policy.Point == nil {
			continue
		}
		points = points || policy.Point.LaunchTemplate != ""
		if policy.Point.Parameter != "" {
			parameters = append(parameters, regional("ssm", p.Recovery, "parameter"+policy.Point.Parameter))
		}
	}
	if points {
		grants = append(grants, Grant{
			Actions:   []string{"ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"},
			Resources: []string{regional("ec2", p.Recovery, "launch-template/*")}, Regions: []string{p.Recovery},
		})
	}
	if len(parameters) > 0 {
		grants = append(grants, Grant{Actions: []string{"ssm:GetParameter", "ssm:PutParameter"}, Resources: parameters, Regions: []string{p.Recovery}})
	}
	return append(grants, keyChecks(p, protect.RefreshImages)...)
}

// makes allows a create or copy call only if it writes the plan's lineage tag.
func makes(p *plan.Plan, region, action string, resources ...string) Grant {
	return Grant{Actions: []string{"ec2:" + action}, Resources: owned(region, resources), Regions: []string{region},
		Condition: map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}}
}

// copies allows the plan's own points as the source of a copy. The request is
// made in the recovery region; since 2024 EC2 weighs the source as a resource too.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/copy-ami-permissions.html
// https://aws.amazon.com/blogs/storage/enhancing-resource-level-permissions-for-copying-amazon-ebs-snapshots/
func copies(p *plan.Plan, action string, resources ...string) Grant {
	return Grant{Actions: []string{"ec2:" + action}, Resources: owned(p.Primary, resources), Regions: []string{p.Recovery}, Condition: ours(p)}
}

// tags allows tags in the create or copy call itself.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func tags(region, action string, resources ...string) Grant {
	return Grant{Actions: []string{"ec2:CreateTags"}, Resources: owned(region, resources), Regions: []string{region},
		Condition: map[string]map[string]string{"StringEquals": {"ec2:CreateAction": action}}}
}

// retires allows the two phases of retention on what carries the plan's tag: the
// mark, its removal, and the deletion.
func retires(p *plan.Plan, region string, deletes ...string) Grant {
	return Grant{
		Actions:   append([]string{"ec2:CreateTags", "ec2:DeleteTags"}, deletes...),
		Resources: owned(region, []string{"snapshot/*", "image/*"}), Regions: []string{region},
		Condition: ours(p),
	}
}

// owned are ARNs of EC2 resources in a region; those of snapshots and images
// have no account.
func owned(region string, resources []string) []string {
	arns := make([]string, len(resources))
	for i, resource := range resources {
		arns[i] = regional("ec2", region, resource)
		if strings.HasPrefix(resource, "snapshot/") || strings.HasPrefix(resource, "image/") {
			arns[i] = unowned(region, resource)
		}
	}
	return arns
}
