package blueprint_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inputs"
	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/probe"
)

// watched is a plan that probes from two regions and listens for a heartbeat.
func watched(t *testing.T) (*plan.Plan, *blueprint.Blueprint) {
	t.Helper()
	p, findings := plan.LoadFile(repository.Path(t, "pkg/plan/testdata/everything.yaml"))
	if p == nil {
		t.Fatal(findings)
	}
	p.Detect.Heartbeat = &plan.Heartbeat{For: plan.Duration(4 * time.Minute)}
	p.Detect.Probe.From = []string{p.Recovery, "eu-west-1"}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Vantages) != 1 || b.Vantages[0].Recovery != "eu-west-1" {
		t.Fatalf("vantages %+v; want one in eu-west-1", b.Vantages)
	}
	return p, b
}

func alarm(t *testing.T, b *blueprint.Blueprint, name string) blueprint.Alarm {
	t.Helper()
	at := slices.IndexFunc(b.Alarms, func(a blueprint.Alarm) bool { return a.Name == name })
	if at < 0 {
		t.Fatalf("no alarm %s in %s", name, b.Recovery)
	}
	return b.Alarms[at]
}

func TestSignals_areAlarmsThatAreThereInTheirRegion(t *testing.T) {
	p, b := watched(t)
	own := 0
	for _, signal := range p.Signals().Alarms {
		if slices.ContainsFunc(p.Detect.Alarms, func(a plan.Alarm) bool { return a.Name == signal.Name }) {
			continue // the team's
		}
		own++
		at := b
		if signal.Region != b.Recovery {
			at = b.Vantages[0]
		}
		if at.Recovery != signal.Region {
			t.Fatalf("nothing is in %s", signal.Region)
		}
		alarm(t, at, signal.Name)
	}
	if own != 3 {
		t.Errorf("%d signals of Pilotlight's own; want two probes and the heartbeat", own)
	}
}

func TestProbe_isJudgedByMostTriesOfEveryMinute(t *testing.T) {
	p, b := watched(t)
	for _, at := range append([]*blueprint.Blueprint{b}, b.Vantages...) {
		got := alarm(t, at, "pilotlight-everything-probe")
		if !strings.Contains(got.Description, p.Detect.Probe.URL) {
			t.Errorf("%s does not say what is asked", got.Description)
		}
		got.Description, got.Notify = "", ""
		want := blueprint.Alarm{
			Name: "pilotlight-everything-probe", Namespace: "Pilotlight/everything/probe", Metric: "Reached", Statistic: "Average",
			Period: time.Minute, Periods: 2, Comparison: "LessThanThreshold", Threshold: 0.5, MissingData: "missing",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in %s (-want +got):\n%s", at.Recovery, diff)
		}
	}
}

func TestHeartbeat_isMissedAfterItsTime(t *testing.T) {
	_, b := watched(t)
	got := alarm(t, b, "pilotlight-everything-heartbeat")
	got.Description, got.Notify = "", ""
	want := blueprint.Alarm{
		Name: "pilotlight-everything-heartbeat", Namespace: "Pilotlight/everything/heartbeat", Metric: "Heartbeat", Statistic: "SampleCount",
		Period: time.Minute, Periods: 4, Comparison: "LessThanThreshold", Threshold: 1, MissingData: "breaching",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever becomes of the other regions, each probe runs, asks and publishes.
func TestProbe_needsNoRegionButItsOwn(t *testing.T) {
	_, b := watched(t)
	for _, at := range append([]*blueprint.Blueprint{b}, b.Vantages...) {
		i := slices.IndexFunc(at.Functions, func(f blueprint.Function) bool { return f.Name == probe.Function })
		if i < 0 {
			t.Fatalf("no probe in %s", at.Recovery)
		}
		f := at.Functions[i]
		if f.Timeout != 2*time.Minute || len(f.Grants) != 1 {
			t.Fatalf("%s has %s and the grants %+v", f.Deployed, f.Timeout, f.Grants)
		}
		g := f.Grants[0]
		pinned := g.Condition["StringEquals"]["cloudwatch:namespace"]
		if !slices.Equal(g.Actions, []string{"cloudwatch:PutMetricData"}) || !slices.Equal(g.Regions, []string{at.Recovery}) || pinned != "Pilotlight/everything/probe" {
			t.Errorf("%s may %+v", f.Deployed, g)
		}
		asked := 0
		for _, s := range at.Schedules {
			if s.Function != probe.Function {
				continue
			}
			asked++
			if s.Every != time.Minute {
				t.Errorf("%s is invoked every %s", f.Deployed, s.Every)
			}
			if err := inputs.Accepted(s.Function, []byte(s.Input)); err != nil {
				t.Errorf("schedule %s: %v\n%s", s.Name, err, s.Input)
			}
		}
		if asked != 1 {
			t.Errorf("%s is asked by %d schedules", f.Deployed, asked)
		}
	}
}

func TestVantage_hasAProbeAloneUnderANameOfItsOwn(t *testing.T) {
	p, b := watched(t)
	v := b.Vantages[0]
	if len(v.Functions) != 1 || len(v.Schedules) != 1 || len(v.Alarms) != 1 || len(v.Machines)+len(v.Rules)+len(v.Forwards) > 0 || v.Traffic != nil || v.Table != "" {
		t.Errorf("more or less than a probe: %+v", v)
	}
	// Roles are the account's, of whatever region.
	if got := v.Functions[0].Deployed; got != "pilotlight-everything-probe-eu-west-1" || v.Schedules[0].Name != got {
		t.Errorf("function %s, schedule %s", got, v.Schedules[0].Name)
	}
	if v.Alarms[0].Notify != "" {
		t.Errorf("tells topic %s, which is in %s", v.Alarms[0].Notify, p.Recovery)
	}
}

func TestProbe_fromTheRecoveryRegionAloneNeedsNoVantage(t *testing.T) {
	p, _ := watched(t)
	p.Detect.Probe.From = []string{p.Recovery}
	b, err := blueprint.Compile(p)
	if err != nil || len(b.Vantages) > 0 {
		t.Fatalf("%v, vantages %v", err, b.Vantages)
	}
	p.Detect.Probe.From = []string{"eu-west-1"}
	if b, err = blueprint.Compile(p); err != nil || len(b.Vantages) != 1 {
		t.Fatalf("%v, vantages %v", err, b.Vantages)
	}
	if slices.ContainsFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == probe.Function }) {
		t.Errorf("a probe in %s, which the plan does not ask from", p.Recovery)
	}
}

func TestNames_ofVantagesAreShortEnough(t *testing.T) {
	p, _ := watched(t)
	p.Name = strings.Repeat("p", 32)
	p.Detect.Probe.From = []string{"ap-southeast-7"}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	if name := b.Vantages[0].Functions[0].Deployed; len(name) > longestFunction {
		t.Errorf("%s has %d characters", name, len(name))
	}
}
