package step

import (
	"context"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func (h handling[Spec]) advance(ctx context.Context, record run.Record) (Answer, error) {
	if err := h.may(record); err != nil {
		return Answer{}, err
	}
	record, begun, err := h.begin(ctx, record)
	if err != nil {
		return Answer{}, err
	}
	r, err := h.about(record, begun)
	if err != nil {
		return Answer{}, err
	}
	progress, err := h.kind.Advance(ctx, r, h.request.Spec)
	if err != nil {
		progress = Progress{Detail: err.Error()}
		if failure.ClassOf(err) != failure.TryAgain {
			return Answer{}, h.failed(ctx, record, progress, err)
		}
	}
	return h.settle(ctx, record, begun, progress)
}

// may is nil when the step may act for its run.
func (h handling[Spec]) may(record run.Record) error {
	if err := record.State.Holds(h.request.Run); err != nil {
		return err
	}
	if entry, stopped := record.Stopped(); stopped {
		return failure.Failed{Class: failure.RunOver, Message: "run " + h.request.Run + " was stopped: " + entry.Detail}
	}
	if answer, cancelled := record.Cancelled(); cancelled {
		return failure.Failed{Class: failure.Abort, Message: "run " + h.request.Run + " was cancelled by " + answer.By}
	}
	return nil
}

// begin is the entry of this attempt's beginning, written now if it is not there.
// It keeps the whole request, which takes the step back later. What is stopped
// between the look at the ledger and that entry is seen by a second look: whoever
// stops a run writes that first and then reads which steps began, so one of the two
// sees the other, and nothing is made that close-run does not know of.
func (h handling[Spec]) begin(ctx context.Context, record run.Record) (run.Record, run.Entry, error) {
	if begun, ok := record.Find(h.request.Step, run.Begun); ok {
		return record, begun, nil
	}
	begun := run.Entry{
		Run: h.request.Run, Step: h.request.Step, Event: run.Begun, Attempt: record.Attempt(h.request.Step), At: record.Now,
		Mode: record.Mode(), Kind: h.request.Kind, Request: h.payload, Before: len(record.Begun()),
	}
	if err := h.journal.Note(ctx, h.request.Plan, begun); err != nil {
		return record, begun, err
	}
	record, err := h.journal.Open(ctx, h.request.Plan, h.request.Run)
	if err != nil {
		return record, begun, err
	}
	return record, begun, h.may(record)
}

// settle journals what the look found and turns it into the machine's answer.
func (h handling[Spec]) settle(ctx context.Context, record run.Record, begun run.Entry, progress Progress) (Answer, error) {
	if since := record.GoodSince(h.request.Step); progress.Good == since.IsZero() && !progress.Done {
		event := run.Missed
		if progress.Good {
			event = run.Good
		}
		if err := h.note(ctx, event, begun.Attempt, record.Now, progress); err != nil {
			return Answer{}, err
		}
	}
	if progress.Done {
		if _, ok := record.Find(h.request.Step, run.Done); !ok {
			if err := h.note(ctx, run.Done, begun.Attempt, record.Now, progress); err != nil {
				return Answer{}, err
			}
		}
		return Answer{Status: StatusDone, Detail: progress.Detail}, nil
	}
	age := record.Now.Sub(begun.At)
	if limit := h.request.Timeout.D(); limit > 0 && age > limit {
		err := failure.Permanentf("step %s is not done after its timeout of %s: %s", h.request.Step, h.request.Timeout, progress.Detail)
		progress.Detail = err.Error()
		return Answer{}, h.failed(ctx, record, progress, err)
	}
	return Answer{Status: StatusWait, WaitSeconds: h.request.Pace.Wait(age), Detail: progress.Detail}, nil
}

func (h handling[Spec]) failed(ctx context.Context, record run.Record, progress Progress, cause error) error {
	if err := h.note(ctx, run.Failed, record.Attempt(h.request.Step), record.Now, progress); err != nil {
		return err
	}
	return cause
}
