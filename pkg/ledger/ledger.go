// Package ledger keeps what AWS cannot tell of a plan in one DynamoDB table: its
// posture, the run lock with its epoch, the pinned recovery points and the
// journal.
//
// Every write is conditional: the state on the version that was read, journal
// entries and pins on not being there; but for what a look found, which goes over
// what the one before found, and decides nothing by itself. Every time that it gives is the server
// time of the read it was made from, so decisions never mix clocks. It waits for
// nothing and retries nothing beyond the SDK's own retries.
package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	err = l.each(ctx, plan, plan, runPrefix(runID), func(item map[string]types.AttributeValue) error { return add(&record, item, runID) })
	if err != nil {
		return run.Record{}, fmt.Errorf("read the journal of run %s: %w", runID, err)
	}
	err = l.each(ctx, plan, names.Answers(plan), runPrefix(runID), func(item map[string]types.AttributeValue) error {
		var answer run.Answer
		if err := decode(item, &answer); err != nil {
			return err
		}
		record.Answers = append(record.Answers, answer)
		return nil
	})
	if err != nil {
		return run.Record{}, fmt.Errorf("read the answers to run %s: %w", runID, err)
	}
	slices.SortStableFunc(record.Entries, func(a, b run.Entry) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(record.Answers, func(a, b run.Answer) int { return a.At.Compare(b.At) })
	return record, nil
}

// each visits the items of a partition whose names begin with a prefix.
func (l *Ledger) each(ctx context.Context, plan, partition, prefix string, visit func(map[string]types.AttributeValue) error) error {
	pages := dynamodb.NewQueryPaginator(l.db, &dynamodb.QueryInput{
		TableName:                 aws.String(names.Table(plan)),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("#plan = :plan AND begins_with(#item, :prefix)"),
		ExpressionAttributeNames:  map[string]string{"#plan": partitionKey, "#item": sortKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":plan": text(partition), ":prefix": text(prefix)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := visit(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func add(record *run.Record, item map[string]types.AttributeValue, runID string) error {
	names := pinsItems(runID) // in the order of a query's items, so that the later decides
	if name, ok := item[sortKey].(*types.AttributeValueMemberS); ok && slices.Contains(names[:], name.Value) {
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
	if entry.Attempt > 0 {
		name += fmt.Sprintf("/%d", entry.Attempt)
	}
	if entry.Event == run.Good || entry.Event == run.Missed {
		name += "/" + entry.At.UTC().Format(time.RFC3339)
	}
	return l.once(ctx, plan, name, entry)
}

// Say writes what a person answered, once, where answer-run alone may write; given
// is false when that step's attempt had an answer already.
func (l *Ledger) Say(ctx context.Context, plan string, answer run.Answer) (given bool, err error) {
	name := fmt.Sprintf("%sanswer/%s/%d", runPrefix(answer.Run), answer.Step, answer.Attempt)
	return l.put(ctx, plan, names.Answers(plan), name, answer)
}

func (l *Ledger) once(ctx context.Context, plan, name string, value any) error {
	_, err := l.put(ctx, plan, plan, name, value)
	return err
}

// put writes an item unless there is one; written is false when there was.
func (l *Ledger) put(ctx context.Context, plan, partition, name string, value any) (written bool, err error) {
	item, err := encode(partition, name, value)
	if err != nil {
		return false, err
	}
	_, err = l.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                aws.String(names.Table(plan)),
		Item:                     item,
		ConditionExpression:      aws.String("attribute_not_exists(#item)"),
		ExpressionAttributeNames: map[string]string{"#item": sortKey},
	})
	if err != nil && !conditionFailed(err) {
		return false, fmt.Errorf("write %s of plan %s: %w", name, plan, err)
	}
	return err == nil, nil
}
