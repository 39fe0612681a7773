package fence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Keeping is keep-fence's input.
type Keeping struct {
	Plan    string     `json:"plan"`
	Primary string     `json:"primary"` // region that the fence shuts
	Step    string     `json:"step"`    // the fence's
	Spec    plan.Fence `json:"spec"`
}

// Kept is its answer.
type Kept struct {
	Fenced bool   `json:"fenced"` // nothing is left to do
	Detail string `json:"detail"`
}

// Book is what keep-fence needs of the plan's ledger.
type Book interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Note(ctx context.Context, plan string, entry run.Entry) error
	Swap(ctx context.Context, was, next run.State) error
}

// patience is how long one look may take: a region that hangs costs a schedule's
// tick, and no more.
const patience = 40 * time.Second

// landed is how long after a run was stopped a look that began before may still act,
// and journal that it does: the function's timeout and a margin.
const landed = 75 * time.Second

// keep is the function's name.
const keep = "keep-fence"

// Keep is keep-fence: it fences an old primary that comes back, for as long as the
// ledger says that it is unfenced and the recovery side serves, or is about to.
func Keep(cfg aws.Config, book Book) func(context.Context, json.RawMessage) (Kept, error) {
	cfg.RetryMaxAttempts = 1 // the next tick is the retry
	return func(ctx context.Context, raw json.RawMessage) (Kept, error) {
		var k Keeping
		if err := input.Decode(keep, raw, &k); err != nil {
			return Kept{}, err
		}
		if err := input.Need(keep, input.Field{Name: "plan", Value: k.Plan}, input.Field{Name: "primary", Value: k.Primary},
			input.Field{Name: "step", Value: k.Step}); err != nil {
			return Kept{}, err
		}
		state, _, err := book.State(ctx, k.Plan)
		if err != nil {
			return Kept{}, err
		}
		if state.Unfenced.IsZero() {
			return Kept{Fenced: true, Detail: "nothing is unfenced"}, nil
		}
		record, err := book.Open(ctx, k.Plan, state.Run)
		if err != nil {
			return Kept{}, err
		}
		if why := waits(record, k.Step); why != "" {
			return Kept{Detail: why}, nil
		}
		return k.tick(ctx, cfg, book, record)
	}
}

// waits says why the old primary is to be left alone; empty: it is not. A run that
// is taken back gives it the users back, and a planned one fences it itself.
func waits(record run.Record, step string) string {
	begun, _ := record.First(step, run.Begun) // the step keeps the mode that it began in
	_, stopped := record.Stopped()
	_, cancelled := record.Cancelled()
	switch {
	case record.State.Posture == run.Active:
		return ""
	case record.State.Posture != run.FailingOver:
		return fmt.Sprintf("plan %s is %s", record.State.Plan, record.State.Posture)
	case stopped, cancelled:
		return "run " + record.State.Run + " is being taken back"
	case begun.Mode.Graceful():
		return "run " + record.State.Run + " fences it itself"
	}
	return ""
}

func (k Keeping) tick(ctx context.Context, cfg aws.Config, book Book, record run.Record) (Kept, error) {
	log := slog.With("plan", k.Plan, "run", record.State.Run, "step", k.Step, "region", k.Primary)
	since := record.State.Unfenced.UTC().Format(time.RFC3339)
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all, err := in(cfg, k.Primary).look(short, record.State.Run+"/"+k.Step, k.Spec)
	if err != nil && failure.ClassOf(err) == failure.TryAgain && ctx.Err() == nil {
		log.WarnContext(ctx, "old primary does not answer", "reason", "unfenced since "+since, "err", err)
		return Kept{Detail: fmt.Sprintf("%s does not answer; unfenced since %s", k.Primary, since)}, nil
	}
	if err != nil {
		return Kept{}, err
	}
	// Undo asks the region only if this is in the journal: no entry, no act.
	if record.GoodSince(k.Step).IsZero() {
		if err := k.note(ctx, book, record, k.Primary+" answers again, and is being fenced"); err != nil {
			return Kept{}, err
		}
		log.InfoContext(ctx, "old primary answers again", "reason", "unfenced since "+since)
	}
	open, err := shut(short, watched(all, func(ctx context.Context) error { return k.still(ctx, book, record) }))
	if errors.Is(err, errOver) {
		return Kept{Detail: fmt.Sprintf("plan %s has moved on meanwhile: what is still open in %s stays so", k.Plan, k.Primary)}, nil
	}
	if err != nil || len(open) > 0 {
		return Kept{Detail: fmt.Sprintf("still open in %s: %s; unfenced since %s", k.Primary, strings.Join(open, ", "), since)}, err
	}
	detail := fmt.Sprintf("%s is fenced; it was unfenced since %s", k.Primary, since)
	if err := k.note(ctx, book, record, detail); err != nil {
		return Kept{}, err
	}
	next := record.State
	next.Unfenced = time.Time{}
	if err := book.Swap(ctx, record.State, next); err != nil {
		return Kept{}, fmt.Errorf("note that %s is fenced: %w", k.Primary, err)
	}
	log.InfoContext(ctx, "old primary fenced", "reason", "unfenced since "+since)
	return Kept{Fenced: true, Detail: detail}, nil
}

func (k Keeping) note(ctx context.Context, book Book, record run.Record, detail string) error {
	return book.Note(ctx, k.Plan, run.Entry{
		Run: record.State.Run, Step: k.Step, Event: run.Good, Attempt: record.Attempt(k.Step), At: record.Now, Detail: detail,
	})
}
