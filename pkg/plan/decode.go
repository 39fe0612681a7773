package plan

import (
	"time"

	"go.yaml.in/yaml/v4"
)

const (
	second = Duration(time.Second)
	minute = Duration(time.Minute)
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

// later are the fields that are designed and not built, by shape: what to write
// as long as they are not.
var later = map[string]map[string]string{
	"plan":   {"drill": "nothing for it", "failback": "nothing for it"},
	"policy": {"database": "volumes or images", "buckets": "volumes or images"},
	"detect": {
		"probe":    "the probe's CloudWatch alarm under alarms",
		"quorum":   "nothing for it: all alarms together mean a disaster",
		"hold":     "nothing for it: let the alarms evaluate a longer period",
		"cooldown": "nothing for it",
	},
}

// examples are what a missing or mistaken field is told to hold, by the name of
// the field, and by the shape for an item of a list.
var examples = map[string]string{
	"plan": "storefront", "strategy": "pilot-light", "primary": "us-east-1", "recovery": "us-west-2",
	"objectives": "{rto: 30m, rpo: 1h}", "rto": "30m", "rpo": "1h", "name": "data",
	"protect": "a list of policies", "policy": "{name: data, volumes: {tags: {app: storefront}}, every: 30m}",
	"volumes": "{tags: {app: storefront}}", "images": "{tags: {app: storefront, tier: web}}",
	"selector": "{tags: {app: storefront}}", "tags": "{app: storefront}", "every": "30m",
	"keep": "{hourly: 24, daily: 7}", "hourly": "24", "daily": "7", "weekly": "4", "monthly": "12", "yearly": "1",
	"key": "alias/pilotlight", "point": "{launch-template: storefront-web}",
	"launch-template": "storefront-web", "parameter": "/storefront/web/image",
	"detect": "{mode: manual}", "mode": "automatic or manual", "alarms": "a list of alarms",
	"alarm": "{name: storefront-checkout, region: us-west-2}", "region": "us-west-2",
	"recover": "a list of steps", "step": "a step such as verify: {url: https://dr.shop.example.com/healthz}",
	"replica": "orders-replica", "class": "db.r6g.large", "multi-az": "true",
	"template": "storefront-web", "count": "4", "types": "[m7g.large, m6g.large]", "zones": "[us-west-2a, us-west-2b]", "targets": "storefront-web", "role": "storefront-web",
	"attach-to": "storefront-worker", "value": "${orders.endpoint}", "url": "https://dr.shop.example.com/healthz", "for": "1m",
	"record": "shop.example.com", "via": "health-check",
	"parallel": "two branches or more, each a step or a list of steps", "id": "orders", "timeout": "30m",
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
		Primary:  m.region("primary"),
		Recovery: m.region("recovery"),
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
	for _, it := range m.list("recover", required) {
		p.Recover = append(p.Recover, f.readStep(it))
	}
	m.end()
	return p
}

func (f *file) readPolicy(it item) Policy {
	m := f.open(it.Node, it.path, "policy")
	if m == nil {
		return Policy{}
	}
	p := Policy{
		Name:    m.text("name", required, policyName),
		Volumes: readSelector(m, "volumes"),
		Images:  readSelector(m, "images"),
		Every:   m.duration("every", required, minEvery, longest),
		RPO:     m.duration("rpo", optional, 0, longest),
		Key:     m.text("key", optional, keyID),
	}
	if k := m.child("keep", optional, "keep"); k != nil {
		p.Keep = Keep{
			Hourly: k.count("hourly", optional, 0), Daily: k.count("daily", optional, 0), Weekly: k.count("weekly", optional, 0),
			Monthly: k.count("monthly", optional, 0), Yearly: k.count("yearly", optional, 0),
		}
		k.end()
	}
	if pt := m.child("point", optional, "point"); pt != nil {
		p.Point = &Point{
			LaunchTemplate: pt.text("launch-template", optional, templateName),
			Parameter:      pt.text("parameter", optional, parameterName),
		}
		pt.end()
	}
	m.end()
	return p
}

func readSelector(m *mapping, key string) *Selector {
	s := m.child(key, optional, "selector")
	if s == nil {
		return nil
	}
	selector := &Selector{Tags: map[string]string{}}
	if tags := s.child("tags", required, "tags"); tags != nil {
		for _, k := range tags.keys {
			path := tags.sub(k)
			if problem, instead := tagKey(k); problem != "" {
				tags.wrong(path, problem, instead)
			}
			selector.Tags[k], _ = tags.scalar(tags.values[k], path, tagValue)
		}
		if len(tags.values) == 0 {
			tags.wrong(tags.path, "is empty: it would select everything in the account", examples["tags"])
		}
	}
	s.end()
	return selector
}

func readDetect(m *mapping) Detect {
	d := Detect{Mode: choice(m, "mode", required, []Mode{Automatic, Manual}, "approve")}
	for _, it := range m.list("alarms", optional) {
		a := m.open(it.Node, it.path, "alarm")
		if a == nil {
			continue
		}
		d.Alarms = append(d.Alarms, Alarm{Name: a.text("name", required, alarmName), Region: a.region("region")})
		a.end()
	}
	m.end()
	return d
}
