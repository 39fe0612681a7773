package closing_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    run.Mode
		journal []run.Entry
		end     run.End
		says    string
	}{
		{"recovers when every step is done", "", journal("orders begun", "orders done", "web begun", "web done"), run.Recovered, "every step is done"},
		{"names what was skipped", "", journal("orders begun", "orders skipped", "web begun", "web done"), run.Recovered, "but for what was skipped: orders"},
		{"is dirty when a step began and is not done", "", journal("orders begun", "orders done", "web begun"), run.Dirty, "begun and not done: web"},
		{"aborts when nothing was begun", "", nil, run.Aborted, "no step was begun"},
		{"aborts when it failed before it changed anything", "", journal("run failed there is no point"), run.Aborted, "nothing was changed: there is no point"},
		{"is dirty when it failed after a step began", "", journal("orders begun", "run failed no replica"), run.Dirty, "no replica; begun and not done: orders"},
		{"is dirty when it failed between two steps", "", journal("orders begun", "orders done", "run failed no replica"), run.Dirty, "no replica"},
		{"names every step that is left half-way", "", journal("orders begun", "web begun", "data begun", "web done", "run failed no replica"), run.Dirty, "begun and not done: orders, data"},
		{"aborts when all is taken back", "", journal("orders begun", "run undoing ada said abort", "orders undone"), run.Aborted, "all of it is taken back: ada said abort"},
		{"aborts when it was aborted before it changed anything", "", journal("run undoing ada said abort"), run.Aborted, "nothing was changed: ada said abort"},
		{"is dirty when something is left, and says what to do", "", journal("orders begun", "run undoing ada said abort", "orders left Delete it by hand."), run.Dirty, "ada said abort; left: Delete it by hand."},
		{"is dirty while something is not taken back", "", journal("orders begun", "web begun", "run undoing ada said abort", "web undone"), run.Dirty, "not taken back: orders"},
		{"recovers when a drill is over and taken back", run.Drill, journal("orders begun", "orders done", "run undoing the drill is over", "orders undone"), run.Recovered, "every step is done, and taken back"},
		{"aborts a drill that was not carried to its end", run.Drill, journal("orders begun", "run undoing no capacity", "orders undone"), run.Aborted, "all of it is taken back: no capacity"},
		{"is dirty when a drill left something", run.Drill, journal("orders begun", "orders done", "run undoing the drill is over", "orders left Delete it by hand."), run.Dirty, "left: Delete it by hand."},
	} {
		t.Run(c.name, func(t *testing.T) {
			end, detail := closing.Judge(run.Record{State: run.State{Mode: c.mode}, Entries: c.journal})
			if end != c.end || !strings.Contains(detail, c.says) {
				t.Errorf("%s: %q; want %s and %q", end, detail, c.end, c.says)
			}
		})
	}
}

func TestJudge_neverClaimsMoreThanTheJournalShows(t *testing.T) {
	random := rand.New(rand.NewPCG(2026, 11))
	steps := []string{"orders", "web", "data", "verify"}
	events := []run.Event{run.Begun, run.Done, run.Failed, run.Good, run.Missed, run.Skipped, run.Held, run.Undoing, run.Undone, run.Left}
	for range 20000 {
		var entries []run.Entry
		for range random.IntN(14) {
			entries = append(entries, run.Entry{Step: steps[random.IntN(len(steps))], Event: events[random.IntN(len(events))]})
		}
		stop := []run.Event{"", run.Failed, run.Undoing}[random.IntN(3)]
		if stop != "" {
			entries = append(entries, run.Entry{Step: run.Whole, Event: stop, Detail: "it was stopped"})
		}
		has := func(step string, events ...run.Event) bool {
			return slices.ContainsFunc(entries, func(e run.Entry) bool { return slices.Contains(events, e.Event) && (step == "" || e.Step == step) })
		}
		unfinished := slices.ContainsFunc(steps, func(s string) bool { return has(s, run.Begun) && !has(s, run.Done, run.Skipped) })
		standing := slices.ContainsFunc(steps, func(s string) bool {
			return has(s, run.Begun) && !has(s, run.Undone) || stop == run.Undoing && has(s, run.Left)
		})
		switch end, detail := closing.Judge(run.Record{Entries: entries}); {
		case end == run.Recovered && (unfinished || stop != "" || !has("", run.Begun)):
			t.Fatalf("Recovered with %v", entries)
		case end == run.Aborted && standing:
			t.Fatalf("Aborted with %v", entries)
		case detail == "":
			t.Fatalf("%s without a reason, with %v", end, entries)
		}
	}
}
