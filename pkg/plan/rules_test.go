package plan

import (
	"os"
	"strings"
	"testing"
)

// mistake is one edit of testdata/base.yaml that makes a plan wrong in one way.
type mistake struct {
	name, old, new string
	want           string // part of the only finding
	schema         bool   // a JSON Schema can see it too
}

var mistakes = []mistake{
	{"unknown field", "strategy:", "stratgy: x\nstrategy:", "stratgy: is not a field that Pilotlight knows; write strategy", true},
	{"missing field", "strategy: pilot-light\n", "", "strategy: is missing; write strategy: pilot-light", true},
	{"field without a value", "replica: orders-replica", "replica:", "promote-database.replica: has no value", true},
	{"duplicate key", "count: 2", "count: 2, count: 3", "launch-instances.count: is written twice, first in line 26; write it once", false},
	{"key that is no text", "objectives: {", "objectives: {1: 2, ", "the key is the number 1; write the name of a field", false},
	{"alias", "app: base}", "app: *x}", "not YAML: unknown anchor", false},
	{"merge", "objectives: {", "objectives: {<<: {}, ", "the key is a YAML merge; write the merged fields out in full", false},
	{"number for a text", "tier: data", "tier: 7", `is the number 7, not a text; write "7" with its quotes`, true},
	{"text for a number", "count: 2", "count: two", `is the text "two", not a whole number`, true},
	{"fraction", "count: 2", "count: 1.5", "is the number 1.5, not a whole number", true},
	{"mapping for a list", "zones: [us-west-2a, us-west-2b]", "zones: {a: us-west-2a}", "is a mapping, not a list", true},
	{"list for a mapping", "{app: base, tier: data}", "[base]", "is a list, not a mapping; write {app: storefront}", true},
	{"plan's name with capitals", "plan: base", "plan: Base Plan", "write base-plan", true},
	{"plan's name too long", "plan: base", "plan: " + strings.Repeat("x", 33), "has 33 characters; 32 are allowed", true},
	{"topic as an ARN", "notify: on-call", "notify: arn:aws:sns:us-west-2:111122223333:on-call", "is not the name of an SNS topic: letters, digits, hyphens and _; write on-call", true},
	{"topic with blanks", "notify: on-call", "notify: the night shift", "is not the name of an SNS topic", true},
	{"step that is called like the run itself", "set-parameter: {name", "set-parameter: {id: run, name", "run is a name that Pilotlight uses itself", true},
	{"unknown strategy", "pilot-light", "warm-standy", "write warm-standby", true},
	{"zone for a region", "primary: us-east-1", "primary: us-east-1b", `"us-east-1b" is not an AWS region; write us-east-1`, true},
	{"region with an account", "primary: us-east-1", "primary: {region: us-east-1, account: '1'}", "primary: is a mapping, not a region; write the region alone, such as us-west-2, and the account, if it has one of its own, under accounts", true},
	{"on-premises to recover in", "recovery: us-west-2", "recovery: on-premises", "recovery: only the primary side can be on-premises; write an AWS region such as us-west-2", true},
	{"one region", "primary: us-east-1", "primary: us-west-2", "recovery: is the primary region", false},
	{"two partitions", "primary: us-east-1", "primary: cn-north-1", "recovery: is in another partition than cn-north-1", false},
	{"spaced duration", "rto: 30m", "rto: 30 m", `"30 m" is not a duration; write 30m`, true},
	{"spoken duration", "rto: 30m", "rto: 2 hours", "write 2h", true},
	{"duration in weeks", "every: 24h", "every: 1w", `"1w" is not a duration; write 7d`, true},
	{"days and hours", "every: 24h", "every: 1d12h", `"1d12h" is not a duration`, true},
	{"duration without a unit", "rto: 30m", "rto: 30", "30 has no unit; write 30m, or 30s or 30h", true},
	{"negative duration", "rto: 30m", "rto: -30m", "-30m is negative; write 30m", true},
	{"no objective", "rto: 30m", "rto: 0s", "0s is less than 1s; write 1s or more", false},
	{"interval too short", "every: 30m", "every: 1m", "1m is less than 5m", false},
	{"interval breaks the rpo", "every: 30m", "every: 45m", "breaks the plan's rpo of 1h: every 45m + snapshot 15m + copy 5m = 1h5m; write every: 40m or less, or rpo: 1h5m or more", false},
	{"policy of nothing", "    volumes: {tags: {app: base, tier: data}}\n", "", "protect[0]: does not say what it protects", true},
	{"policy of both", "    images:", "    volumes: {tags: {a: b}}\n    images:", "one policy cannot protect volumes and images", true},
	{"no tags", "{app: base, tier: data}", "{}", "it would select everything in the account", true},
	{"wildcard", "app: base, tier: data", "app: 'b*'", "EC2 would read * and ? as wildcards", true},
	{"negative count", "hourly: 24", "hourly: -1", "-1 is less than 0", true},
	{"key of another region", "    keep: {hourly: 24}", "    keep: {hourly: 24}\n    key: arn:aws:kms:eu-west-1:123456789012:alias/x", "is a key of eu-west-1, and copies are encrypted in us-west-2", false},
	{"key that is none", "    keep: {hourly: 24}", "    keep: {hourly: 24}\n    key: pilotlight", "write alias/pilotlight", true},
	{"point of volumes", "    keep: {hourly: 24}", "    keep: {hourly: 24}\n    point: {parameter: /x}", "protect[0].point: nothing can point at volumes", true},
	{"point at nothing", "{launch-template: base-web}", "{}", "points nothing at the image", true},
	{"policy twice", "name: web", "name: data", "protect[1].name: data is taken by protect[0]", false},
	{"policy with a name of ours", "name: web", "name: publish", "publish is a name that Pilotlight uses itself in every plan", true},
	{"step with a name of ours", "{url:", "{id: Dirty, url:", "Dirty is a name that Pilotlight uses itself in every plan", true},
	{"parameter without a slash", "name: /base/host", "name: base.host", "write /base.host", true},
	{"unknown kind", "verify: {", "verfy: {", "verfy: is not a step kind; write verify", true},
	{"kind that is none", "verify: {", "reboot: {", "reboot: is not a step kind; write one of parallel, approve, associate-address, ", true},
	{"two kinds in a step", "  - shift-traffic", "    shift-traffic", "a second kind in one step, beside verify", true},
	{"fields beside the kind", "verify: {url: https://dr.example.com/}", "verify:\n    url: https://dr.example.com/", "stands beside verify, not in it; write verify: {url: …}", true},
	{"empty step", "verify: {url: https://dr.example.com/}", "{}", "is an empty step", true},
	{"one branch", "      - - launch", "        #\n  - parallel:\n      - set-parameter: {id: p, name: /p, value: p}\n      - - launch", "has one branch; write two branches or more", true},
	{"id twice", "{name: /base/host", "{id: orders, name: /base/host", "set-parameter.id: orders is taken by recover[1].parallel[0].promote-database", false},
	{"kind twice", "  - verify", "  - set-parameter: {name: /x, value: x}\n  - verify", "a second step without an id is called set-parameter", false},
	{"timeout too long", "{name: /base/host", "{timeout: 24h, name: /base/host", "24h is more than 12h", false},
	{"zone elsewhere", "[us-west-2a, us-west-2b]", "[us-west-2a, us-west-1b]", "us-west-1b is not in the recovery region; write a zone such as us-west-2a", false},
	{"zone twice", "[us-west-2a, us-west-2b]", "[us-west-2a, us-west-2a]", `"us-west-2a" is in the list twice`, true},
	{"no zone", "[us-west-2a, us-west-2b]", "[]", "is an empty list", true},
	{"policy unknown", "policy: data", "policy: date", "there is no policy date; write data", false},
	{"policy of images", "policy: data", "policy: web", "the policy web protects images, not volumes; write data", false},
	{"reference to nobody", "${orders.", "${order.", "there is no step order; write ${orders.endpoint}", false},
	{"reference to no output", "orders.endpoint", "orders.endpont", "promote-database steps have no output endpont; write ${orders.endpoint}", false},
	{"reference to a step of later", "${orders.endpoint}", "${verify.url}", "${verify.url}: verify runs later", false},
	{"reference to itself", "${orders.endpoint}", "${set-parameter.x}", "a step cannot refer to itself", false},
	{"reference to another branch", "- restore-volumes: {policy: data, attach-to: base-web}", "- set-parameter: {id: p, name: /p, value: \"${orders.port}\"}", "orders runs in another branch of the same parallel group", false},
	{"reference cut short", "${orders.endpoint}", "${orders.endpoint", `"${orders.endpoint" is not a reference`, true},
	{"reference elsewhere", "https://dr.example.com/", "\"https://${orders.endpoint}/\"", "holds a reference, which this field cannot", false},
	{"plain http", "https://dr", "http://dr", "verify.url: is not encrypted; write https://dr.example.com/", true},
	{"password in a URL", "https://dr", "https://me:secret@dr", "carries a user name or a password", true},
	{"relative URL", "https://dr.example.com/", "/healthz", "is not an absolute https URL", true},
	{"verify longer than its timeout", "dr.example.com/}", "dr.example.com/, for: 10m, timeout: 5m}", "10m of good answers do not fit in the step's timeout of 5m", false},
	{"record with a scheme", "www.example.com", "https://WWW.example.com/", "write www.example.com", true},
	{"way to shift that is none", "via: health-check", "via: dns", `"dns" is not a way to shift traffic; write one of health-check, weights, cname, routing-control`, true},
}

