package plan

import (
	"strings"
	"testing"
)

// warned makes a change in a plan and looks for one warning more than before.
func warned(t *testing.T, file string, changes []mistake) {
	t.Helper()
	for _, m := range changes {
		t.Run(m.name, func(t *testing.T) {
			before, was := Load(file, mistake{}.applyTo(t, file))
			p, findings := Load(file, m.applyTo(t, file))
			if before == nil || p == nil || len(findings) != len(was)+1 || !strings.Contains(findings.String(), m.want) || strings.Contains(was.String(), m.want) {
				t.Errorf("plan %v, findings:\n%swant one more than %d: %s", p, findings, len(was), m.want)
			}
		})
	}
}

func TestLoad_warnsOfStepsThatADisasterMayHaveDisarmed(t *testing.T) {
	warned(t, "testdata/base.yaml", []mistake{
		{name: "replica of what is gone", old: "recover:\n", new: "recover:\n  - create-replica: {source: orders, replica: orders-replica}\n",
			want: "recover[0].create-replica: needs the region that is left, which is gone in a disaster; write it under failback"},
		{name: "removing the way back", old: "recover:\n", new: "recover:\n  - retire: {made: true}\n",
			want: "recover[0].retire: removes what the way back needs"},
		{name: "weights", old: "via: health-check}", new: "via: weights, zone: Z0123, primary-set: east, recovery-set: west}",
			want: "shift-traffic.via: weights changes records, which needs Route 53's control plane in us-east-1; write health-check"},
		{name: "name of a stack's template", old: "recover:\n", new: "recover:\n  - create-stack: {stack: base, template: https://s3.amazonaws.com/base/a.yaml}\n",
			want: "create-stack.template: does not say in which region the bucket is"},
		{name: "roles", old: "recover:\n", new: "recover:\n  - create-stack: {stack: base, template: https://base.s3.us-west-2.amazonaws.com/a.yaml, capabilities: [CAPABILITY_AUTO_EXPAND, CAPABILITY_IAM]}\n",
			want: "create-stack.capabilities[1]: lets the stack make roles, which needs IAM's control plane in us-east-1; write the roles in a stack that is there beforehand"},
	})
	warned(t, "testdata/vault.yaml", []mistake{
		{name: "restored database", old: "{replica: orders-replica}", new: "{policy: orders, as: orders-restored}",
			want: "promote-database: makes a database with a new endpoint, whose name needs Route 53's control plane in us-east-1; write promote-database: {replica: …}"},
	})
}

func TestLoad_doesNotWarnOfTheSameOnTheWayBack(t *testing.T) {
	m := mistake{old: "shift-traffic: {record: www.vault.example.com, via: health-check}\nfailback:\n",
		new: "shift-traffic: {record: www.vault.example.com, via: health-check}\nfailback:\n  - create-stack: {stack: vault, template: https://vault.s3.us-east-1.amazonaws.com/a.yaml, capabilities: [CAPABILITY_IAM]}\n"}
	if p, findings := Load("vault.yaml", m.applyTo(t, "testdata/vault.yaml")); p == nil || len(findings) > 0 {
		t.Errorf("plan %v, findings:\n%s", p, findings)
	}
}

func TestLoad_doesNotWarnOfControlPlanesInTheRecoveryRegion(t *testing.T) {
	src := string(mistake{old: "via: health-check}", new: "via: weights, zone: Z0123, primary-set: west, recovery-set: east}"}.applyTo(t, "testdata/base.yaml"))
	src = strings.NewReplacer("us-east-1", "us-west-2", "us-west-2", "us-east-1").Replace(src)
	if p, findings := Load("base.yaml", []byte(src)); p == nil || len(findings) > 0 {
		t.Errorf("plan %v, findings:\n%s", p, findings)
	}
}

func TestLoad_warnsOfAWayBackThatLosesWrites(t *testing.T) {
	warned(t, "testdata/base.yaml", []mistake{
		{name: "no fence", old: "  - fence: {instances: {tags: {app: base}}}\n", want: "recover: nothing keeps the primary region from taking writes that the way back would lose; write fence: {instances: {tags: {app: storefront}}}"},
		{name: "fence without clients", old: "  - fence: {instances: {tags: {app: base}}}\n", new: "  - fence: {databases: [orders], security-group: sg-0a1b2c3d}\n",
			want: "recover[0].fence: sessions that a database has already go on writing"},
		{name: "protection before the users", old: "  - verify:", new: "  - resume-protection: {}\n  - verify:", want: "recover[3].resume-protection: turns protection round while users still write to the primary region; write it after the last shift-traffic"},
	})
	warned(t, "testdata/nested.yaml", []mistake{
		{name: "no fence on the way back", old: "  - fence: {groups: [nested-front, nested-back], databases: [users-replica, events-replica], security-group: sg-0a1b2c3d4e5f60719}\n",
			want: "failback: nothing keeps the recovery region from taking writes"},
	})
}

