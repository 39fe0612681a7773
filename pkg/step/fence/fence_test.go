package fence

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestAdvance_shutsWhatThePlanNamesAndUndoRestoresExactlyThat(t *testing.T) {
	w := newWorld(t, run.Planned)
	before := w.shown()
	if got := w.advance(); !strings.Contains(got.Detail, "takes no writes: 4 shut") {
		t.Errorf("%+v", got)
	}
	w.isFenced()
	changes := len(w.caller.Changes)
	for range 2 {
		w.advance()
	}
	if extra := w.caller.Changes[changes:]; len(extra) > 0 {
		t.Errorf("looks after it was done made the changes %v", extra)
	}
	if !w.book.Of("storefront").Unfenced.IsZero() {
		t.Error("the ledger says that it is unfenced")
	}
	for range 3 {
		if got := w.undo(); got.Left != "" {
			t.Errorf("left: %s", got.Left)
		}
	}
	if diff := cmp.Diff(before, w.shown()); diff != "" {
		t.Errorf("after the undo (-before +after):\n%s", diff)
	}
}

// Whatever call it is that the function dies after, the next one goes on, and the
// way back leads to where it began.
func TestAdvance_isTakenBackAfterACrashAtAnyCall(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t, run.Planned)
		before := w.shown()
		w.caller.CrashAt = at
		w.run.Now = w.now()
		_, _ = w.kind().Advance(t.Context(), w.run, w.spec)
		died := len(w.caller.Changes) >= at
		if at%2 == 0 { // every other one is gone on with first
			w.advance()
			w.isFenced()
		}
		w.undo()
		if diff := cmp.Diff(before, w.shown()); diff != "" {
			t.Errorf("died after change %d, %v (-before +after):\n%s", at, w.caller.Changes, diff)
		}
		if !died {
			if at < 7 {
				t.Errorf("a fence of an instance, a group and a database made %d changes", at-1)
			}
			return
		}
	}
}

func TestUndo_openedNothingThatThisRunDidNotShut(t *testing.T) {
	w := newWorld(t, run.Planned)
	w.run.ID = "storefront-0"
	w.advance()
	shut := w.shown()
	w.run.ID = "storefront-1"
	w.undo()
	if diff := cmp.Diff(shut, w.shown()); diff != "" {
		t.Errorf("the undo of another run changed (-before +after):\n%s", diff)
	}
}

func TestAdvance_ofAnUnplannedRunAsksThePrimaryForNothing(t *testing.T) {
	w := newWorld(t, run.Unplanned)
	w.front.Strike(home)
	if got := w.advance(); !strings.Contains(got.Detail, "unfenced since "+w.run.Began.Format("2006-01-02T15:04")) {
		t.Errorf("%+v", got)
	}
	if since := w.book.Of("storefront").Unfenced; !since.Equal(w.run.Began) {
		t.Errorf("the ledger says unfenced since %s", since)
	}
	w.undo()
	if n := w.calls(); n > 0 {
		t.Errorf("%d calls to a region that does not answer", n)
	}
	if !w.book.Of("storefront").Unfenced.IsZero() {
		t.Error("an aborted run leaves a primary that serves, and a ledger that says it is unfenced")
	}
}

func TestAdvance_leavesThePrimaryAloneInADrill(t *testing.T) {
	w := newWorld(t, run.Drill)
	w.run.Drill = &plan.Drill{Suffix: "drill"}
	if got := w.advance(); !strings.HasPrefix(got.Detail, "left out in a drill: ") {
		t.Errorf("%+v", got)
	}
	w.undo()
	if n, calls := w.calls(), w.book.Calls(); n > 0 || len(calls) > 0 {
		t.Errorf("%d calls to the primary, %v to the ledger", n, calls)
	}
}

// A failback leaves the recovery region; whether the old primary is fenced is
// another question.
func TestAdvance_ofAFailbackSaysNothingOfTheOldPrimary(t *testing.T) {
	w := newWorld(t, run.Planned)
	state := w.book.Of("storefront")
	state.Posture, state.Mode, state.Unfenced = run.FailingBack, run.Failback, w.run.Began
	w.book.Set(state)
	w.run.Mode = run.Failback
	w.advance()
	w.isFenced()
	if since := w.book.Of("storefront").Unfenced; !since.Equal(w.run.Began) {
		t.Errorf("the ledger says unfenced since %s", since)
	}
}

