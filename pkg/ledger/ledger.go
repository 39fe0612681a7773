// Package ledger keeps what AWS cannot tell of a plan in one DynamoDB table: its
// posture, the run lock with its epoch, the pinned recovery points and the
// journal.
//
// Every write is conditional: the state on the version that was read, journal
// entries and pins on not being there. Every time that it gives is the server
// time of the read it was made from, so decisions never mix clocks. It waits for
// nothing and retries nothing beyond the SDK's own retries.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// The table's keys. A plan has a table of its own: names.Table.
const (
	partitionKey = names.PartitionKey
	sortKey      = names.SortKey
	stateItem    = "state"
	body         = "body" // the item as JSON
	version      = "version"
)

// api is all that the ledger asks of DynamoDB, and so its IAM checklist.
type api interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Ledger is safe for concurrent use.
type Ledger struct{ db api }

// New is the ledger in cfg's region, which must be the recovery region.
func New(cfg aws.Config) *Ledger { return &Ledger{dynamodb.NewFromConfig(cfg)} }

// State reads where a plan stands, and AWS's now. A plan without an item is in
// standby and has never run.
func (l *Ledger) State(ctx context.Context, plan string) (run.State, time.Time, error) {
	out, err := l.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(names.Table(plan)),
		Key:            key(plan, stateItem),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return run.State{}, time.Time{}, fmt.Errorf("read the state of plan %s: %w", plan, err)
	}
	now, err := serverTime(out.ResultMetadata)
	if err != nil {
		return run.State{}, time.Time{}, err
	}
	if out.Item == nil {
		return run.New(plan), now, nil
	}
	var state run.State
	if err := decode(out.Item, &state); err != nil {
		return run.State{}, time.Time{}, fmt.Errorf("read the state of plan %s: %w", plan, err)
	}
	if state.Schema > run.Schema {
		return run.State{}, time.Time{}, failure.Permanentf("the state of plan %s was written by a newer Pilotlight, in schema %d, and this one knows %d: deploy the newer one", plan, state.Schema, run.Schema)
	}
	return state, now, nil
}

// Swap writes next if the state is still was; otherwise run.ErrConflict.
func (l *Ledger) Swap(ctx context.Context, was, next run.State) error {
	next.Version, next.Schema = was.Version+1, run.Schema
	item, err := encode(next.Plan, stateItem, next)
	if err != nil {
		return err
	}
	item[version] = number(next.Version)
	put := &dynamodb.PutItemInput{TableName: aws.String(names.Table(next.Plan)), Item: item}
	if was.Version == 0 {
		put.ConditionExpression = aws.String("attribute_not_exists(#item)")
		put.ExpressionAttributeNames = map[string]string{"#item": sortKey}
	} else {
		put.ConditionExpression = aws.String("#version = :was")
		put.ExpressionAttributeNames = map[string]string{"#version": version}
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":was": number(was.Version)}
	}
	if _, err := l.db.PutItem(ctx, put); err != nil {
		if conditionFailed(err) {
			return run.ErrConflict
		}
		return fmt.Errorf("write the state of plan %s: %w", next.Plan, err)
	}
	return nil
}

