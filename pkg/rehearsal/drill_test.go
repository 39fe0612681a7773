package rehearsal_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inventory"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/drill/remains"
	ledgers "github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestRun_drillsWithoutATrace(t *testing.T) {
	p := load(t, storefront)
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Scenario: rehearsal.Drill}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, problems := r.Verdict(); !ok || r.End != run.Recovered || r.Posture != run.Standby || len(r.Leftovers) != 0 {
		t.Errorf("end %s, posture %s, left %q, problems %q", r.End, r.Posture, r.Leftovers, problems)
	}
	for _, call := range r.Calls {
		if call.Action == "PromoteReadReplica" {
			t.Errorf("%s promoted a replica in a drill", call.Role)
		}
	}
}

// slim is the storefront with three of its steps, of kinds that make and change
// things: each drill of it takes a quarter of the time.
func slim(t *testing.T) *plan.Plan {
	p := load(t, storefront)
	var kept []plan.Step
	for s := range p.Steps() {
		if slices.Contains([]string{"workers", "restore-volumes", "set-parameter"}, s.ID) {
			kept = append(kept, *s)
		}
		if spec, ok := s.Spec.(*plan.SetParameter); ok {
			spec.Value = "away"
		}
	}
	p.Recover, p.Failback, p.Repair = kept, nil, nil
	return p
}

