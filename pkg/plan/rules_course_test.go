package plan

import (
	"strings"
	"testing"
)

// courseMistakes are made in testdata/everything.yaml: of failback, repair and the
// drill, and of what one course may do and another may not.
var courseMistakes = []mistake{
	{"zone of the other side", "zones: [us-east-1a, us-east-1b]", "zones: [us-east-1a, us-west-2b]", "failback[1].launch-instances.zones[1]: us-west-2b is not in the primary region; write a zone such as us-east-1a", false},
	{"reference into another course", "\"${promote-database.endpoint}\"", "\"${archive.endpoint}\"", "repair[2].set-parameter.value: ${archive.endpoint}: there is no step archive", false},
	{"id twice in a course", "{id: stand-by, stand-by", "{id: orders, stand-by", "failback[8].create-replica.id: orders is taken by failback[3].promote-database; write an id of its own", false},
	{"repair that is no list", "repair:\n  - promote-database: {policy: orders, as: orders-before, option-group: everything-options}\n  - approve: {question: Does orders-before have the rows that were deleted?}\n  - set-parameter: {name: /everything/orders/host, value: \"${promote-database.endpoint}\"}\n", "repair: none\n", `repair: is the text "none", not a list`, true},
	{"fence in a repair", "repair:\n", "repair:\n  - fence: {groups: [web]}\n", "repair[0].fence: a repair leaves no side: the primary region goes on serving; write the step under recover or failback", false},
	{"users moved by a repair", "repair:\n", "repair:\n  - shift-traffic: {record: www.everything.example.com, via: health-check}\n", "repair[0].shift-traffic.via: a repair moves no users between regions", false},

	{"check whose name is too long", "id: workers", "id: workers-of-the-night-and-of-the-day-too", "scale-group.id: its check would be scheduled as pilotlight-everything-check-", false},
	{"check with a policy's name", "name: web", "name: check-web", "launch-instances.id: its check would be scheduled as check-web, a name that protect[1] has taken", false},
	{"check with a failback's name", "id: workers", "id: failback-web", "failback[1].launch-instances.id: its check would be scheduled as check-failback-web, a name that recover", false},

	{"profile without a role", "  role: everything-drill\n", "", "drill: has no role: EC2 hands a profile to an instance only for who may pass its role on; write role: and the IAM role in everything-drill", true},
	{"role without a profile", "  instance-profile: everything-drill\n", "", "drill.role: has no effect: it is the role of an instance profile", true},
	{"subnet that is a VPC", "subnets: [subnet-0a1b2c3d4e5f60718,", "subnets: [vpc-0a1b2c3d4e5f60718,", "is not a subnet's id", true},
	{"suffix with capitals", "suffix: drill", "suffix: Drill", `drill.suffix: "Drill" is not a suffix: lowercase letters, digits and single hyphens, a letter first; write drill`, true},
	{"things for a month", "ttl: 4h", "ttl: 30d", "drill.ttl: 30d is more than 7d; write 7d or less", false},
	{"day in full", "[mon, tue, wed, thu]", "[Monday, tue, wed, thu]", `"Monday" is not a day of the week; write mon`, true},
	{"hour of one digit", "from: \"08:00\"", "from: \"8:00\"", "is not a time of day; write 08:00", true},
	{"window over night", "to: \"16:00\"", "to: \"06:00\"", "drill.windows[0].to: 06:00 is not after 08:00; write a later time, 24:00 at the latest; for a night, two windows", false},
	{"zone of nowhere", "Europe/Berlin", "Europe/Atlantis", `"Europe/Atlantis" is no IANA time zone`, false},
}

func TestLoad_reportsOneMistakeOfACourseOnce(t *testing.T) {
	reportedOnce(t, everything, courseMistakes)
}

func TestSchema_refusesTheMistakesOfCoursesThatASchemaCanSee(t *testing.T) {
	refusedBySchema(t, everything, courseMistakes)
}

// premises is a plan whose primary is no AWS region.
const premises = `plan: premises
strategy: pilot-light
primary: on-premises
recovery: us-west-2
objectives: {rto: 1h, rpo: 5m}
detect: {mode: manual}
recover:
  - run-command: {document: Promote, instances: premises-database}
  - launch-instances: {template: premises-web, count: 2, zones: [us-west-2a, us-west-2b]}
  - verify: {url: https://dr.premises.example.com/}
  - shift-traffic: {record: www.premises.example.com, via: health-check}
`

func TestLoad_acceptsAPrimaryOnPremises(t *testing.T) {
	p, findings := Load("premises.yaml", []byte(premises))
	if p == nil || p.Primary != OnPremises || len(findings) > 0 {
		t.Errorf("plan %v, findings:\n%s", p, findings)
	}
	if err := compiledSchema(t).Validate(asJSON(t, []byte(premises))); err != nil {
		t.Error(err)
	}
}

func TestLoad_refusesWhatNeedsAPrimaryRegion(t *testing.T) {
	for what, want := range map[string]string{
		"protect:\n  - {name: data, volumes: {tags: {app: x}}, every: 10m, rpo: 1h}\n":   "protect[0].volumes: the primary side is on-premises, where nothing can be copied from: Pilotlight acts in AWS regions alone; write nothing: leave the policy out",
		"protect:\n  - {name: data, images: {tags: {app: x}}, every: 10m, rpo: 1h}\n":    "protect[0].images: the primary side is on-premises",
		"protect:\n  - {name: data, snapshots: {tags: {app: x}}, every: 10m, rpo: 1h}\n": "protect[0].snapshots: the primary side is on-premises, where nothing can be copied from: Pilotlight acts in AWS regions alone; write for primary the region in which they are taken",
		"protect:\n  - {name: data, database: {instance: x}, rpo: 1h}\n":                 "protect[0].database: the primary side is on-premises",
		"protect:\n  - {name: data, bucket: {name: xyz, replica: zyx}, rpo: 1h}\n":       "protect[0].bucket: the primary side is on-premises",
		"protect:\n  - {name: data, table: {name: xyz}, rpo: 1h}\n":                      "protect[0].table: the primary side is on-premises",
		"next: eu-west-1\n": "next: has no effect: the primary side is on-premises",
		"accounts: {primary: \"111122223333\", recovery: \"444455556666\"}\n": "accounts: has no effect: the primary side is on-premises",
		"covers: {tags: {app: x}}\n":                                          "covers: has no effect",
		"failback:\n  - verify: {url: https://x.example.com/}\n":              "failback: acts in the primary region, and the primary side is on-premises; write nothing: leave the field out, and write in the runbook how users come back",
		"repair:\n  - verify: {url: https://x.example.com/}\n":                "repair: acts in the primary region",
	} {
		src := []byte(premises + what)
		if p, findings := Load("premises.yaml", src); p != nil || len(findings) != 1 || !strings.Contains(findings.String(), want) {
			t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
		}
		if compiledSchema(t).Validate(asJSON(t, src)) == nil {
			t.Errorf("the schema accepts %s", what)
		}
	}
	for _, kind := range []string{"fence: {groups: [web]}", "create-replica: {source: a, replica: b}", "retire: {made: true}", "resume-protection: {}"} {
		src := strings.Replace(premises, "recover:\n", "recover:\n  - "+kind+"\n", 1)
		want := "acts on the side that is left, which is on-premises: Pilotlight acts in AWS regions alone"
		if p, findings := Load("premises.yaml", []byte(src)); p != nil || len(findings) != 1 || !strings.Contains(findings.String(), want) {
			t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
		}
	}
}
