package blueprint

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
)

// Most functions get the same room: none computes anything, and memory buys the
// CPU that shortens a cold start. Those that hold every recovery point of a policy
// get more: 10,000 points take some 26 MiB, a pass has the time to list about
// 27,000 at each of three sites, so 80,000 take 210 MiB, and Go's collector lets a
// heap grow to twice what is in use.
// https://go.dev/doc/gc-guide
const (
	functionTimeout   = time.Minute
	functionMemoryMiB = 256
	listingMemoryMiB  = 512
)

// purposes are the functions' descriptions in the console.
var purposes = map[string]string{
	"rotate-snapshots":  "Takes, copies and retires the snapshots of a protection policy.",
	"refresh-images":    "Makes, copies and retires images, and points the recovery region at the newest usable one.",
	"watch-replication": "Says what is wrong with the replication of a bucket or a table.",
	"protect-databases": "Has a database's backups replicated, or takes, copies and retires its snapshots.",
	"decide-failover":   "Looks at the plan's alarms and starts exactly one run when they all say disaster.",
	"open-run":          "Takes up a run and pins the recovery points it will use.",
	"close-run":         "Says how a run ended and moves the plan's posture there.",
	"promote-database":  "Step: makes a database replica a primary.",
	"launch-instances":  "Step: launches instances and registers them with their target group.",
	"restore-volumes":   "Step: restores volumes from one consistent set and attaches them.",
	"set-parameter":     "Step: turns an SSM parameter.",
	"verify":            "Step: asks the recovered application over HTTPS.",
	"shift-traffic":     "Step: sends users to the recovery region.",
	"publish-posture":   "Turns the ledger's posture into the metric that traffic follows.",
	publishAges:         "Turns the ages of the recovery points into metrics, a policy each.",
}

// describeBecause is why EC2's Describe actions are granted on "*".
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
const describeBecause = "EC2 Describe actions have no resource level"

// regional is an ARN of the deployment's account.
func regional(service, region, resource string) string {
	return "arn:${Partition}:" + service + ":" + region + ":${Account}:" + resource
}

// unowned is an EC2 resource whose ARN has no account: snapshots and images.
func unowned(region, resource string) string {
	return "arn:${Partition}:ec2:" + region + "::" + resource
}

func see(region string, actions ...string) Grant {
	return Grant{Actions: actions, Resources: []string{"*"}, Regions: []string{region}, Because: describeBecause}
}

// stepGrants are what the steps of each kind may do, narrowed to what the plan
// names. Everything is in the recovery region: a step never calls the primary.
var stepGrants = map[plan.Kind]func(*plan.Plan, []*plan.Step) []Grant{
	plan.KindPromoteDatabase: promoteGrants,
	plan.KindLaunchInstances: launchGrants,
	plan.KindRestoreVolumes:  restoreGrants,
	plan.KindSetParameter:    parameterGrants,
	plan.KindVerify:          func(*plan.Plan, []*plan.Step) []Grant { return nil },
	plan.KindShiftTraffic:    shiftGrants,
}

func promoteGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var databases []string
	for _, s := range steps {
		databases = append(databases, regional("rds", p.Recovery, "db:"+s.Spec.(*plan.PromoteDatabase).Replica))
	}
	return []Grant{{
		Actions:   []string{"rds:DescribeDBInstances", "rds:PromoteReadReplica", "rds:ModifyDBInstance"},
		Resources: databases, Regions: []string{p.Recovery},
	}}
}

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

func parameterGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var parameters []string
	for _, s := range steps {
		parameters = append(parameters, regional("ssm", p.Recovery, "parameter"+s.Spec.(*plan.SetParameter).Name))
	}
	return []Grant{{Actions: []string{"ssm:GetParameter", "ssm:PutParameter"}, Resources: parameters, Regions: []string{p.Recovery}}}
}

func shiftGrants(p *plan.Plan, _ []*plan.Step) []Grant {
	return []Grant{{Actions: []string{"cloudwatch:GetMetricStatistics"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
		Because: "GetMetricStatistics has no resource level; it only reads " + posture.Namespace(p.Name)}}
}

// openGrants let open-run find the recovery points that the run will use.
func openGrants(p *plan.Plan) []Grant {
	return []Grant{see(p.Recovery, "ec2:DescribeSnapshots", "ec2:DescribeImages")}
}

// ours is true of a resource that carries the plan's lineage tag.
func ours(p *plan.Plan) map[string]map[string]string {
	return map[string]map[string]string{"StringEquals": {"aws:ResourceTag/" + lineage.Plan: p.Name}}
}
