package step

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// flight is how long after a run was stopped the last look of one of its steps may
// still be acting: a branch that fails stops its siblings, but not the function
// that one of them has invoked. The functions' timeout and a margin.
const flight = 75 * time.Second

func (h handling[Spec]) undo(ctx context.Context, record run.Record) (Answer, error) {
	stopped, err := h.stopped(record)
	if err != nil {
		return Answer{}, err
	}
	begun, ok := record.First(h.request.Step, run.Begun)
	if !ok {
		return Answer{Status: StatusDone, Detail: "the step never began"}, nil
	}
	_, ended := record.First(h.request.Step, run.Done)
	if landed := stopped.Add(flight); !ended && record.Now.Before(landed) {
		return Answer{Status: StatusWait, WaitSeconds: int(landed.Sub(record.Now) / time.Second), Detail: "the step's last look may still be acting"}, nil
	}
	undoing, ok := record.First(h.request.Step, run.Undoing)
	if !ok {
		undoing = run.Entry{At: record.Now}
		if err := h.note(ctx, run.Undoing, 0, record.Now, Progress{}); err != nil {
			return Answer{}, err
		}
	}
	r, err := h.about(record, begun)
	if err != nil {
		return Answer{}, err
	}
	r.Ended, r.Stopped = ended, stopped
	progress, err := h.kind.Undo(ctx, r, h.request.Spec)
	switch {
	case err != nil && failure.ClassOf(err) != failure.TryAgain:
		progress = Progress{Done: true, Left: err.Error()}
	case err != nil:
		progress = Progress{Detail: err.Error()}
	}
	return h.settleUndo(ctx, record, undoing, progress)
}

// stopped is when the run was stopped, or its last step done: a step is taken back
// after that alone. A drill that was interrupted is one whose lock is another's.
func (h handling[Spec]) stopped(record run.Record) (time.Time, error) {
	if record.State.Interrupted(h.request.Run) {
		return record.State.Since, nil
	}
	if err := record.State.Holds(h.request.Run); err != nil {
		return time.Time{}, err
	}
	if entry, ok := record.Stopped(); ok {
		return entry.At, nil
	}
	return time.Time{}, failure.BadInputf("run %s goes on: nothing of it is taken back; answer \"abort\" to have that done", h.request.Run)
}

func (h handling[Spec]) settleUndo(ctx context.Context, record run.Record, undoing run.Entry, progress Progress) (Answer, error) {
	if limit := h.request.Timeout.D(); !progress.Done && limit > 0 && record.Now.Sub(undoing.At) > limit {
		progress = Progress{Done: true, Left: fmt.Sprintf("step %s was not taken back within %s: %s", h.request.Step, h.request.Timeout, progress.Detail)}
	}
	if !progress.Done {
		return Answer{Status: StatusWait, WaitSeconds: h.request.Pace.Wait(record.Now.Sub(undoing.At)), Detail: progress.Detail}, nil
	}
	event := run.Undone
	if progress.Left != "" {
		event, progress.Detail = run.Left, progress.Left
	}
	if err := h.note(ctx, event, 0, record.Now, progress); err != nil {
		return Answer{}, err
	}
	return Answer{Status: StatusDone, Detail: progress.Detail}, nil
}

// Undoing is the request that takes back the step which an entry says began.
func Undoing(begun run.Entry) (json.RawMessage, error) {
	var request map[string]json.RawMessage
	if err := json.Unmarshal(begun.Request, &request); err != nil {
		return nil, failure.Permanentf("the journal's request of step %s is not JSON: %v", begun.Step, err)
	}
	request["op"] = json.RawMessage(`"` + string(Undo) + `"`)
	return json.Marshal(request)
}