func TestAdvance_refusesAGroupThatIsNotThere(t *testing.T) {
	w := newWorld(t, run.Planned)
	w.spec.Groups = []string{"wen"}
	_, err := w.kind().Advance(t.Context(), w.run, w.spec)
	if failure.ClassOf(err) != failure.Permanent || len(w.caller.Changes) > 0 {
		t.Errorf("%v after the changes %v; want a permanent error and none", err, w.caller.Changes)
	}
}

// A plan that can be failed back names the database of today and that of tomorrow.
func TestAdvance_passesOverADatabaseThatIsNotThereYet(t *testing.T) {
	w := newWorld(t, run.Planned)
	w.spec.Databases = []string{"orders", "orders-2"}
	w.advance()
	w.isFenced()
	w.spec.Databases = []string{"orders-2"}
	_, err := w.kind().Advance(t.Context(), w.run, w.spec)
	if failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v; want it to refuse to fence none of the databases", err)
	}
}

func TestCheck_findsWhatWouldStopAFence(t *testing.T) {
	w := newWorld(t, run.Planned)
	check := func(spec plan.Fence) []string {
		t.Helper()
		problems, err := w.kind().Check(t.Context(), w.run, spec)
		if err != nil {
			t.Fatal(err)
		}
		return problems
	}
	if problems := check(w.spec); len(problems) > 0 {
		t.Errorf("of a fence that works: %q", problems)
	}
	for name, c := range map[string]struct {
		change func(*plan.Fence)
		want   string
	}{
		"no such tags":     {func(s *plan.Fence) { s.Instances = &plan.Selector{Tags: map[string]string{"app": "nobody's"}} }, "it would stop nothing"},
		"no such group":    {func(s *plan.Fence) { s.Groups = []string{"wen"} }, "no Auto Scaling group wen"},
		"no such database": {func(s *plan.Fence) { s.Databases = []string{"order"} }, "there is no database order:"},
		"no such wall":     {func(s *plan.Fence) { s.SecurityGroup = "sg-0123456789abcdef0" }, "no security group sg-0123456789abcdef0"},
		"a replacing group": {func(s *plan.Fence) {
			s.Instances, s.Groups = &plan.Selector{Tags: map[string]string{"aws:autoscaling:groupName": "web"}}, nil
		}, "name the group under fence.groups"},
	} {
		spec := w.spec
		c.change(&spec)
		if problems := check(spec); !strings.Contains(strings.Join(problems, "\n"), c.want) {
			t.Errorf("%s: %q; want %q", name, problems, c.want)
		}
	}
	w.run.Primary = plan.OnPremises
	if problems := check(w.spec); len(problems) != 1 || !strings.Contains(problems[0], "on-premises") {
		t.Errorf("of a primary on-premises: %q", problems)
	}
	if len(w.caller.Changes) > 0 {
		t.Errorf("a check made the changes %v", w.caller.Changes)
	}
}

// A person who puts another tag of that name on a group does not lead Undo astray.
func TestUndo_leavesANoteThatIsNotOurs(t *testing.T) {
	w := newWorld(t, run.Planned)
	g := &group{autoscaling: autoscaling.NewFromConfig(w.aws.Config(home)), by: "by hand", id: "web", size: size{9, 9, 9}}
	if err := g.remember(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := w.shown()
	w.undo()
	if diff := cmp.Diff(before, w.shown()); diff != "" || len(w.caller.Changes) > 0 {
		t.Errorf("changes %v (-before +after):\n%s", w.caller.Changes, diff)
	}
}

func TestAdvance_doesNotCallNothingShutFenced(t *testing.T) {
	w := newWorld(t, run.Planned)
	w.run.Now = w.now()
	spec := plan.Fence{Instances: &plan.Selector{Tags: map[string]string{"app": "misspelt"}}}
	if got, err := w.kind().Advance(t.Context(), w.run, spec); failure.ClassOf(err) != failure.Permanent || got.Done {
		t.Errorf("a fence whose tags no instance has: %+v, %v", got, err)
	}
}
