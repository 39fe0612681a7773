package decide_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// ago is so long before noon, when the disaster of these tests began.
func ago(d time.Duration) time.Time { return noon.Add(-d) }

// later is ten minutes into it.
var later = noon.Add(10 * time.Minute)

// atNoon are signals that began at noon and were enough two minutes later.
var atNoon = decide.Tally{Quorum: 2, Disaster: 2, Began: noon, Reached: noon.Add(2 * time.Minute)}

func TestOutlook_saysWhatWouldBeLost(t *testing.T) {
	hourly := decide.Protected{Policy: "data", RPO: plan.Duration(time.Hour)}
	carts := decide.Protected{Policy: "data", RPO: plan.Duration(time.Minute), Continuous: true}
	stuck := atNoon
	stuck.Began = ago(72 * time.Hour)
	undated := decide.Tally{Quorum: 1, Disaster: 1}
	for name, tt := range map[string]struct {
		policy decide.Protected
		age    run.Age // of data; the zero one: there is none
		seen   decide.Tally
		want   string
		speaks bool // against a start
	}{
		"within the RPO": {hourly, run.Age{Policy: "data", Newest: ago(50 * time.Minute), At: ago(3 * time.Minute)}, atNoon,
			"policy data would lose the last 50m, within its RPO of 1h: what it has is of 2026-11-22 11:10:00Z", false},
		"to the second": {hourly, run.Age{Policy: "data", Newest: ago(time.Hour), At: ago(3 * time.Minute)}, atNoon,
			"policy data would lose the last 1h, within its RPO of 1h: what it has is of 2026-11-22 11:00:00Z", false},
		"a second more": {hourly, run.Age{Policy: "data", Newest: ago(time.Hour + time.Second), At: ago(3 * time.Minute)}, atNoon,
			"policy data would lose the last 1h0m1s, more than its RPO of 1h: what it has is of 2026-11-22 10:59:59Z", true},
		"a copy that arrived during the disaster": {hourly, run.Age{Policy: "data", Newest: ago(25 * time.Minute), At: later}, atNoon,
			"policy data would lose the last 25m, within its RPO of 1h: what it has is of 2026-11-22 11:35:00Z", false},
		"points that go on being taken": {hourly, run.Age{Policy: "data", Newest: noon.Add(time.Minute), At: later}, atNoon,
			"policy data would lose the last 0s, within its RPO of 1h: what it has is of 2026-11-22 12:01:00Z", false},
		"a source without a point": {hourly, run.Age{Policy: "data", At: ago(3 * time.Minute)}, atNoon,
			"policy data has a source without a usable recovery point: all of its data would be lost", true},
		"a look that failed during the disaster": {hourly, run.Age{Policy: "data", Newest: ago(50 * time.Minute), At: ago(3 * time.Minute), Problem: "us-east-1 does not answer"}, atNoon,
			"policy data would lose the last 50m, within its RPO of 1h: what it has is of 2026-11-22 11:10:00Z", false},
		"looks that failed before": {hourly, run.Age{Policy: "data", Newest: ago(50 * time.Minute), At: ago(16 * time.Minute), Problem: "AccessDenied"}, atNoon,
			"nobody knows what policy data would lose: its recovery points were seen last at 2026-11-22 11:44:00Z (AccessDenied)", true},
		"a publisher that stopped": {hourly, run.Age{Policy: "data", Newest: ago(50 * time.Minute), At: ago(16 * time.Minute)}, atNoon,
			"nobody knows what policy data would lose: its recovery points were seen last at 2026-11-22 11:44:00Z (nobody has looked since)", true},
		"looks that never succeeded": {hourly, run.Age{Policy: "data", Problem: "AccessDenied"}, atNoon,
			"nobody knows what policy data would lose: AccessDenied", true},
		"no look at all": {hourly, run.Age{Policy: "web", Newest: noon, At: noon}, atNoon,
			"nobody knows what policy data would lose: its recovery points were never looked at", true},
		"a replica that followed until the disaster": {carts, run.Age{Policy: "data", Newest: ago(5*time.Minute + 2*time.Second), At: ago(5 * time.Minute)}, atNoon,
			"policy data would lose the last 2s, within its RPO of 1m: what it has is of 2026-11-22 11:54:58Z", false},
		"a replica that did not": {carts, run.Age{Policy: "data", Newest: ago(7 * time.Minute), At: ago(5 * time.Minute)}, atNoon,
			"policy data would lose the last 2m, more than its RPO of 1m: what it has is of 2026-11-22 11:53:00Z", true},
		"a replica that was seen again during the disaster": {carts, run.Age{Policy: "data", Newest: ago(2 * time.Second), At: later}, atNoon,
			"policy data would lose the last 2s, within its RPO of 1m: what it has is of 2026-11-22 11:59:58Z", false},
		"an alarm that has been on for days": {hourly, run.Age{Policy: "data", Newest: ago(20 * time.Hour), At: ago(3 * time.Minute)}, stuck,
			"policy data would lose the last 20h2m, more than its RPO of 1h: what it has is of 2026-11-21 16:00:00Z", true},
		"signals of which nobody knows since when": {hourly, run.Age{Policy: "data", Newest: ago(55 * time.Minute), At: noon}, undated,
			"policy data would lose the last 1h5m, more than its RPO of 1h: what it has is of 2026-11-22 11:05:00Z", true},
	} {
		t.Run(name, func(t *testing.T) {
			got := decide.Gate{Policies: []decide.Protected{tt.policy}}.Outlook([]run.Age{tt.age}, nil, tt.seen, later)
			want := decide.Outlook{Loss: []string{tt.want}, Since: got.Since}
			if tt.speaks {
				want.Objections = want.Loss
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutlook_objectsToWhatWasNotReadyBeforeTheDisaster(t *testing.T) {
	red := []string{"there is no image", "subnet-1 is full"}
	for name, tt := range map[string]struct {
		ready []run.Readiness
		want  []string
	}{
		"ready":                                {[]run.Readiness{{Step: "web", At: ago(29 * time.Minute)}}, nil},
		"ready, and one check was late":        {[]run.Readiness{{Step: "web", At: ago(70 * time.Minute)}}, nil},
		"not ready":                            {[]run.Readiness{{Step: "web", Problems: red, Since: ago(time.Hour), At: ago(time.Minute)}}, []string{"step web is not ready since 2026-11-22 11:00:00Z: there is no image; subnet-1 is full"}},
		"not ready, and checked again since":   {[]run.Readiness{{Step: "web", Problems: red, Since: ago(11 * time.Minute), At: later}}, []string{"step web is not ready since 2026-11-22 11:49:00Z: there is no image; subnet-1 is full"}},
		"what the disaster broke":              {[]run.Readiness{{Step: "web", Problems: red, Since: later, At: later}}, nil},
		"what it broke before the first alarm": {[]run.Readiness{{Step: "web", Problems: red, Since: ago(3 * time.Minute), At: later}}, nil},
		"checks that stopped":                  {[]run.Readiness{{Step: "web", At: ago(71 * time.Minute)}}, []string{"whether step web would work is not known: it was checked last at 2026-11-22 10:49:00Z"}},
		"another step, and the way back's": {
			[]run.Readiness{{Step: "data", At: noon}, {Course: plan.CourseFailback, Step: "web", At: noon}},
			[]string{"whether step web would work is not known: it was never checked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range tt.ready {
				if tt.ready[i].Course == "" {
					tt.ready[i].Course = plan.CourseRecover
				}
			}
			got := decide.Gate{Steps: []string{"web"}}.Outlook(nil, tt.ready, atNoon, later)
			if diff := cmp.Diff(decide.Outlook{Objections: tt.want, Since: noon}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Signals that were not enough for days, until a second one was, tell nothing of the
// days between: neither that checks found the disaster, nor that they need not be new.
func TestOutlook_takesNoOldAlarmForTheBeginning(t *testing.T) {
	seen := atNoon
	seen.Began = ago(72 * time.Hour)
	ready := []run.Readiness{
		{Course: plan.CourseRecover, Step: "web", Problems: []string{"there is no image"}, Since: ago(40 * time.Hour), At: ago(time.Minute)},
		{Course: plan.CourseRecover, Step: "data", At: ago(50 * time.Hour)},
	}
	got := decide.Gate{Steps: []string{"web", "data"}}.Outlook(nil, ready, seen, later)
	if len(got.Objections) != 2 || !got.Since.Equal(seen.Reached) {
		t.Errorf("since %s: %q; want one to each step, since there were enough", got.Since, got.Objections)
	}
}
