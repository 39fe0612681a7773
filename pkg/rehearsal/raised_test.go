package rehearsal

import (
	"slices"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
)

// What the rehearsal's internet cannot play is raised, and never left out: every
// signal comes about in one of two ways.
func TestSignals_comeAboutByThemselvesOrAreRaised(t *testing.T) {
	for name, c := range map[string]struct {
		probe plan.Probe
		own   int
	}{
		"a page":       {plan.Probe{URL: "https://beacon.example.org/"}, 3},
		"a connection": {plan.Probe{TCP: "beacon.example.org:443"}, 1},
		"a name":       {plan.Probe{DNS: "beacon.example.org"}, 1},
	} {
		p, findings := plan.LoadFile("testdata/beacon.yaml")
		if p == nil {
			t.Fatal(findings)
		}
		c.probe.From, c.probe.Tries, c.probe.Timeout, c.probe.For = p.Detect.Probe.From, 3, p.Detect.Probe.Timeout, p.Detect.Probe.For
		p.Detect.Probe = &c.probe
		p.Detect.Alarms = []plan.Alarm{{Name: "team", Region: p.Recovery}}
		r := &rehearsal{Options: Options{Plan: p}}
		own, raised := r.own(), r.raised()
		if len(own) != c.own || len(own)+len(raised) != len(p.Signals().Alarms) || raised[0].Name != "team" {
			t.Errorf("%s: by themselves %v, raised %v", name, own, raised)
		}
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		var all []schedule.Schedule
		for _, at := range append([]*blueprint.Blueprint{b}, b.Vantages...) {
			for _, s := range at.Schedules {
				all = append(all, schedule.Schedule{Name: s.Name})
			}
		}
		before := len(all)
		played := r.played(all)
		asks := slices.ContainsFunc(played, func(s schedule.Schedule) bool {
			return s.Name == names.Function("beacon", "probe") || s.Name == names.Vantage("beacon", "eu-north-1")
		})
		if asks != (c.own == 3) || !asks && len(played) != before-2 {
			t.Errorf("%s: %d of %d schedules are played, the probe's %t", name, len(played), before, asks)
		}
	}
}
