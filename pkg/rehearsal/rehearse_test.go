package rehearsal_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestRun_recoversTheStorefront(t *testing.T) {
	p := oneWay(t)
	twice := &repeater{steps: map[string]int{}}
	decider := names.Function(p.Name, "decide-failover")
	var struck *cloud.Cloud
	var calm int // events doubled before the disaster
	var ages map[string]published
	r, err := rehearse(t.Context(), t, rehearsal.Options{
		Plan:      p,
		AfterDone: twice.repeat,
		Before: func(c *cloud.Cloud) {
			struck, calm, ages = c, c.Doubled(decider), agesOf(t, c, p)
			twice.begin(c)
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the report is good", func(t *testing.T) { good(t, r) })
	t.Run("the ages in CloudWatch are right", func(t *testing.T) { rightAges(t, p, ages) })
	t.Run("every step was done, in the plan's order", func(t *testing.T) { inOrder(t, p, r) })
	t.Run("a step that is done changes nothing any more", func(t *testing.T) { twice.check(t, p) })
	t.Run("events that came twice started one run", func(t *testing.T) {
		if alarms := len(p.Detect.Alarms); struck.Doubled(decider)-calm != alarms {
			t.Errorf("%d events of %d alarms came twice", struck.Doubled(decider)-calm, alarms)
		}
		oneRun(t, decider, r, struck.Host.Invocations())
	})
	t.Run("passes were asked for through queues", func(t *testing.T) { throughQueues(t, p, r, struck) })
	t.Run("the run called nothing in the dead region", func(t *testing.T) { neverHome(t, p, r) })
}

// inTime plays the storefront again when the outage was too long. A second in which this
// machine is busy with something else is a minute of data time, so one run that is slow
// shows nothing: the best of three counts.
func inTime(t *testing.T, r *report.Report) bool {
	for again := 0; !r.RTO.Within(); again++ {
		if again == 2 {
			return false
		}
		t.Logf("RTO %s: once more", r.RTO.Measured())
		var err error
		if r, err = rehearse(t.Context(), t, rehearsal.Options{Plan: load(t, storefront)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

func good(t *testing.T, r *report.Report) {
	_, problems := r.Verdict()
	problems = slices.DeleteFunc(problems, func(p string) bool { return strings.HasPrefix(p, "The RTO is ") })
	if len(problems) > 0 {
		t.Errorf("not good: %q", problems)
	}
	if r.End != run.Recovered || r.Posture != run.Active || r.TimeScale != 60 {
		t.Errorf("end %s, posture %s, time scale %v", r.End, r.Posture, r.TimeScale)
	}
	if !r.RPO.Within() || !inTime(t, r) {
		t.Errorf("RTO %s, RPO %s", r.RTO.Measured(), r.RPO.Measured())
	}
	volumes := 0
	for _, point := range r.RecoveryPoints {
		if point.Policy == "data" {
			volumes++
		}
		if point.AgeSeconds <= 0 || !point.Within() {
			t.Errorf("recovery point %s is %v s old", point.Source, point.AgeSeconds)
		}
	}
	if volumes != 4 || len(r.RecoveryPoints) != 6 {
		t.Errorf("%d recovery points, %d of them volumes; want 6 with the image and the database, and 4", len(r.RecoveryPoints), volumes)
	}
	if r.Shopper.OutFrom.Before(r.StruckAt) || r.MovedAt.Before(r.StartedAt) || r.Shopper.OutTo.Before(r.MovedAt) {
		t.Errorf("struck %s, out from %s, run from %s, moved %s, out to %s", r.StruckAt, r.Shopper.OutFrom, r.StartedAt, r.MovedAt, r.Shopper.OutTo)
	}
}

func inOrder(t *testing.T, p *plan.Plan, r *report.Report) {
	var want, got []string
	for step := range p.Steps() {
		want = append(want, fmt.Sprintf("%s %s done", step.ID, step.Kind))
	}
	for _, step := range r.Steps {
		got = append(got, fmt.Sprintf("%s %s %s", step.Name, step.Kind, step.Outcome))
		if step.Started.Before(r.StartedAt) || step.Finished.Before(step.Started) {
			t.Errorf("step %s lasted from %s to %s", step.Name, step.Started, step.Finished)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The last four are one after the other: workers' data, parameter, verify, traffic.
	for i := len(r.Steps) - 3; i < len(r.Steps); i++ {
		if r.Steps[i].Started.Before(r.Steps[i-1].Finished) {
			t.Errorf("step %s began before %s was done", r.Steps[i].Name, r.Steps[i-1].Name)
		}
	}
}

// oneRun: Lambda doubles some of what it is given, on top of what EventBridge has
// delivered twice. Leftovers would name a second execution.
func oneRun(t *testing.T, decider string, r *report.Report, invocations []lambdahost.Invocation) {
	delivered, doubled := map[string]int{}, 0
	for _, i := range invocations {
		if i.Asynchronous && i.Attempt == 1 && i.Function == decider {
			if delivered[i.RequestID]++; delivered[i.RequestID] == 2 {
				doubled++
			}
		}
	}
	if doubled == 0 {
		t.Error("Lambda doubled nothing of what decide-failover got: nothing was shown")
	}
	if len(r.Leftovers) != 0 {
		t.Errorf("left over: %q", r.Leftovers)
	}
}

// oneWay is the storefront without its ways back: their steps look at the primary
// region every half hour, with the same roles, whether they would work. The run's own
// invocations wait for none of that.
func oneWay(t *testing.T) *plan.Plan {
	p := load(t, storefront)
	p.Failback, p.Repair = nil, nil
	return p
}

// neverHome: no role on a run's path made any call to the primary region, also
// before it was struck; but for the fence's, which looks there on its schedule.
func neverHome(t *testing.T, p *plan.Plan, r *report.Report) {
	onPath := stepRoles(p)
	delete(onPath, names.Function(p.Name, string(plan.KindFence)))
	for _, function := range []string{"decide-failover", "open-run", "close-run", "publish-posture"} {
		onPath[names.Function(p.Name, function)] = true
	}
	onPath[names.Machine(p.Name, plan.CourseRecover)] = true
	called := map[string]bool{}
	for _, call := range r.Calls {
		if !onPath[call.Role] {
			continue
		}
		called[call.Role] = true
		if call.Region == p.Primary || call.Hung > 0 {
			t.Errorf("%s called %s:%s in %s %d times, %d of them without an answer", call.Role, call.Service, call.Action, call.Region, call.Count, call.Hung)
		}
		if call.Outside {
			t.Errorf("%s is of the plan, and the report calls it an outsider", call.Role)
		}
	}
	for role := range onPath {
		if !called[role] {
			t.Errorf("%s made no call at all: nothing was shown", role)
		}
	}
}

// repeater invokes every function that said DONE twice more, and notes what that
// changed in AWS.
type repeater struct {
	mu    sync.Mutex
	cloud *cloud.Cloud
	steps map[string]int // repetitions, by step
	wrong []string
}

func (r *repeater) begin(c *cloud.Cloud) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cloud = c
}

func (r *repeater) repeat(function string, payload []byte, again func() front.Result) {
	r.mu.Lock()
	c := r.cloud
	r.mu.Unlock()
	var request struct{ Step string }
	if err := json.Unmarshal(payload, &request); err != nil || request.Step == "" {
		request.Step = function // open-run is no step, and must be as calm
	}
	// Another step of the same kind may be at work in another branch, under the
	// same role. It comes to an end; what is not idempotent changes AWS every time.
	var changed string
	for range 5 {
		before := changes(c, function)
		for range 2 {
			if answer := again(); !strings.Contains(string(answer.Payload), `"status":"DONE"`) {
				r.note(request.Step, "again answered "+string(answer.Payload))
			}
		}
		if changed = cmp.Diff(before, changes(c, function)); changed == "" {
			break
		}
	}
	r.note(request.Step, changed)
}

func (r *repeater) note(step, wrong string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps[step]++
	if wrong != "" {
		r.wrong = append(r.wrong, step+": "+wrong)
	}
}

func (r *repeater) check(t *testing.T, p *plan.Plan) {
	for _, wrong := range r.wrong {
		t.Error(wrong)
	}
	for step := range p.Steps() {
		if r.steps[step.ID] == 0 {
			t.Errorf("step %s was not repeated", step.ID)
		}
	}
}

// changes are the mutating calls of a role that AWS did not refuse, by action.
func changes(c *cloud.Cloud, role string) map[string]int {
	made := map[string]int{}
	for _, call := range c.Front.Calls() {
		if call.Role == role && call.Mutating {
			made[call.Service+":"+call.Action] = call.Count - call.Errors
		}
	}
	return made
}
