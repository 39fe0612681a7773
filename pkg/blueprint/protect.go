package blueprint

import (
	"cmp"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// passGrants are what a protection pass may do: make recovery points on the side
// that serves, copy them to the other one, and retire everywhere what carries the
// plan's tag. Both directions are granted from the start.
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
	protect.ProtectDatabases.Name: databaseGrants,
	protect.WatchReplication.Name: replicationGrants,
}

// taking are the regions in which points are taken: each of the two sides, while it
// serves. No deployment lies between a failover and the next pass.
func taking(p *plan.Plan) []string { return []string{p.Primary, p.Recovery} }

// ways are the ways that copies go, before and after a failover.
func ways(p *plan.Plan) [][2]string {
	return [][2]string{{p.Primary, p.Recovery}, {p.Recovery, cmp.Or(p.Next, p.Primary)}}
}

func snapshotGrants(p *plan.Plan) []Grant {
	var grants []Grant
	for _, region := range taking(p) {
		grants = append(grants,
			see(region, "ec2:DescribeInstances"),
			// Only the new snapshots take tags; the instance and its volumes are named
			// by id and read from, so no condition on them would protect anything.
			Grant{Actions: []string{"ec2:CreateSnapshots"}, Regions: []string{region},
				Resources: []string{regional("ec2", region, "instance/*"), regional("ec2", region, "volume/*")}},
			makes(p, region, "CreateSnapshots", "snapshot/*"),
			tags(region, "CreateSnapshots", "snapshot/*"))
	}
	for _, way := range ways(p) {
		from, to := way[0], way[1]
		grants = append(grants,
			makes(p, to, "CopySnapshot", "snapshot/*"),
			copies(from, to, ours(p), "CopySnapshot", "snapshot/*"),
			tags(to, "CopySnapshot", "snapshot/*"))
		for _, policy := range p.Protect {
			if policy.Snapshots != nil {
				grants = append(grants, copies(from, to, carrying(policy.Snapshots.Tags), "CopySnapshot", "snapshot/*"))
			}
		}
	}
	for _, region := range sides(p) {
		grants = append(grants, see(region, "ec2:DescribeVolumes", "ec2:DescribeSnapshots"), retires(p, region, "ec2:DeleteSnapshot"))
		grants = append(grants, locks(p, region)...)
	}
	grants = append(grants, sharesSnapshots(p)...)
	return append(grants, keyChecks(p, protect.RotateSnapshots)...)
}

func imageGrants(p *plan.Plan) []Grant {
	var grants []Grant
	for _, region := range taking(p) {
		grants = append(grants,
			see(region, "ec2:DescribeInstances"),
			Grant{Actions: []string{"ec2:CreateImage"}, Regions: []string{region}, Resources: []string{regional("ec2", region, "instance/*")}},
			makes(p, region, "CreateImage", "image/*", "snapshot/*"),
			tags(region, "CreateImage", "image/*", "snapshot/*"))
	}
	for _, way := range ways(p) {
		from, to := way[0], way[1]
		grants = append(grants,
			makes(p, to, "CopyImage", "image/*", "snapshot/*"),
			copies(from, to, ours(p), "CopyImage", "image/*", "snapshot/*"),
			tags(to, "CopyImage", "image/*", "snapshot/*"))
	}
	for _, region := range sides(p) {
		grants = append(grants, see(region, "ec2:DescribeImages", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"),
			retires(p, region, "ec2:DeregisterImage", "ec2:DeleteSnapshot"))
	}
	var parameters []string
	pointed, points := false, false
	for _, policy := range p.Protect {
		if policy.Point == nil {
			continue
		}
		pointed, points = true, points || policy.Point.LaunchTemplate != ""
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
	if pointed {
		grants = append(grants, launchChecks(p.Recovery)...)
	}
	if len(parameters) > 0 {
		grants = append(grants, Grant{Actions: []string{"ssm:GetParameter", "ssm:PutParameter"}, Resources: parameters, Regions: []string{p.Recovery}})
	}
	grants = append(append(grants, sharesImages(p)...), sharesSnapshots(p)...)
	return append(grants, keyChecks(p, protect.RefreshImages)...)
}

// makes allows a create or copy call only if it writes the plan's lineage tag.
func makes(p *plan.Plan, region, action string, resources ...string) Grant {
	return Grant{Actions: []string{"ec2:" + action}, Resources: owned(region, resources), Regions: []string{region},
		Condition: map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}}
}

// copies allows points that carry some tags as the source of a copy. The request is
// made in the region that it goes to, and holds a request to the source's region
// that the SDK signed for the same caller; since 2024 EC2 weighs the source as a
// resource too.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/copy-ami-permissions.html
// https://aws.amazon.com/blogs/storage/enhancing-resource-level-permissions-for-copying-amazon-ebs-snapshots/
func copies(from, to string, carrying map[string]map[string]string, action string, resources ...string) Grant {
	return Grant{Actions: []string{"ec2:" + action}, Resources: owned(from, resources), Regions: []string{to, from}, Condition: carrying}
}

// carrying is the condition that a resource has all these tags.
func carrying(tags map[string]string) map[string]map[string]string {
	equals := map[string]string{}
	for key, value := range tags {
		equals["aws:ResourceTag/"+key] = value
	}
	return map[string]map[string]string{"StringEquals": equals}
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