// A drill's execution is stopped after its first journal entry, the next one after
// its second, and so on to the last; its schedule alone brings the reaper.
func TestRun_leavesNothingOfADrillThatWasInterruptedAnywhere(t *testing.T) {
	p := slim(t)
	_, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Scenario: rehearsal.Drill, After: func(c *cloud.Cloud) {
		ground := &ground{t, p, c, ledgers.New(c.As("auditor", p.Recovery))}
		for entries := 1; !t.Failed(); entries++ {
			before := ground.stock()
			id := ground.start(run.Drill)
			if ground.goes(func(r run.Record) bool { return len(r.Entries) >= entries }); ground.record(id).State.Phase == run.Over {
				t.Logf("a drill has %d entries", len(ground.record(id).Entries))
				return
			}
			ground.interrupt(id)
			newest := ground.newest(id)
			ground.reaped()
			t.Logf("%s, stopped after entry %d (%s), is reaped", id, entries, newest)
			if diff := cmp.Diff(before, ground.stock()); diff != "" {
				t.Errorf("drill %s, interrupted after entry %d, left (-before +after):\n%s", id, entries, diff)
			}
		}
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func TestRun_letsADisasterGoBeforeADrillAndReapsItLater(t *testing.T) {
	p := load(t, storefront)
	p.Drill.Alarms = nil                            // what goes off in a disaster would stop the drill before
	p.Objectives.RTO = plan.Duration(2 * time.Hour) // who goes first is shown here: what the drill works on takes this machine's time, and not AWS's
	drilled := ""
	r, err := rehearse(t.Context(), t, rehearsal.Options{
		Plan: p,
		Before: func(c *cloud.Cloud) {
			ground := &ground{t, p, c, ledgers.New(c.As("auditor", p.Recovery))}
			drilled = ground.start(run.Drill)
			ground.goes(run.Record.Acted)
		},
		After: func(c *cloud.Cloud) {
			ground := &ground{t, p, c, ledgers.New(c.As("auditor", p.Recovery))}
			if waiting := ground.record(drilled).State.Drills; !slices.Contains(waiting, drilled) {
				t.Errorf("the disaster is over, and drill %s was reaped before: %v", drilled, waiting)
			}
			ground.reaped()
			left, err := remains.New(c.As("auditor", p.Recovery)).List(t.Context(), p.Recovery, p.Name)
			if err != nil || len(left) > 0 {
				t.Errorf("of drill %s there is still %v (%v)", drilled, left, err)
			}
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, problems := r.Verdict(); !ok || r.End != run.Recovered || r.Posture != run.Active {
		t.Errorf("end %s, posture %s, problems %q", r.End, r.Posture, problems)
	}
}

func TestRun_takesADrillBackWhoseAlarmGoesOff(t *testing.T) {
	p := load(t, storefront)
	_, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Scenario: rehearsal.Drill, After: func(c *cloud.Cloud) {
		ground := &ground{t, p, c, ledgers.New(c.As("auditor", p.Recovery))}
		before := ground.stock()
		id := ground.start(run.Drill)
		ground.goes(func(r run.Record) bool { return len(r.Outputs()) > 0 })
		ground.alarm(p.Drill.Alarms[0], cwtypes.StateValueAlarm)
		ground.goes(func(r run.Record) bool { return r.State.Phase == run.Over })
		state := ground.record(id).State
		if state.End != run.Aborted || state.Posture != run.Standby || len(state.Drills) != 0 {
			t.Errorf("halted, and the state is %+v", state)
		}
		if diff := cmp.Diff(before, ground.stock()); diff != "" {
			t.Errorf("left (-before +after):\n%s", diff)
		}
		id = ground.start(run.Drill)
		ground.goes(func(r run.Record) bool { return r.State.Phase == run.Over })
		if record := ground.record(id); record.State.End != run.Aborted || record.Acted() {
			t.Errorf("begun while the alarm was on: %+v", record.State)
		}
		ground.alarm(p.Drill.Alarms[0], cwtypes.StateValueOk)
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// ground is where drills are held: a deployed plan in a simulated AWS.
type ground struct {
	t      *testing.T
	plan   *plan.Plan
	cloud  *cloud.Cloud
	ledger *ledgers.Ledger
}

// start starts a run as a person does, and names it.
func (g *ground) start(mode run.Mode) string {
	g.t.Helper()
	request, err := json.Marshal(decide.Input{Plan: g.plan.Name, Detect: g.plan.Detect, Manual: &decide.Manual{Reason: "a test", Mode: mode}})
	if err != nil {
		g.t.Fatal(err)
	}
	answer := g.cloud.Host.Invoke(g.t.Context(), names.Function(g.plan.Name, "decide-failover"), request, false)
	var output decide.Output
	if err := json.Unmarshal(answer.Payload, &output); err != nil || output.Verdict != decide.Start {
		g.t.Fatalf("the start was answered %s (%v)", answer.Payload, err)
	}
	return output.Run
}

func (g *ground) record(id string) run.Record {
	g.t.Helper()
	record, err := g.ledger.Open(g.t.Context(), g.plan.Name, id)
	if err != nil {
		g.t.Fatal(err)
	}
	return record
}

// newest is what the journal of a run said last.
func (g *ground) newest(id string) string {
	g.t.Helper()
	entries := g.record(id).Entries
	last := entries[len(entries)-1]
	return last.Step + " " + string(last.Event)
}

// goes lets time go on, jumping over what is idle, until the newest run is over or
// as far as that.
func (g *ground) goes(far func(run.Record) bool) {
	g.t.Helper()
	g.until("the run to come on", func(state run.State) bool {
		return state.Phase == run.Over || far(g.record(state.Run))
	})
}

// reaped lets time go on until nothing is left to reap.
func (g *ground) reaped() {
	g.t.Helper()
	g.until("the reaper", func(state run.State) bool { return state.Phase == run.Over && len(state.Drills) == 0 })
}

func (g *ground) until(what string, so func(run.State) bool) {
	g.t.Helper()
	deadline := g.cloud.Clock.Now().Add(6 * time.Hour)
	for {
		state, _, err := g.ledger.State(g.cloud.Gone, g.plan.Name)
		if err != nil {
			g.t.Fatal(err)
		}
		if so(state) {
			return
		}
		if g.cloud.Clock.Now().After(deadline) {
			g.t.Fatalf("waited six hours for %s; the state is %+v", what, state)
		}
		if g.cloud.Settled() {
			err = g.cloud.Skip()
		} else {
			err = g.cloud.Clock.Wait(g.cloud.Gone, time.Second)
		}
		if err != nil {
			g.t.Fatal(err)
		}
	}
}

// interrupt stops a run's execution, as somebody at the console can.
func (g *ground) interrupt(id string) {
	g.t.Helper()
	_, err := sfn.NewFromConfig(g.cloud.As("auditor", g.plan.Recovery)).StopExecution(g.t.Context(), &sfn.StopExecutionInput{
		ExecutionArn: aws.String("arn:aws:states:" + g.plan.Recovery + ":" + g.cloud.AccountOf(g.plan.Recovery) + ":execution:" + names.Machine(g.plan.Name, plan.CourseRecover) + ":" + id),
	})
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *ground) alarm(name string, state cwtypes.StateValue) {
	g.t.Helper()
	_, err := cloudwatch.NewFromConfig(g.cloud.As("cloudwatch", g.plan.Recovery)).SetAlarmState(g.t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(name), StateValue: state, StateReason: aws.String("a test"),
	})
	if err != nil {
		g.t.Fatal(err)
	}
}

// stock is what a step could have changed, in both regions. Recovery points come and
// go beside every run, and what points at the newest one with them.
func (g *ground) stock() inventory.Inventory {
	g.t.Helper()
	all, err := inventory.Read(g.t.Context(), g.cloud.Upstream(g.plan.Primary), g.cloud.Upstream(g.plan.Recovery))
	if err != nil {
		g.t.Fatal(err)
	}
	maps.DeleteFunc(all, func(thing, _ string) bool {
		return strings.Contains(thing, "snapshot") || strings.Contains(thing, "/storefront/web/image")
	})
	return all
}
