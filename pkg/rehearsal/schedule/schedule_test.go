package schedule

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// table has schedules that are first due at start; fired collects what they
// invoke.
func table(t *testing.T, schedules ...Schedule) (tab *Table, start time.Time, fired *[]string) {
	t.Helper()
	c, err := clock.New(os.DevNull, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fired = new([]string)
	tab = New(c, func(target string, input []byte) {
		*fired = append(*fired, target+" "+string(input))
	}, schedules)
	return tab, tab.NextDue(), fired
}

var (
	data = Schedule{Name: "data", Every: 30 * time.Minute, Target: "protect-snapshots", Input: []byte(`{"policy":"data"}`)}
	web  = Schedule{Name: "web", Every: 24 * time.Hour, Target: "protect-images", Input: []byte(`{"policy":"web"}`)}
)

func TestRun_firesAtTheStartAndThenOnTheGrid(t *testing.T) {
	tab, start, fired := table(t, data, web)
	for _, at := range []struct {
		after time.Duration
		want  int
	}{{0, 2}, {time.Minute, 0}, {30 * time.Minute, 1}, {30 * time.Minute, 0}, {61 * time.Minute, 1}, {89 * time.Minute, 0}} {
		if n := tab.Run(start.Add(at.after)); n != at.want {
			t.Errorf("after %s: fired %d, want %d", at.after, n, at.want)
		}
	}
	want := []string{
		`protect-snapshots {"policy":"data"}`, `protect-images {"policy":"web"}`,
		`protect-snapshots {"policy":"data"}`, `protect-snapshots {"policy":"data"}`,
	}
	if diff := cmp.Diff(want, *fired); diff != "" {
		t.Error(diff)
	}
	if next := tab.NextDue().Sub(start); next != 90*time.Minute {
		t.Errorf("next is due after %s, want 1h30m", next)
	}
}

func TestRun_firesOnceWhenSeveralTimesHavePassed(t *testing.T) {
	tab, start, _ := table(t, data)
	if n := tab.Run(start.Add(5 * time.Hour)); n != 1 {
		t.Errorf("fired %d, want 1", n)
	}
	if next := tab.NextDue().Sub(start); next != 5*time.Hour+30*time.Minute {
		t.Errorf("next is due after %s, want 5h30m", next)
	}
}

func TestNextDue_leadsThroughEveryTimeOfEverySchedule(t *testing.T) {
	tab, start, fired := table(t, data, web)
	for tab.NextDue().Before(start.Add(24*time.Hour + time.Second)) {
		tab.Run(tab.NextDue())
	}
	if n := len(*fired); n != 49+2 {
		t.Errorf("fired %d times in a day, want 51", n)
	}
}

func TestRun_firesAScheduleWithoutAnIntervalOnce(t *testing.T) {
	tab, start, _ := table(t, Schedule{Name: "once", Target: "f"})
	if a, b := tab.Run(start), tab.Run(start.Add(time.Hour)); a != 1 || b != 0 {
		t.Errorf("fired %d and %d, want 1 and 0", a, b)
	}
	if next := tab.NextDue(); !next.IsZero() {
		t.Errorf("it is due again at %s", next)
	}
}

func TestStop_isOverWithStartAndNothingIsMadeUpFor(t *testing.T) {
	tab, start, fired := table(t, data)
	tab.Run(start)
	if err := tab.Stop("data"); err != nil {
		t.Fatal(err)
	}
	if n := tab.Run(start.Add(2 * time.Hour)); n != 0 || !tab.NextDue().IsZero() {
		t.Errorf("fired %d although stopped; next %s", n, tab.NextDue())
	}
	if err := tab.clock.Jump(2*time.Hour + time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := tab.Start("data"); err != nil {
		t.Fatal(err)
	}
	if next := tab.NextDue().Sub(start); next != 2*time.Hour+30*time.Minute || len(*fired) != 1 {
		t.Errorf("next is due after %s, want 2h30m; fired %v", next, *fired)
	}
}

func TestStop_refusesANameThatIsNotThere(t *testing.T) {
	tab, _, _ := table(t, data)
	if err := errors.Join(tab.Stop("dta"), tab.Start("dta")); !errors.Is(err, ErrUnknown) {
		t.Errorf("err = %v", err)
	}
}