// apply makes the mistake in the base plan.
func (m mistake) apply(t *testing.T) []byte {
	t.Helper()
	return m.applyTo(t, "testdata/base.yaml")
}

func (m mistake) applyTo(t *testing.T, file string) []byte {
	t.Helper()
	base, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(base), m.old) {
		t.Fatalf("%s has no %q", file, m.old)
	}
	return []byte(strings.Replace(string(base), m.old, m.new, 1))
}

func TestLoad_reportsOneMistakeOnce(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			p, findings := Load("base.yaml", m.apply(t))
			if p != nil || !strings.Contains(findings.String(), m.want) {
				t.Errorf("plan %v, findings:\n%swant %s", p, findings, m.want)
			}
			if len(findings) != 1 {
				t.Errorf("%d findings:\n%s", len(findings), findings)
			}
		})
	}
}

func TestLoad_warnsOfWhatIsProbablyNotMeant(t *testing.T) {
	for _, m := range []mistake{
		{name: "no keep", old: "    keep: {hourly: 24}\n", want: "protect[0].keep: only the newest recovery point is kept"},
		{name: "never restored", old: "        - restore-volumes: {policy: data, attach-to: base-web}\n", want: "protect[0]: data is protected and no step brings it back"},
		{name: "never launched", old: "{launch-template: base-web}", new: "{parameter: /web}", want: "protect[1]: web is protected and no step launches its image"},
		{name: "rpo beyond the plan's", old: "every: 30m", new: "every: 30m\n    rpo: 2h", want: "data that is 2h old, beyond the plan's rpo of 1h"},
		{name: "no room for a warning", old: "every: 30m", new: "every: 30m\n    rpo: 59m", want: "write rpo: 1h or more"},
		{name: "nobody to tell", old: "notify: on-call\n", want: "nobody hears when recovery points grow too old; write notify: and the name of an SNS topic in us-west-2"},
		{name: "one zone", old: "[us-west-2a, us-west-2b]", new: "[us-west-2a]", want: "all instances are in one zone"},
		{name: "no shift", old: "  - shift-traffic: {record: www.example.com, via: health-check}\n", want: "no step sends anybody to the recovery region"},
		{name: "no verify", old: "  - verify: {url: https://dr.example.com/}\n", want: "to an application that nothing has asked for a page yet"},
		{name: "verify asks the primary", old: "dr.example.com", new: "www.example.com", want: "asks the name that still leads to the primary region"},
		{name: "unheard-of region", old: "primary: us-east-1", new: "primary: us-eest-1", want: "us-eest-1 is no region that Pilotlight has heard of; write us-east-1 if that is meant"},
	} {
		t.Run(m.name, func(t *testing.T) {
			p, findings := Load("base.yaml", m.apply(t))
			if p == nil || len(findings) != 1 || findings[0].Severity != Warning || !strings.Contains(findings.String(), m.want) {
				t.Errorf("plan %v, findings:\n%swant %s", p, findings, m.want)
			}
		})
	}
}
