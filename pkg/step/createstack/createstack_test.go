package createstack

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// world is a run's step before CloudFormation.
type world struct {
	*formation
	simulated.Caller
	kind *Kind
	run  step.Run
	spec plan.CreateStack
}

func newWorld(t *testing.T) *world {
	f, cfg := newFormation(t)
	f.needs = []string{"Database"}
	w := &world{
		formation: f,
		run: step.Run{
			Plan: "storefront", ID: "storefront-3", Step: "site", Mode: run.Unplanned, Recovery: "us-west-2", Began: t0,
			Outputs: map[string]map[string]string{"orders": {"endpoint": "db.example"}},
		},
		spec: plan.CreateStack{
			Stack: "storefront-web", Template: "https://templates.s3.us-west-2.amazonaws.com/web.yaml", Role: "stacks/maker",
			Parameters: map[string]string{"Database": "${orders.endpoint}"}, Capabilities: []string{"CAPABILITY_IAM"}, Outputs: []string{"Address"},
		},
	}
	w.kind = New(w.On(cfg))
	return w
}

func (w *world) advance() (step.Progress, error) {
	w.run.Now = w.now
	return w.kind.Advance(w.formation.t.Context(), w.run, w.spec)
}

// settled looks three times between any two moments, until the step is done.
func (w *world) settled(look func() (step.Progress, error)) (progress step.Progress, err error) {
	w.formation.t.Helper()
	for range 10 {
		for range 3 {
			if progress, err = look(); err != nil && !errors.Is(err, simulated.ErrCrash) {
				return progress, err
			}
		}
		if progress.Done {
			return progress, nil
		}
		w.later()
	}
	w.formation.t.Fatalf("not done: %+v", progress)
	return progress, nil
}

func (w *world) undone() step.Progress {
	w.formation.t.Helper()
	got, err := w.settled(func() (step.Progress, error) { return w.kind.Undo(w.formation.t.Context(), w.run, w.spec) })
	if err != nil {
		w.formation.t.Fatal(err)
	}
	return got
}

func TestAdvance_makesOneStackAndHandsOnItsOutputs(t *testing.T) {
	for crash := range 2 {
		w := newWorld(t)
		w.CrashAt = crash
		got, err := w.settled(w.advance)
		if err != nil || !maps.Equal(got.Outputs, map[string]string{"Address": "lb.example"}) {
			t.Errorf("%+v, %v; want the output Address", got, err)
		}
		if !slices.Equal(w.Changes, []string{"us-west-2.CreateStack"}) || w.there() != "storefront-web CREATE_COMPLETE" {
			t.Errorf("crash %d: changes %v, there is %s", crash, w.Changes, w.there())
		}
		want := []pair{{"Database", "db.example"}}
		if diff := cmp.Diff(want, w.stacks[0].Parameters); diff != "" {
			t.Errorf("parameters (-want +got):\n%s", diff)
		}
	}
}

func TestAdvance_tellsTheFirstResourceThatFailedAndMakesAnotherOnRetry(t *testing.T) {
	w := newWorld(t)
	w.fails = "The maximum number of load balancers has been reached."
	_, err := w.settled(w.advance)
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "Balancer (AWS::X::Balancer): The maximum number") {
		t.Errorf("error %v; want a permanent one that tells why", err)
	}
	w.fails, w.run.Attempt, w.run.Began = "", 1, w.now
	if got, err := w.settled(w.advance); err != nil || !got.Done {
		t.Errorf("retry: %+v, %v", got, err)
	}
	if want := []string{"us-west-2.CreateStack", "us-west-2.DeleteStack", "us-west-2.CreateStack"}; !slices.Equal(w.Changes, want) {
		t.Errorf("changes %v; want %v", w.Changes, want)
	}
}

func TestAdvance_usesWhatAnEarlierRunLeftWhenItFits(t *testing.T) {
	w := newWorld(t)
	if _, err := w.settled(w.advance); err != nil {
		t.Fatal(err)
	}
	w.run.ID, w.run.Began = "storefront-5", w.now
	if got, err := w.advance(); err != nil || got.Outputs["Address"] != "lb.example" {
		t.Errorf("%+v, %v; want done", got, err)
	}
	w.run.Outputs["orders"]["endpoint"] = "other.example"
	if _, err := w.advance(); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "Database") {
		t.Errorf("error %v; want one that names the parameter", err)
	}
	if w.undone(); w.there() == "" || len(w.Changes) != 1 {
		t.Errorf("changes %v: an earlier run's stack is not this one's to delete", w.Changes)
	}
}

