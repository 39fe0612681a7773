package plan

import (
	"time"

	"go.yaml.in/yaml/v4"
)

const (
	second = Duration(time.Second)
	minute = Duration(time.Minute)
	day    = Duration(24 * time.Hour)
	// longest is the greatest duration in a plan: ten years, so that sums of
	// durations cannot overflow.
	longest = Duration(10 * 365 * 24 * time.Hour)
	// minEvery keeps a policy from starting a pass before the last one is over.
	minEvery = 5 * minute
	// maxTimeout is the longest run whose history is known to stay under the
	// 25,000 events of an execution, whatever it waits for:
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	maxTimeout = Duration(12 * time.Hour)
)

// misnamed are fields that somebody may look for, by shape, and the ones that
// they are to write.
var misnamed = map[string]map[string]string{
	"policy": {"buckets": "bucket: {name: …, replica: …}, in a policy of its own", "databases": "database: {instance: …}, in a policy of its own", "tables": "table: {name: …}, in a policy of its own"},
}

// readPlan decodes the whole file. What is wrong is reported and left zero, so
// that the rest can be read and checked all the same.
func (f *file) readPlan(root *yaml.Node) *Plan {
	f.at[""] = root
	m := f.open(root, "", "plan")
	if m == nil {
		return &Plan{}
	}
	p := &Plan{
		Name:     m.text("plan", required, planName),
		Strategy: choice(m, "strategy", required, []Strategy{BackupRestore, PilotLight, WarmStandby, MultiSite}),
		Primary:  m.side("primary"),
		Recovery: m.region("recovery", required),
		Next:     m.region("next", optional),
		Notify:   m.text("notify", optional, topicName),
		Covers:   readSelector(m, "covers"),
	}
	if a := m.child("accounts", optional, "accounts"); a != nil {
		p.Accounts = &Accounts{Primary: a.text("primary", required, accountID), Recovery: a.text("recovery", required, accountID)}
		a.end()
	}
	if o := m.child("objectives", required, "objectives"); o != nil {
		p.Objectives = Objectives{RTO: o.duration("rto", required, second, longest), RPO: o.duration("rpo", required, second, longest)}
		o.end()
	}
	for _, it := range m.list("protect", optional) {
		p.Protect = append(p.Protect, f.readPolicy(it))
	}
	if d := m.child("detect", required, "detect"); d != nil {
		p.Detect = readDetect(d)
	}
	p.Recover = m.steps("recover", required)
	p.Failback = m.steps("failback", optional)
	p.Repair = m.steps("repair", optional)
	if d := m.child("drill", optional, "drill"); d != nil {
		p.Drill = readDrill(d)
	}
	m.end()
	return p
}

func (m *mapping) steps(key string, n need) []Step {
	var steps []Step
	for _, it := range m.list(key, n) {
		steps = append(steps, m.readStep(it))
	}
	return steps
}
