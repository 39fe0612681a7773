package blueprint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

const publishAges = "publish-ages"

// ages adds the publisher of the recovery points' ages, one schedule for all
// policies, and the alarms on what it publishes. It notes them in the ledger too,
// where decide-failover reads them.
func (b *Blueprint) ages(p *plan.Plan) error {
	if len(p.Protect) == 0 {
		return nil
	}
	// What is looked at is not decrypted: no key of the other account is needed.
	grants := slices.DeleteFunc(b.divide(p, publishAges, ageGrants(p)), func(g Grant) bool { return strings.HasPrefix(g.Actions[0], "kms:") })
	b.add(p, publishAges, append(grants, b.reads("Query"), b.writes(p.Name))...)
	b.Functions[len(b.Functions)-1].MemoryMiB = listingMemoryMiB
	if err := b.schedule(b.named("ages"), plan.PassEvery.D(), publishAges, protect.OverviewOf(p)); err != nil {
		return err
	}
	for i := range p.Protect {
		b.Alarms = append(b.Alarms, ageAlarms(p.Name, &p.Protect[i])...)
	}
	return nil
}

// ageGrants are those of the passes that only read: who looks at what they protect
// needs what they look with.
func ageGrants(p *plan.Plan) []Grant {
	functions := map[string]bool{}
	for _, policy := range p.Protect {
		functions[protect.FunctionOf(policy).Name] = true
	}
	var grants []Grant
	for _, function := range slices.Sorted(maps.Keys(functions)) {
		for _, grant := range passGrants(p, function) {
			grant.Actions = slices.DeleteFunc(slices.Clone(grant.Actions), func(action string) bool { return !looks(action) })
			there := slices.ContainsFunc(grants, func(have Grant) bool { return have.covers(grant) })
			if len(grant.Actions) > 0 && !there {
				grants = append(grants, grant)
			}
		}
	}
	return grants
}

// looks says whether an action reads what says how old a recovery point is.
func looks(action string) bool {
	service, verb, _ := strings.Cut(action, ":")
	reads := strings.HasPrefix(verb, "Describe") || strings.HasPrefix(verb, "List") || strings.HasPrefix(verb, "Get")
	return reads && service != "kms" && service != "sts" && service != "ssm" && !onlyToAct[action]
}

// onlyToAct are readings without which a pass could not take, copy or point.
var onlyToAct = map[string]bool{
	"autoscaling:DescribeAutoScalingGroups": true, // whose role must be able to use the key
	"ec2:DescribeInstances":                 true, // to be imaged, or snapshotted as a whole
	"ec2:DescribeLaunchTemplateVersions":    true,
	"ec2:GetEbsDefaultKmsKeyId":             true,
	"ec2:GetEbsEncryptionByDefault":         true,
}

// ageAlarms are those of one policy. At the RPO: some source is beyond it, or has
// no point, or nobody has said for two publications; one that is late is forgiven.
// CloudWatch looks further back than two periods while it has older data, so a
// publisher that stopped may show a few periods later.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
//
// Before it, where there is room: a warning that a healthy schedule does not trip.
// Missing data is left to the other alarm.
func ageAlarms(name string, policy *plan.Policy) []Alarm {
	on := Alarm{
		Namespace: age.Namespace(name), Dimensions: map[string]string{age.Dimension: policy.Name},
		Statistic: "Maximum", Period: plan.PassEvery.D(), Comparison: "GreaterThanThreshold",
	}
	broken := on
	broken.Name, broken.Metric, broken.Periods, broken.MissingData = names.BrokenAlarm(name, policy.Name), age.Beyond, 2, "breaching"
	broken.Description = fmt.Sprintf("A source of policy %s has no usable recovery point within its RPO of %s, or nobody knows. "+
		"`pilotlight points` says which.", policy.Name, policy.RPO)
	alarms := []Alarm{broken}
	if at, room := policy.WarnAge(); room {
		warning := on
		warning.Name, warning.Metric, warning.Periods, warning.MissingData = names.AgingAlarm(name, policy.Name), age.Oldest, 1, "ignore"
		warning.Threshold = at.D().Seconds()
		warning.Description = fmt.Sprintf("The newest usable recovery point of a source of policy %s is older than %s, which no healthy schedule lets it be: "+
			"its RPO of %s is about to break. `pilotlight points` says which source.", policy.Name, at, policy.RPO)
		alarms = append(alarms, warning)
	}
	return alarms
}
