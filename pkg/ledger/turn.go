package ledger

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Shift sends users to a side, if the run of that epoch still holds the lock, and
// says whether that changed anything. This write is what fences a stale run off: the
// publisher turns the side into the metric, and nothing else does.
func (l *Ledger) Shift(ctx context.Context, plan string, epoch int64, to run.Side) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Side = to })
}

// Turn has protection passes go the other way before the run is over, or not any
// more, under the same condition.
func (l *Ledger) Turn(ctx context.Context, plan string, epoch int64, turned bool) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Turned = turned })
}

// Unfence notes since when the old primary may still take writes, under the same
// condition; zero: it is fenced.
func (l *Ledger) Unfence(ctx context.Context, plan string, epoch int64, since time.Time) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Unfenced = since })
}

func (l *Ledger) turn(ctx context.Context, plan string, epoch int64, change func(*run.State)) (bool, error) {
	state, _, err := l.State(ctx, plan)
	if err != nil {
		return false, err
	}
	if err := state.Holds(run.Name(plan, epoch)); err != nil {
		return false, err
	}
	next := state
	change(&next)
	if reflect.DeepEqual(next, state) {
		return false, nil
	}
	return true, l.Swap(ctx, state, next)
}

// Ready notes what would stop a step if it ran now, over what was noted before.
func (l *Ledger) Ready(ctx context.Context, plan string, ready run.Readiness) error {
	item, err := encode(plan, readyPrefix+string(ready.Course)+"/"+ready.Step, ready)
	if err != nil {
		return err
	}
	if _, err := l.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(names.Table(plan)), Item: item}); err != nil {
		return fmt.Errorf("write the readiness of step %s: %w", ready.Step, err)
	}
	return nil
}

// Readiness is what was last noted of every step, and AWS's now.
func (l *Ledger) Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error) {
	_, now, err := l.State(ctx, plan)
	if err != nil {
		return nil, time.Time{}, err
	}
	var all []run.Readiness
	err = l.each(ctx, plan, plan, readyPrefix, func(item map[string]types.AttributeValue) error {
		var ready run.Readiness
		if err := decode(item, &ready); err != nil {
			return err
		}
		all = append(all, ready)
		return nil
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the readiness of plan %s: %w", plan, err)
	}
	return all, now, nil
}

const readyPrefix = "ready/"