// Open reads the plan's state and all that is recorded of one run.
func (l *Ledger) Open(ctx context.Context, plan, runID string) (run.Record, error) {
	state, now, err := l.State(ctx, plan)
	if err != nil {
		return run.Record{}, err
	}
	record := run.Record{State: state, Now: now, Pins: run.Pins{}}
	pages := dynamodb.NewQueryPaginator(l.db, &dynamodb.QueryInput{
		TableName:                 aws.String(names.Table(plan)),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("#plan = :plan AND begins_with(#item, :run)"),
		ExpressionAttributeNames:  map[string]string{"#plan": partitionKey, "#item": sortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":plan": text(plan), ":run": text(runPrefix(runID))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return run.Record{}, fmt.Errorf("read the journal of run %s: %w", runID, err)
		}
		for _, item := range page.Items {
			if err := add(&record, item, runID); err != nil {
				return run.Record{}, fmt.Errorf("read the journal of run %s: %w", runID, err)
			}
		}
	}
	slices.SortStableFunc(record.Entries, func(a, b run.Entry) int { return a.At.Compare(b.At) })
	return record, nil
}

func add(record *run.Record, item map[string]types.AttributeValue, runID string) error {
	if name, ok := item[sortKey].(*types.AttributeValueMemberS); ok && name.Value == pinsItem(runID) {
		return decode(item, &record.Pins)
	}
	var entry run.Entry
	if err := decode(item, &entry); err != nil {
		return err
	}
	record.Entries = append(record.Entries, entry)
	return nil
}

// Note writes a journal entry once. An entry that is there already stays as it
// is, and that is no error.
func (l *Ledger) Note(ctx context.Context, plan string, entry run.Entry) error {
	name := runPrefix(entry.Run) + "entry/" + entry.Step + "/" + string(entry.Event)
	if entry.Event == run.Good || entry.Event == run.Missed {
		name += "/" + entry.At.UTC().Format(time.RFC3339)
	}
	return l.once(ctx, plan, name, entry)
}

// Pin records the recovery points that a run will use, once; a second call
// changes nothing.
func (l *Ledger) Pin(ctx context.Context, plan, runID string, pins run.Pins) error {
	return l.once(ctx, plan, pinsItem(runID), pins)
}

// Pins are the recovery points of the plan's newest run: retention keeps them.
func (l *Ledger) Pins(ctx context.Context, plan string) (run.Pins, error) {
	state, _, err := l.State(ctx, plan)
	if err != nil || state.Run == "" {
		return run.Pins{}, err
	}
	out, err := l.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(names.Table(plan)),
		Key:            key(plan, pinsItem(state.Run)),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("read the pins of run %s: %w", state.Run, err)
	}
	pins := run.Pins{}
	if out.Item == nil {
		return pins, nil
	}
	return pins, decode(out.Item, &pins)
}

// Shift sends users to a side, if the run of that epoch still holds the lock, and
// says whether that changed anything. This write is what fences a stale run off: the
// publisher turns the side into the metric, and nothing else does.
func (l *Ledger) Shift(ctx context.Context, plan string, epoch int64, to run.Side) (bool, error) {
	state, _, err := l.State(ctx, plan)
	if err != nil {
		return false, err
	}
	if err := state.Holds(run.Name(plan, epoch)); err != nil {
		return false, err
	}
	if state.Side == to {
		return false, nil
	}
	return true, l.Swap(ctx, state, state.Shifted(to))
}

func (l *Ledger) once(ctx context.Context, plan, name string, value any) error {
	item, err := encode(plan, name, value)
	if err != nil {
		return err
	}
	_, err = l.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                aws.String(names.Table(plan)),
		Item:                     item,
		ConditionExpression:      aws.String("attribute_not_exists(#item)"),
		ExpressionAttributeNames: map[string]string{"#item": sortKey},
	})
	if err != nil && !conditionFailed(err) {
		return fmt.Errorf("write %s of plan %s: %w", name, plan, err)
	}
	return nil
}

func runPrefix(runID string) string { return "run/" + runID + "/" }

func pinsItem(runID string) string { return runPrefix(runID) + "pins" }

func key(plan, item string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{partitionKey: text(plan), sortKey: text(item)}
}

func encode(plan, name string, value any) (map[string]types.AttributeValue, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write %s of plan %s: %w", name, plan, err)
	}
	item := key(plan, name)
	item[body] = text(string(raw))
	return item, nil
}

func decode(item map[string]types.AttributeValue, into any) error {
	raw, ok := item[body].(*types.AttributeValueMemberS)
	if !ok {
		return failure.Permanentf("the ledger's item has no %q: it was not written by Pilotlight", body)
	}
	if err := json.Unmarshal([]byte(raw.Value), into); err != nil {
		return failure.Permanentf("the ledger's item was not written by Pilotlight: %v", err)
	}
	return nil
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func conditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// serverTime is the Date header of AWS's answer.
func serverTime(metadata middleware.Metadata) (time.Time, error) {
	now, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		return time.Time{}, errors.New("DynamoDB's answer carries no date, so nothing can be dated by it")
	}
	return now.UTC(), nil
}
