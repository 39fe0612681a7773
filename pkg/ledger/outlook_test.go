package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestReady_keepsSinceWhenAStepHasNotBeenReady(t *testing.T) {
	both(t, func(t *testing.T, b book, name string) {
		broken, mended := []string{"there is no subnet"}, []string(nil)
		for i, c := range []struct {
			problems []string
			since    int // the look that it counts from; -1: it is ready
		}{{broken, 0}, {[]string{"another one"}, 0}, {mended, -1}, {broken, 3}, {broken, 3}, {mended, -1}, {mended, -1}} {
			at := func(look int) time.Time { return noon.Add(time.Duration(look) * 30 * time.Minute) }
			want := run.Readiness{Course: plan.CourseRecover, Step: "web", Problems: c.problems, At: at(i)}
			if err := b.Ready(t.Context(), name, want); err != nil {
				t.Fatal(err)
			}
			if c.since >= 0 {
				want.Since = at(c.since)
			}
			got, now, err := b.Readiness(t.Context(), name)
			if err != nil || now.IsZero() {
				t.Fatalf("read at %s: %v", now, err)
			}
			if diff := cmp.Diff([]run.Readiness{want}, got); diff != "" {
				t.Errorf("look %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

func TestAged_keepsTheLastWordOnEachPolicy(t *testing.T) {
	both(t, func(t *testing.T, b book, name string) {
		if ages, err := b.Ages(t.Context(), name); err != nil || len(ages) > 0 {
			t.Fatalf("of a plan that nobody looked at: %v, %v", ages, err)
		}
		last := run.Age{Policy: "data", Newest: noon, At: noon.Add(5 * time.Minute), Problem: "us-east-1 does not answer"}
		web := run.Age{Policy: "web", At: noon}
		for _, age := range []run.Age{{Policy: "data", Newest: noon, At: noon}, web, last} {
			if err := b.Aged(t.Context(), name, age); err != nil {
				t.Fatal(err)
			}
		}
		ages, err := b.Ages(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]run.Age{last, web}, ages); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
