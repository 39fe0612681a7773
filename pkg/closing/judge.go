package closing

import (
	"strings"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Judge says how a run ended and why, from its journal alone.
func Judge(record run.Record) (run.End, string) {
	stopped, was := record.Stopped()
	switch {
	case was && stopped.Event == run.Undoing:
		return takenBack(record, stopped)
	case was:
		return broken(record, stopped.Detail)
	case !record.Acted():
		return run.Aborted, "no step was begun"
	}
	if open := unfinished(record); len(open) > 0 {
		return run.Dirty, "begun and not done: " + strings.Join(open, ", ")
	}
	if passed := skipped(record); len(passed) > 0 {
		return run.Recovered, "every step is done, but for what was skipped: " + strings.Join(passed, ", ")
	}
	return run.Recovered, "every step is done"
}

// takenBack: all that could be taken back is. A drill whose steps were all over
// did what it was for.
func takenBack(record run.Record, stopped run.Entry) (run.End, string) {
	if open := record.Unsettled(); len(open) > 0 {
		return run.Dirty, stopped.Detail + "; not taken back: " + open[0].Step
	}
	if left := details(record, run.Left); len(left) > 0 {
		return run.Dirty, stopped.Detail + "; left: " + strings.Join(left, "; ")
	}
	if !record.Acted() {
		return run.Aborted, "nothing was changed: " + stopped.Detail
	}
	if record.State.Mode == run.Drill && len(unfinished(record)) == 0 && stopped.Detail == drillOver {
		return run.Recovered, "every step is done, and taken back"
	}
	return run.Aborted, "all of it is taken back: " + stopped.Detail
}

func broken(record run.Record, reason string) (run.End, string) {
	if !record.Acted() {
		return run.Aborted, "nothing was changed: " + reason
	}
	if open := unfinished(record); len(open) > 0 {
		reason += "; begun and not done: " + strings.Join(open, ", ")
	}
	return run.Dirty, reason
}

// unfinished are the steps that began and are neither done nor passed over.
func unfinished(record run.Record) []string {
	var steps []string
	for _, entry := range record.Begun() {
		if !record.Passed(entry.Step) {
			steps = append(steps, entry.Step)
		}
	}
	return steps
}

// skipped are the steps that were passed over and never done.
func skipped(record run.Record) []string {
	var steps []string
	for _, entry := range record.Entries {
		if _, done := record.First(entry.Step, run.Done); entry.Event == run.Skipped && !done {
			steps = append(steps, entry.Step)
		}
	}
	return steps
}

func details(record run.Record, event run.Event) []string {
	var all []string
	for _, entry := range record.Entries {
		if entry.Event == event {
			all = append(all, entry.Detail)
		}
	}
	return all
}

// drillOver is why a drill is taken back whose steps were all over.
const drillOver = "the drill is over"
