package matrix_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/matrix"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func plans(t *testing.T) []*plan.Plan {
	t.Helper()
	files, err := filepath.Glob("../../../plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	var all []*plan.Plan
	for _, file := range files {
		p, findings := plan.LoadFile(file)
		if p == nil {
			t.Fatal(findings)
		}
		all = append(all, p)
	}
	return all
}

func TestPlans_areOneOfEachStrategyAndOneOnPremises(t *testing.T) {
	seen, onPremises := map[plan.Strategy]bool{}, false
	for _, p := range plans(t) {
		seen[p.Strategy] = true
		onPremises = onPremises || p.Primary == plan.OnPremises
	}
	if len(seen) != 4 || !onPremises {
		t.Errorf("strategies %v, on premises: %t", seen, onPremises)
	}
}

func TestPairs_playEveryGameDayOrSayWhyNot(t *testing.T) {
	days := map[string]int{}
	for _, p := range plans(t) {
		played, passed := matrix.Pairs(p)
		told := map[string]bool{}
		for _, chain := range played {
			for _, scenario := range chain {
				told[scenario] = true
				days[scenario]++
			}
		}
		for _, pass := range passed {
			if pass.Why == "" || told[pass.Scenario] {
				t.Errorf("%s: %+v", p.Name, pass)
			}
			told[pass.Scenario] = true
		}
		for _, scenario := range []string{rehearsal.PowerLoss, rehearsal.ISPLoss, rehearsal.Malware, rehearsal.UserError, rehearsal.Drill, rehearsal.Failback} {
			if !told[scenario] {
				t.Errorf("%s: nothing is said of %s", p.Name, scenario)
			}
		}
	}
	for _, day := range []string{rehearsal.PowerLoss, rehearsal.ISPLoss, rehearsal.Malware, rehearsal.UserError} {
		if days[day] == 0 {
			t.Errorf("no plan answers %s", day)
		}
	}
}

func TestPage_saysTheSameOfTimesThatDifferLittle(t *testing.T) {
	page := func(rto, rpo time.Duration) string {
		rows := []matrix.Row{
			matrix.RowOf(&report.Report{Plan: "tickets", Strategy: "warm-standby", Scenario: "power-loss", End: run.Recovered,
				RTO: report.Measure{ObjectiveSeconds: 1500, MeasuredSeconds: report.Seconds(rto)},
				RPO: report.Measure{ObjectiveSeconds: 60, MeasuredSeconds: report.Seconds(rpo)}}),
			matrix.RowOf(&report.Report{Plan: "almanac", Strategy: "backup-restore", Scenario: "power-loss", Leftovers: []string{"a volume"}}),
		}
		matrix.Sort(rows)
		var out bytes.Buffer
		if err := matrix.WritePage(&out, rows, []matrix.Pass{{"kiosk", "malware", "nothing is from before"}}, []front.Row{{Name: "promotion", Duration: time.Minute, Source: "practice"}}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := page(18*time.Minute+5*time.Second, 70*time.Second)
	if diff := cmp.Diff(first, page(18*time.Minute+50*time.Second, 80*time.Second)); diff != "" {
		t.Errorf("two rehearsals (-first +second):\n%s", diff)
	}
	if strings.Index(first, "almanac") > strings.Index(first, "tickets") {
		t.Error("the slowest strategy is not the first")
	}
	for _, part := range []string{"| 19 min (25 min) | 2 min ✗ (1 min) | nothing |", "| none | – (0 min) | – (0 min) | a volume |", "| kiosk | malware | nothing is from before |"} {
		if !strings.Contains(first, part) {
			t.Errorf("the page does not say %q:\n%s", part, first)
		}
	}
}

func TestJSON_hasEveryTimeToTheSecond(t *testing.T) {
	rows := []matrix.Row{matrix.RowOf(&report.Report{Plan: "tickets", Strategy: "warm-standby", Scenario: "power-loss", End: run.Recovered,
		RTO: report.Measure{ObjectiveSeconds: 1500, MeasuredSeconds: report.Seconds(18*time.Minute + 5400*time.Millisecond)}})}
	var out bytes.Buffer
	if err := matrix.WriteJSON(&out, rows); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"plan": "tickets", "strategy": "warm-standby", "scenario": "power-loss", "end": "Recovered", "rto": 1085.0, "rpo": nil, "leftovers": []any{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("matrix.json (-want +got):\n%s", diff)
	}
}
