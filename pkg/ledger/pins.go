package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Pin records the recovery points that a run will use, once; a second call
// changes nothing.
func (l *Ledger) Pin(ctx context.Context, plan, runID string, pins run.Pins) error {
	return l.once(ctx, plan, pinsItems(runID)[0], pins)
}

// PinFenced records those from after the run's fence, once. They count before those
// of the same policies that the run was opened with.
func (l *Ledger) PinFenced(ctx context.Context, plan, runID string, pins run.Pins) error {
	return l.once(ctx, plan, pinsItems(runID)[1], pins)
}

// Want has protection passes take recovery points from a moment on, under the
// condition of Shift.
func (l *Ledger) Want(ctx context.Context, plan string, epoch int64, from time.Time) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Wanted = from })
}

// Pins are the recovery points of the plan's newest run: retention keeps them.
func (l *Ledger) Pins(ctx context.Context, plan string) (run.Pins, error) {
	state, _, err := l.State(ctx, plan)
	if err != nil || state.Run == "" {
		return run.Pins{}, err
	}
	pins := run.Pins{}
	for _, name := range pinsItems(state.Run) {
		out, err := l.db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName:      aws.String(names.Table(plan)),
			Key:            key(plan, name),
			ConsistentRead: aws.Bool(true),
		})
		if err != nil {
			return nil, fmt.Errorf("read the pins of run %s: %w", state.Run, err)
		}
		if out.Item == nil {
			continue
		}
		if err := decode(out.Item, &pins); err != nil {
			return nil, err
		}
	}
	return pins, nil
}
