package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Where what is known before a run is kept.
const (
	readyPrefix = "ready/"
	agePrefix   = "age/"
)

// Ready notes what would stop a step if it ran now, over what was noted before: of a
// step that was not ready then either, it keeps since when.
func (l *Ledger) Ready(ctx context.Context, plan string, ready run.Readiness) error {
	name := readyPrefix + string(ready.Course) + "/" + ready.Step
	var was run.Readiness
	if len(ready.Problems) > 0 {
		var err error
		if was, err = l.wasReady(ctx, plan, name); err != nil {
			return err
		}
	}
	return l.over(ctx, plan, name, ready.After(was))
}

func (l *Ledger) wasReady(ctx context.Context, plan, name string) (was run.Readiness, err error) {
	out, err := l.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(names.Table(plan)), Key: key(plan, name), ConsistentRead: aws.Bool(true),
	})
	if err == nil && out.Item != nil {
		err = decode(out.Item, &was)
	}
	if err != nil {
		return was, fmt.Errorf("read %s of plan %s: %w", name, plan, err)
	}
	return was, nil
}

// Readiness is what was last noted of every step, and AWS's now.
func (l *Ledger) Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error) {
	_, now, err := l.State(ctx, plan)
	if err != nil {
		return nil, time.Time{}, err
	}
	all, err := list[run.Readiness](ctx, l, plan, readyPrefix)
	return all, now, err
}

// Aged notes how old the data of a policy are, over what was noted before.
func (l *Ledger) Aged(ctx context.Context, plan string, age run.Age) error {
	return l.over(ctx, plan, agePrefix+age.Policy, age)
}

// Ages is what was last noted of every policy.
func (l *Ledger) Ages(ctx context.Context, plan string) ([]run.Age, error) {
	return list[run.Age](ctx, l, plan, agePrefix)
}

// over writes an item over whatever was there.
func (l *Ledger) over(ctx context.Context, plan, name string, value any) error {
	item, err := encode(plan, name, value)
	if err != nil {
		return err
	}
	if _, err := l.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(names.Table(plan)), Item: item}); err != nil {
		return fmt.Errorf("write %s of plan %s: %w", name, plan, err)
	}
	return nil
}

// list is every item of a plan whose name has a prefix.
func list[T any](ctx context.Context, l *Ledger, plan, prefix string) ([]T, error) {
	var all []T
	err := l.each(ctx, plan, plan, prefix, func(item map[string]types.AttributeValue) error {
		var one T
		if err := decode(item, &one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s of plan %s: %w", prefix, plan, err)
	}
	return all, nil
}