func TestLoad_wantsNoFenceWhereBothSidesWriteAtAnyTime(t *testing.T) {
	const kiosk = "../../plans/kiosk.yaml"
	for name, m := range map[string]mistake{
		"a global table": {},
		"two of them":    {old: "protect:\n", new: "protect:\n  - {name: more, table: {name: kiosk-more}}\n"},
	} {
		if p, findings := Load(kiosk, m.applyTo(t, kiosk)); p == nil || len(findings) > 0 {
			t.Errorf("%s: plan %v, findings:\n%s", name, p, findings)
		}
	}
	bucket := mistake{old: "protect:\n", new: "protect:\n  - {name: pages, bucket: {name: kiosk-pages, replica: kiosk-pages-america}}\n"}
	p, findings := Load(kiosk, bucket.applyTo(t, kiosk))
	for _, want := range []string{"recover: nothing keeps the primary region from taking writes", "failback: nothing keeps the recovery region from taking writes"} {
		if p == nil || len(findings) != 2 || !strings.Contains(findings.String(), want) {
			t.Errorf("with a bucket: plan %v, findings:\n%swant two, one of them %s", p, findings, want)
		}
	}
}

func TestLoad_warnsOfAPlanWithoutAWayBack(t *testing.T) {
	src := string(mistake{}.applyTo(t, "testdata/base.yaml"))
	src = src[:strings.Index(src, "failback:")]
	p, findings := Load("base.yaml", []byte(src))
	if want := "recover: there is no failback: nobody has thought of the way back before it is needed; write failback: a list of steps that act in us-east-1"; p == nil || len(findings) != 1 || !strings.Contains(findings.String(), want) {
		t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
	}
}

func TestLoad_warnsOfTwoStepsThatActOnOneThing(t *testing.T) {
	for what, step := range map[string]string{
		"address eipalloc-0a1b2c3d":           "associate-address: {address: eipalloc-0a1b2c3d, instance: x}",
		"database a of the side that is left": "create-replica: {stand-by: true, source: b, replica: a}",
		"stack base":                          "create-stack: {stack: base, template: https://base.s3.us-west-2.amazonaws.com/a.yaml}",
		"function f and arn:aws:sqs:::q":      "event-source: {function: f, source: \"arn:aws:sqs:::q\", enabled: true}",
		"database x":                          "promote-database: {replica: x}",
		"the type of x":                       "resize-instances: {instances: x, type: m7g.large}",
		"the volumes of policy data":          "restore-volumes: {policy: data, attach-to: x}",
		"group x":                             "scale-group: {group: x, desired: 1}",
		"service x of y":                      "scale-group: {cluster: y, service: x, desired: 1}",
		"parameter /x":                        "set-parameter: {name: /x, value: x}",
		"record x.example.com":                "shift-traffic: {record: x.example.com, via: health-check}",
	} {
		twice := "  - verify: {id: v, targets: base}\n  - " + strings.Replace(step, "{", "{id: one, ", 1) + "\n  - " + strings.Replace(step, "{", "{id: two, ", 1) + "\n"
		src := strings.Replace(string(mistake{}.applyTo(t, "testdata/base.yaml")), "failback:\n", twice+"failback:\n", 1)
		src = strings.Replace(src, "notify: on-call\n", "", 1) + "notify: on-call\n"
		p, findings := Load("base.yaml", []byte(src))
		if want := "acts on " + what + ", as "; p == nil || !strings.Contains(findings.String(), want) {
			t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
		}
	}
}

func TestLoad_warnsOfADrillThatTouchesWhatServes(t *testing.T) {
	const drill = "drill: {subnets: [subnet-0a1b2c3d], security-groups: [sg-0a1b2c3d], subnet-group: drill, instance-profile: p, role: r}\n"
	base := string(mistake{}.applyTo(t, "testdata/vault.yaml"))
	base = strings.Replace(base, "{instance: orders, ", "{instance: orders, replica: orders-replica, ", 1)
	base = strings.Replace(base, "template: vault-web,", "template: vault-web, role: web,", 1) + drill
	if p, findings := Load("vault.yaml", []byte(base)); p == nil || len(findings) > 0 {
		t.Fatalf("plan %v, findings:\n%s", p, findings)
	}
	for _, m := range []mistake{
		{old: "subnets: [subnet-0a1b2c3d], ", want: "drill: has no subnets: what recover[1].parallel[1][0].launch-instances makes is in the subnets of production in a drill; write subnets: ["},
		{old: "security-groups: [sg-0a1b2c3d], ", want: "drill: has no security-groups: what recover[1].parallel[1][0].launch-instances makes has the security groups of production in a drill, and may reach it"},
		{old: ", instance-profile: p, role: r", want: "drill: has no instance-profile: what recover[1].parallel[1][0].launch-instances makes has production's rights in a drill, and drains its queues"},
		{old: "subnet-group: drill, ", want: "drill: has no subnet-group: what recover[1].parallel[0].promote-database makes has no network of its own in a drill, and fails there"},
		{old: "replica: orders-replica, by", new: "by", want: "promote-database: a drill cannot rehearse it: no policy has recovery points of which a copy could be made; write a policy with database: {instance: …, replica: orders-replica}"},
		{old: "{replica: orders-replica}", new: "{global: orders, cluster: west}", want: "promote-database: a drill leaves it out: the failover of a global database cannot be tried on a copy"},
	} {
		if !strings.Contains(base, m.old) {
			t.Fatalf("no %q", m.old)
		}
		p, findings := Load("vault.yaml", []byte(strings.Replace(base, m.old, m.new, 1)))
		if p == nil || len(findings) != 1 || !strings.Contains(findings.String(), m.want) {
			t.Errorf("plan %v, findings:\n%swant %s", p, findings, m.want)
		}
	}
}
