package ledger_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const recovery = "us-west-2"

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// table makes a plan's ledger as the blueprint says.
func table(t *testing.T, plan string) *dynamodb.Client {
	t.Helper()
	db := dynamodb.NewFromConfig(simulated.Shared(t).Config(recovery))
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   aws.String(names.Table(plan)),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(names.PartitionKey), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(names.SortKey), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(names.PartitionKey), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(names.SortKey), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: aws.String(names.Table(plan))}); err != nil {
			t.Error(err)
		}
	})
	return db
}

// write puts an item there that the ledger itself would not write.
func write(t *testing.T, db *dynamodb.Client, plan, item string, attributes map[string]string) {
	t.Helper()
	put := map[string]types.AttributeValue{
		names.PartitionKey: &types.AttributeValueMemberS{Value: plan},
		names.SortKey:      &types.AttributeValueMemberS{Value: item},
	}
	for name, value := range attributes {
		put[name] = &types.AttributeValueMemberS{Value: value}
	}
	if _, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(names.Table(plan)), Item: put}); err != nil {
		t.Fatal(err)
	}
}

func TestState_isDatedByAWSAndNotByThisMachine(t *testing.T) {
	cloud := simulated.Shared(t)
	table(t, "dated")
	book := ledger.New(cloud.Config(recovery))
	_, before, err := book.State(t.Context(), "dated")
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Clock.Jump(36 * time.Hour); err != nil {
		t.Fatal(err)
	}
	_, after, err := book.State(t.Context(), "dated")
	if err != nil {
		t.Fatal(err)
	}
	if passed := after.Sub(before); passed < 36*time.Hour || passed > 37*time.Hour {
		t.Errorf("AWS's clock went on by 36h and the ledger's by %s", passed)
	}
	if after.Location() != time.UTC {
		t.Errorf("the date is in %s", after.Location())
	}
}

// undated takes the Date header from every answer.
type undated struct{ next http.RoundTripper }

func (u undated) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := u.next.RoundTrip(request)
	if err == nil {
		response.Header.Del("Date")
	}
	return response, err
}

func TestState_isNotGivenWithoutAWSsTime(t *testing.T) {
	table(t, "undated")
	cfg := simulated.Shared(t).Config(recovery)
	cfg.HTTPClient = &http.Client{Transport: undated{whole.Transport{}}}
	if _, now, err := ledger.New(cfg).State(t.Context(), "undated"); err == nil || !now.IsZero() {
		t.Errorf("now is %s with error %v; want no time and an error", now, err)
	}
}

func TestState_refusesWhatPilotlightDidNotWrite(t *testing.T) {
	book := ledger.New(simulated.Shared(t).Config(recovery))
	for plan, c := range map[string]struct {
		item map[string]string
		says string
	}{
		"foreign":     {map[string]string{"value": "x"}, "was not written by Pilotlight"},
		"unreadable":  {map[string]string{"body": "{"}, "was not written by Pilotlight"},
		"from-future": {map[string]string{"body": `{"schema":3,"plan":"from-future","posture":"drilling"}`}, "newer Pilotlight"},
	} {
		write(t, table(t, plan), plan, "state", c.item)
		_, _, err := book.State(t.Context(), plan)
		if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), plan) {
			t.Errorf("%s: %v of class %q; want one that is permanent and says %q", plan, err, failure.ClassOf(err), c.says)
		}
		if _, err := book.Shift(t.Context(), plan, 1, run.RecoverySide); err == nil {
			t.Errorf("%s: traffic was shifted on a state that nobody can read", plan)
		}
	}
}

func TestOpen_refusesAJournalThatPilotlightDidNotWrite(t *testing.T) {
	write(t, table(t, "scribbled"), "scribbled", "run/scribbled-1/entry/orders/begun", map[string]string{"note": "hello"})
	_, err := ledger.New(simulated.Shared(t).Config(recovery)).Open(t.Context(), "scribbled", "scribbled-1")
	if failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v; want a refusal", err)
	}
}

func TestState_ofAPlanWithoutALedgerIsAnError(t *testing.T) {
	book := ledger.New(simulated.Shared(t).Config(recovery))
	state, _, err := book.State(t.Context(), "never-deployed")
	if failure.ClassOf(err) != failure.Permanent || state.Posture != "" {
		t.Errorf("posture %q, error %v; want none, and a permanent error", state.Posture, err)
	}
}

// tally counts requests by action.
type tally struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls map[string]int
}

func (c *tally) RoundTrip(request *http.Request) (*http.Response, error) {
	_, action, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	c.calls[action]++
	c.mu.Unlock()
	return c.next.RoundTrip(request)
}

func TestShift_writesNothingWhenTheSideServesAlready(t *testing.T) {
	table(t, "shifted")
	seen := &tally{next: whole.Transport{}, calls: map[string]int{}}
	cfg := simulated.Shared(t).Config(recovery)
	cfg.HTTPClient = &http.Client{Transport: seen}
	book := ledger.New(cfg)
	state, now, err := book.State(t.Context(), "shifted")
	if err != nil {
		t.Fatal(err)
	}
	started, err := state.Start(run.Order{Reason: "a test"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Swap(t.Context(), state, started); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := book.Shift(t.Context(), "shifted", 1, run.RecoverySide); err != nil {
			t.Fatal(err)
		}
	}
	if seen.calls["PutItem"] != 2 {
		t.Errorf("%d writes; want one to start and one to shift", seen.calls["PutItem"])
	}
}

func TestOpen_readsEveryPageOfTheJournal(t *testing.T) {
	table(t, "paged")
	book := ledger.New(simulated.Shared(t).Config(recovery))
	// A page holds 1 MB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
	long := strings.Repeat("x", 300_000)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	steps := []string{"a", "b", "c", "d", "e", "f", "g"}
	for i, step := range steps {
		entry := run.Entry{Run: "paged-1", Step: step, Event: run.Begun, At: at.Add(-time.Duration(i) * time.Minute), Detail: long}
		if err := book.Note(t.Context(), "paged", entry); err != nil {
			t.Fatal(err)
		}
	}
	record, err := book.Open(t.Context(), "paged", "paged-1")
	if err != nil || len(record.Entries) != len(steps) {
		t.Fatalf("%d entries, error %v; want %d", len(record.Entries), err, len(steps))
	}
	if first := record.Entries[0].Step; first != "g" {
		t.Errorf("%s is first; want the entries in the order of their time", first)
	}
}

func TestSwap_thatWasCutOffIsNotTakenForAConflict(t *testing.T) {
	table(t, "cut-off")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := ledger.New(simulated.Shared(t).Config(recovery)).Swap(ctx, run.New("cut-off"), run.New("cut-off"))
	if err == nil || errors.Is(err, run.ErrConflict) {
		t.Errorf("%v; want an error that is no conflict", err)
	}
}