func TestAdvance_leavesSomebodyElsesStackAlone(t *testing.T) {
	w := newWorld(t)
	w.stacks = []*stack{{StackId: "x", StackName: "storefront-web", Status: "CREATE_COMPLETE"}}
	if _, err := w.advance(); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "another name") {
		t.Errorf("error %v; want a permanent one", err)
	}
	if w.undone(); len(w.Changes) > 0 {
		t.Errorf("changes %v", w.Changes)
	}
}

func TestAdvance_refusesAnOutputThatTheStackLacks(t *testing.T) {
	w := newWorld(t)
	w.spec.Outputs = []string{"Adress"}
	if _, err := w.settled(w.advance); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "Address, Other") {
		t.Errorf("error %v; want one that names the outputs there are", err)
	}
}

func TestUndo_leavesNoStackWhateverTheMoment(t *testing.T) {
	for name, until := range map[string]func(*world){
		"before the first look": func(*world) {},
		"after a crash":         func(w *world) { w.CrashAt = 1; w.advance() },
		"while it is created":   func(w *world) { w.advance() },
		"complete":              func(w *world) { w.settled(w.advance) },
		"rolled back":           func(w *world) { w.fails = "no"; w.settled(w.advance) },
		"while it rolls back":   func(w *world) { w.fails = "no"; w.advance(); w.later() },
	} {
		for crash := range 2 {
			w := newWorld(t)
			until(w)
			w.CrashAt = len(w.Changes) + crash
			if got := w.undone(); got.Left != "" || w.there() != "" {
				t.Errorf("%s: left %q, there is %s", name, got.Left, w.there())
			}
		}
	}
}

func TestUndo_saysWhatCannotBeDeleted(t *testing.T) {
	w := newWorld(t)
	if _, err := w.settled(w.advance); err != nil {
		t.Fatal(err)
	}
	w.sticky = "The bucket is not empty"
	if got := w.undone(); !strings.Contains(got.Left, "Bucket (AWS::X::Bucket): The bucket is not empty") {
		t.Errorf("left %q; want the reason", got.Left)
	}
}

func TestDrill_makesAStackOfItsOwnAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.settled(w.advance); err != nil { // an earlier failover's
		t.Fatal(err)
	}
	w.run.ID, w.run.Mode, w.run.Drill = "storefront-4", run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	if _, err := w.settled(w.advance); err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, tag := range w.stacks[1].Tags {
		made[tag.Key] = tag.Value
	}
	if made[lineage.Drill] != "storefront-4" || made[lineage.Expires] != t0.Add(8*time.Hour).Format(time.RFC3339) || w.stacks[1].StackName != "storefront-web-drill" {
		t.Errorf("%s has the tags %v", w.stacks[1].StackName, made)
	}
	if w.undone(); w.there() != "storefront-web CREATE_COMPLETE" {
		t.Errorf("there is %s", w.there())
	}
}

func TestCheck_comparesTheTemplateWithThePlan(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string // empty: no problem
	}{
		"all fits":                       {func(*world) {}, ""},
		"no role":                        {func(w *world) { w.spec.Role = "" }, `"role"`},
		"a template that cannot be read": {func(w *world) { w.spec.Template = "https://x.s3.amazonaws.com/none" }, "Access Denied"},
		"a parameter is missing":         {func(w *world) { w.needs = append(w.needs, "Zone") }, "Zone"},
		"a parameter is unknown":         {func(w *world) { w.spec.Parameters["Databse"] = "x" }, "Databse"},
		"a capability is missing":        {func(w *world) { w.spec.Capabilities = nil }, "CAPABILITY_IAM: it makes roles"},
		"the name is taken":              {func(w *world) { w.stacks = []*stack{{StackName: "storefront-web"}} }, "another name"},
		"the drill's name is taken":      {func(w *world) { w.stacks = []*stack{{StackName: "storefront-web-drill"}} }, "another name"},
		"an earlier run's stack":         {func(w *world) { w.settled(w.advance) }, ""},
	} {
		w := newWorld(t)
		c.change(w)
		w.run.Drill = &plan.Drill{Suffix: "drill"}
		changed := len(w.Changes)
		problems, err := w.kind.Check(t.Context(), w.run, w.spec)
		if err != nil || len(problems) > 1 || (len(problems) == 1) != (c.want != "") || !strings.Contains(strings.Join(problems, ""), c.want) {
			t.Errorf("%s: problems %q, %v; want one with %q", name, problems, err, c.want)
		}
		if len(w.Changes) != changed {
			t.Errorf("%s: changed %v", name, w.Changes)
		}
	}
}
