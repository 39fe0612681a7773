package blueprint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inputs"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func decider(t *testing.T, b *blueprint.Blueprint) blueprint.Function {
	t.Helper()
	at := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == "decide-failover" })
	if at < 0 {
		t.Fatal("nothing decides")
	}
	return b.Functions[at]
}

func TestSignals_areLookedAtWithTheTicksOwnInput(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		f := decider(t, b)
		if len(b.Rules) == 0 || f.Queue == nil {
			if f.Input != "" || f.Queue != nil {
				t.Errorf("input %q, queue %v of a plan without signals", f.Input, f.Queue)
			}
			return
		}
		tick := slices.IndexFunc(b.Schedules, func(s blueprint.Schedule) bool { return s.Function == f.Name })
		if diff := cmp.Diff(b.Schedules[tick].Input, f.Input); diff != "" {
			t.Errorf("(-tick +environment):\n%s", diff)
		}
		if err := inputs.Accepted(f.Name, []byte(f.Input)); err != nil {
			t.Error(err)
		}
		taken(t, f)
		if f.Queue.Topic != names.Signals(b.Plan) || f.Queue.Window != 0 {
			t.Errorf("queue %+v; want one before which nobody waits", f.Queue)
		}
		for _, other := range b.Functions {
			if other.Name != f.Name && other.Input != "" {
				t.Errorf("%s has an input in its environment", other.Name)
			}
		}
	})
}

// withAlarms is a plan with that many alarms, in a region.
func withAlarms(t *testing.T, count int, region string) *plan.Plan {
	t.Helper()
	var alarms []string
	for i := range count {
		alarms = append(alarms, fmt.Sprintf("{name: one-of-the-many-alarms-%d, region: %s}", i, region))
	}
	text := strings.Replace(bare, "detect: {mode: manual}", "detect: {mode: manual, quorum: 1, probe: {url: https://shop.example.com/}, alarms: ["+strings.Join(alarms, ", ")+"]}", 1)
	p, findings := plan.Load("many", []byte(strings.TrimPrefix(text, "\n")))
	if p == nil {
		t.Fatal(findings)
	}
	return p
}

func TestCompile_refusesMoreSignalsThanAnEnvironmentHolds(t *testing.T) {
	fits, refused := 0, 0
	for count := 2; count < 60; count += 4 {
		b, err := blueprint.Compile(withAlarms(t, count, "eu-central-1"))
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "plan bare") || !strings.Contains(err.Error(), "4096") || !strings.Contains(err.Error(), "composite alarm") {
				t.Fatalf("%d alarms: %v; want what is wrong and what to do", count, err)
			}
			continue
		}
		fits = count
		// What Lambda counts, and refuses in the middle of a deployment.
		// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
		if size := len(names.Input) + len(decider(t, b).Input); size > 4096 || refused > 0 {
			t.Fatalf("%d alarms make %d bytes, and %d plans with fewer were refused", count, size, refused)
		}
	}
	if fits < 10 || refused == 0 {
		t.Errorf("a plan may have %d alarms, %d were refused", fits, refused)
	}
}

func TestSignals_ofThePrimaryRegionAreSentOn(t *testing.T) {
	for region, want := range map[string][]string{
		"eu-central-1": {"pilotlight-bare-health"},
		"eu-west-1":    {"pilotlight-bare-health", "pilotlight-bare-alarms"},
		"eu-west-3":    {"pilotlight-bare-health"}, // where nothing of the plan's is: the tick finds it
	} {
		b, err := blueprint.Compile(withAlarms(t, 2, region))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range b.Forwards {
			got = append(got, f.Name)
			rule := slices.IndexFunc(b.Rules, func(r blueprint.Rule) bool { return r.Name == f.Name })
			if rule < 0 {
				t.Errorf("%s: nobody listens to what %s sends on", region, f.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("alarms in %s: (-want +got):\n%s", region, diff)
		}
	}
}

func TestRules_listenToTroubleInThePrimaryRegionAlone(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		at := slices.IndexFunc(b.Rules, func(r blueprint.Rule) bool { return r.Name == names.Function(b.Plan, "health") })
		if wanted := decider(t, b).Queue != nil && b.Primary != plan.OnPremises; wanted != (at >= 0) {
			t.Fatalf("primary %s: rules %v", b.Primary, b.Rules)
		}
		if at < 0 {
			return
		}
		want := blueprint.Pattern{"source": []string{"aws.health"}, "detail-type": []string{"AWS Health Event"},
			"detail": map[string]any{"eventTypeCategory": []string{"issue"}, "eventRegion": []string{b.Primary}}}
		if diff := cmp.Diff(want, b.Rules[at].Pattern); diff != "" || b.Rules[at].Function != "decide-failover" {
			t.Errorf("%s: (-want +got):\n%s", b.Rules[at].Function, diff)
		}
	})
}
