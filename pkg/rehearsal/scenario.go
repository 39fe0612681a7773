package rehearsal

import (
	"context"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// The game days. PowerLoss, ISPLoss, Malware and UserError are those of the
// whitepaper; a Drill strikes nothing; Switchover and Failback are planned.
const (
	PowerLoss  = "power-loss"
	ISPLoss    = "isp-loss"
	Malware    = "malware"
	UserError  = "user-error"
	Drill      = "drill"
	Switchover = "switchover"
	Failback   = "failback"
)

// scenario is a game day as data: what happens, who starts the run and in which
// mode, and what the plan is then.
type scenario struct {
	name    string
	about   string   // what happens, for people
	mode    run.Mode // of the run that a person starts
	alarmed bool     // the plan's alarms go off; an automatic plan then starts by itself
	asOf    bool     // the run takes data from before the disaster alone
	rests   run.Posture
	calm    bool // nothing strikes: users may miss pages for as long as the run needs, or none
	strike  func(*rehearsal, context.Context) error
	after   func(*rehearsal, context.Context) error // once the run is over; nil: nothing happens
}

// scenarios are all of them, in the order in which they are told of.
var scenarios = []scenario{
	{
		name: PowerLoss, about: "the machines of %s lose their power, and its endpoints hang",
		mode: run.Unplanned, alarmed: true, rests: run.Active, strike: (*rehearsal).darken,
	},
	{
		name: ISPLoss, about: "%s is well and cannot be reached; it comes back once the run is over",
		mode: run.Unplanned, alarmed: true, rests: run.Active, strike: (*rehearsal).darken, after: (*rehearsal).comeBack,
	},
	{
		name: Malware, about: "malware spoils what is written in %s, and the newest recovery points with it",
		mode: run.Unplanned, asOf: true, rests: run.Active, strike: (*rehearsal).infect,
	},
	{
		name: UserError, about: "somebody destroys data in %s by mistake",
		mode: run.Repair, asOf: true, rests: run.Standby, strike: (*rehearsal).destroy,
	},
	{
		name: Drill, about: "nothing happens in %s: a drill",
		mode: run.Drill, rests: run.Standby, calm: true, strike: (*rehearsal).leave,
	},
	{
		name: Switchover, about: "nothing happens in %s: users are moved on purpose",
		mode: run.Planned, rests: run.Active, calm: true, strike: (*rehearsal).leave,
	},
	{
		name: Failback, about: "users go back: what was struck is there again; %s is left",
		mode: run.Failback, rests: run.Standby, calm: true, strike: (*rehearsal).heal,
	},
}

// Scenarios are the names of the game days that can be played.
func Scenarios() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

func scenarioOf(name string) (scenario, error) {
	for _, s := range scenarios {
		if s.name == name {
			return s, nil
		}
	}
	return scenario{}, fmt.Errorf("there is no scenario %q; take one of %q", name, Scenarios())
}

// Unfit is why a plan cannot be played in a scenario after others, or why that would
// show nothing; empty: it can.
func Unfit(p *plan.Plan, name string, before ...string) string {
	s, err := scenarioOf(name)
	away := false // do users have to go back?
	for _, earlier := range before {
		if e, err := scenarioOf(earlier); err == nil {
			away = e.rests == run.Active
		}
	}
	switch {
	case err != nil:
		return err.Error()
	case s.mode == run.Failback && len(p.Failback) == 0:
		return "the plan has no failback section"
	case s.mode == run.Failback && !away:
		return "there is nothing to go back from; play a failover before it: " + PowerLoss + "," + Failback
	case s.mode != run.Failback && away:
		return "the plan is failed over by then; play " + Failback + " before it"
	case s.mode == run.Repair && len(p.Repair) == 0:
		return "the plan has no repair section: nothing of it goes back in time by itself"
	case s.mode == run.Drill && p.Drill == nil:
		return "the plan has no drill section"
	case s.mode == run.Planned && !fences(p):
		return "the plan has no fence, without which two sides would take writes"
	case s.name == ISPLoss && !fences(p):
		return "the plan has no fence: once the line is back, two sides would take writes, and until then it is a power loss"
	case s.name == Malware && !goesBack(p):
		return "what the plan brings back follows by itself, malware included: it has nothing from before"
	}
	return ""
}

// goesBack says whether a plan brings back data of a moment that somebody chooses.
func goesBack(p *plan.Plan) bool {
	for s := range p.Steps() {
		switch spec := s.Spec.(type) {
		case *plan.RestoreVolumes:
			return true
		case *plan.PromoteDatabase:
			return spec.Points != ""
		}
	}
	return false
}

func fences(p *plan.Plan) bool {
	for s := range p.Steps() {
		if s.Kind == plan.KindFence {
			return true
		}
	}
	return false
}
