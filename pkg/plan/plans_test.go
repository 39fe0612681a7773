package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// beside is a plan that shares nothing with testdata/base.yaml but what extra does:
// steps that come first.
func beside(name, extra string) string {
	return "plan: " + name + `
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
notify: on-call
objectives: {rto: 30m, rpo: 1h}
detect:
  mode: manual
  alarms:
    - {name: one, region: us-west-2}
    - {name: two, region: us-west-2}
recover:
` + extra + `  - verify: {url: "https://dr.` + name + `.example.com/"}
  - shift-traffic: {record: ` + name + `.example.com, via: health-check}
`
}

// loadAll loads base.yaml and the plans beside it, as pay.yaml, ship.yaml, …
func loadAll(t *testing.T, texts ...string) ([]*Plan, string) {
	t.Helper()
	names := []string{"base.yaml", "pay.yaml", "ship.yaml"}
	t.Chdir(t.TempDir())
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(".", names[i]), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plans, findings := LoadFiles(names[:len(texts)])
	var told Findings
	for _, f := range findings {
		if !strings.Contains(f.Problem, "there is no failback") && !strings.Contains(f.Problem, "a drill cannot rehearse it") {
			told = append(told, f) // the others a plan alone shows
		}
	}
	return plans, told.String()
}

func TestLoadFiles_findsWhatOnePlanAloneDoesNotShow(t *testing.T) {
	base := string(mistake{}.applyTo(t, "testdata/base.yaml"))
	drilled := base + "drill: {subnets: [subnet-0a1b2c3d], security-groups: [sg-0a1b2c3d], subnet-group: d}\n"
	run := func(where, child string) string {
		return strings.Replace(base, where+":\n", where+":\n  - run-plan: {plan: "+child+"}\n", 1)
	}
	for name, c := range map[string]struct {
		texts []string
		bad   string // the file that is refused; empty: none
		want  string // the only finding; empty: none
	}{
		"nothing":              {texts: []string{base, beside("pay", "")}},
		"a child":              {texts: []string{run("recover", "pay"), beside("pay", "")}},
		"one name":             {[]string{base, beside("base", "")}, "pay.yaml", "pay.yaml:1:7: error: plan: base is the name of the plan in base.yaml too"},
		"a child of elsewhere": {[]string{run("recover", "tax"), beside("pay", "")}, "", "base.yaml:23:22: warning: recover[0].run-plan.plan: no file here has a plan tax"},
		"a child in another region": {[]string{run("recover", "pay"), strings.Replace(beside("pay", ""), "us-west-2", "us-west-1", -1)}, "base.yaml",
			"recover[0].run-plan.plan: pay lives in us-west-1, and this plan in us-west-2, where its steps look for it; write a plan with the same recovery region and account"},
		"a child without a way back": {[]string{run("failback", "pay"), beside("pay", "")}, "base.yaml",
			"failback[0].run-plan.plan: pay has no failback to run; write failback: in pay.yaml, or leave the step out here"},
		"a child without a drill": {[]string{strings.Replace(drilled, "recover:\n", "recover:\n  - run-plan: {plan: pay}\n", 1), beside("pay", "")}, "",
			"warning: recover[0].run-plan.plan: a drill stops here: pay has no drill of its own"},
		"one database":   {[]string{base, beside("pay", "  - promote-database: {replica: orders-replica}\n")}, "", "pay.yaml:13:23: warning: recover[0].promote-database: database orders-replica in us-west-2 is what plan base acts on too (base.yaml)"},
		"one record":     {[]string{base, beside("pay", "  - verify: {id: v, url: https://x.example.com/}\n  - shift-traffic: {id: s, record: www.example.com, via: health-check}\n")}, "", "record www.example.com is what plan base acts on too"},
		"one parameter":  {[]string{base, beside("pay", "  - set-parameter: {name: /base/host, value: x}\n")}, "", "parameter /base/host in us-west-2 is what"},
		"servers of one": {[]string{base, beside("pay", "  - fence: {instances: {tags: {app: base}}}\n")}, "", "instances tagged app=base in us-east-1 is what"},
		"one database, in another region": {texts: []string{base, strings.NewReplacer("us-east-1", "eu-west-1", "us-west-2", "eu-west-2").Replace(
			beside("pay", "  - promote-database: {replica: orders-replica}\n  - fence: {instances: {tags: {app: base}}}\n"))}},
		"a child's database":      {texts: []string{run("recover", "pay"), beside("pay", "  - promote-database: {replica: orders-replica}\n")}},
		"a grandchild's database": {texts: []string{run("recover", "pay"), beside("pay", "  - run-plan: {plan: ship}\n"), beside("ship", "  - promote-database: {replica: orders-replica}\n")}},
		"what a bad plan acts on": {[]string{base, beside("pay", "  - promote-database: {replica: orders-replica, typo: 1}\n")}, "pay.yaml", "typo"},
	} {
		t.Run(name, func(t *testing.T) {
			plans, told := loadAll(t, c.texts...)
			if !strings.Contains(told, c.want) || strings.Count(told, "\n") > 1 || (told == "") != (c.want == "") {
				t.Errorf("findings:\n%swant %s", told, c.want)
			}
			for i, file := range []string{"base.yaml", "pay.yaml", "ship.yaml"}[:len(plans)] {
				if (plans[i] == nil) != (file == c.bad) {
					t.Errorf("%s: plan %v; refused should be %q", file, plans[i], c.bad)
				}
			}
		})
	}
}

func TestLoadFiles_refusesPlansThatRunEachOther(t *testing.T) {
	plans, told := loadAll(t, beside("base", "  - run-plan: {plan: pay}\n"), beside("pay", "  - run-plan: {plan: ship}\n"), beside("ship", "  - run-plan: {plan: base}\n"))
	for i, want := range []string{"base runs pay runs ship runs base;", "pay runs ship runs base runs pay;", "ship runs base runs pay runs ship;"} {
		if plans[i] != nil || !strings.Contains(told, "goes round in a circle: "+want) {
			t.Errorf("plan %v, findings:\n%swant %s", plans[i], told, want)
		}
	}
}

// As `pilotlight check` and the CDK app load them.
func TestLoadFiles_findsNothingBetweenTheExamples(t *testing.T) {
	files, err := filepath.Glob("../../plans/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	_, together := LoadFiles(files)
	var alone Findings
	for _, file := range files {
		_, findings := LoadFile(file)
		alone = append(alone, findings...)
	}
	if together.String() != alone.String() {
		t.Errorf("together:\n%salone:\n%s", together, alone)
	}
}
