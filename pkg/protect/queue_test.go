package protect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/signal"
)

// record is one message as Lambda hands it over.
func record(id, body string, sent int) map[string]any {
	return map[string]any{
		"messageId": id, "body": body, "eventSource": "aws:sqs", "receiptHandle": "r-" + id, "awsRegion": "us-west-2",
		"attributes": map[string]string{"SentTimestamp": fmt.Sprint(sent), "ApproximateReceiveCount": "1"},
	}
}

func records(t *testing.T, list ...map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"Records": list})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// nudge is a message of a rule: the sample's input for a policy, with an event.
func nudge(t *testing.T, policy, detailType string) string {
	t.Helper()
	return string(sample(t, func(in map[string]any) {
		in["policy"].(map[string]any)["name"] = policy
		in["event"] = map[string]any{"source": "aws.ec2", "detail-type": detailType, "detail": map[string]any{"result": "succeeded"}}
	}))
}

// passes notes what it is asked for, and does it but for what must fail.
type passes struct {
	made []string
	last Input
	fail map[string]error
}

func (p *passes) pass(_ context.Context, raw json.RawMessage) (Result, error) {
	in, err := RotateSnapshots.Decode(raw)
	if err != nil {
		return Result{}, err
	}
	p.made, p.last = append(p.made, in.Policy.Name), in
	return Result{Status: Reconciled, Taken: 1}, p.fail[in.Policy.Name]
}

// answer is what Lambda gets, as text: its words are AWS's.
func answer(t *testing.T, p *passes, raw json.RawMessage) string {
	t.Helper()
	out, err := RotateSnapshots.Queued(p.pass)(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func failures(ids ...string) string {
	items := []map[string]string{}
	for _, id := range ids {
		items = append(items, map[string]string{"itemIdentifier": id})
	}
	text, _ := json.Marshal(map[string]any{"batchItemFailures": items})
	return string(text)
}

func TestQueued_makesOnePassAPolicyOfABurst(t *testing.T) {
	policies := []string{"data", "logs", "index"}
	var burst []map[string]any
	for i := range 200 {
		body := nudge(t, policies[i%3], []string{SnapshotEvent, SetEvent}[i%2])
		burst = append(burst, record(fmt.Sprint("m", i), body, i))
	}
	p := &passes{}
	if got := answer(t, p, records(t, burst...)); got != failures() {
		t.Errorf("answer %s", got)
	}
	if diff := cmp.Diff([]string{"data", "index", "logs"}, p.made); diff != "" {
		t.Errorf("passes (-want +got):\n%s", diff)
	}
}

func TestQueued_servesTheShortestRPOFirst(t *testing.T) {
	wish := func(policy, rpo string) string {
		return string(sample(t, func(in map[string]any) {
			in["policy"].(map[string]any)["name"], in["policy"].(map[string]any)["rpo"] = policy, rpo
		}))
	}
	p := &passes{}
	answer(t, p, records(t, record("1", wish("archive", "48h"), 1), record("2", wish("ledger", "48h"), 2), record("3", wish("web", "6h"), 3),
		record("4", wish("orders", "15m"), 4), record("5", wish("ledger", "1h"), 5))) // deployed anew meanwhile
	if diff := cmp.Diff([]string{"orders", "ledger", "web", "archive"}, p.made); diff != "" {
		t.Errorf("passes (-want +got):\n%s", diff)
	}
}

func TestQueued_answersThePoisonAndGoesOn(t *testing.T) {
	batch := []map[string]any{record("good-1", nudge(t, "data", SetEvent), 1)}
	var poison []string
	for i, body := range []string{
		"", "null", "[]", "not JSON", `{"plan":"storefront"}`,
		string(sample(t, func(in map[string]any) { in["plna"] = "storefront" })),
		string(sample(t, func(in map[string]any) { in["event"] = "later" })),
		string(samples(t, RefreshImages.Name)["schedule.json"]), // the other function's
	} {
		poison = append(poison, fmt.Sprint("poison-", i))
		batch = append(batch, record(poison[i], body, 2))
	}
	batch = append(batch, record("good-2", nudge(t, "logs", SetEvent), 3))
	p := &passes{}
	if diff := cmp.Diff(failures(poison...), answer(t, p, records(t, batch...))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if !slices.Equal(p.made, []string{"data", "logs"}) {
		t.Errorf("passes %v", p.made)
	}
}

func TestQueued_answersTheMessagesOfAFailedPassAndNoOthers(t *testing.T) {
	p := &passes{fail: map[string]error{"logs": errors.New("throttled"), "last": failure.BadInputf("no")}}
	got := answer(t, p, records(t,
		record("d1", nudge(t, "data", SetEvent), 1), record("l1", nudge(t, "logs", SetEvent), 2),
		record("d2", nudge(t, "data", SetEvent), 3), record("l2", nudge(t, "logs", SetEvent), 4), record("x1", nudge(t, "last", SetEvent), 5),
	))
	if diff := cmp.Diff(failures("x1", "l1", "l2"), got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestQueued_takesAMessageThatComesTwiceAsOne(t *testing.T) {
	twice := record("m", nudge(t, "data", SetEvent), 1)
	p := &passes{}
	if got := answer(t, p, records(t, twice, twice)); got != failures() || len(p.made) != 1 {
		t.Errorf("answer %s, passes %v", got, p.made)
	}
}

func TestQueued_dealsWithAnEventOfNobodysWithoutAPass(t *testing.T) {
	p := &passes{}
	got := answer(t, p, records(t, record("m", nudge(t, "data", ImageEvent), 1)))
	if got != failures() || len(p.made) != 0 {
		t.Errorf("answer %s, passes %v", got, p.made)
	}
}

// A deployment may lie between two messages of a batch, which has no order.
func TestQueued_makesThePassOfTheLatestMessage(t *testing.T) {
	every := func(text string) string {
		return string(sample(t, func(in map[string]any) { in["policy"].(map[string]any)["every"] = text }))
	}
	p := &passes{}
	answer(t, p, records(t, record("b", every("10m"), 2000), record("c", every("15m"), 10000), record("a", every("30m"), 1000)))
	if len(p.made) != 1 || p.last.Policy.Every.String() != "15m" {
		t.Errorf("%d passes, the last with an interval of %s", len(p.made), p.last.Policy.Every)
	}
}

func TestQueued_cutsAPassThatHangsAndMakesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &passes{}
		hang := func(ctx context.Context, raw json.RawMessage) (Result, error) {
			result, err := p.pass(ctx, raw)
			if err == nil && p.last.Policy.Name == "data" {
				<-ctx.Done()
				return Result{}, ctx.Err()
			}
			return result, err
		}
		raw := records(t, record("d", nudge(t, "data", SetEvent), 1), record("l", nudge(t, "logs", SetEvent), 2))
		out, err := RotateSnapshots.Queued(hang)(t.Context(), raw)
		if diff := cmp.Diff(Answer{Failed: []signal.Failed{{Message: "d"}}}, out); err != nil || diff != "" || len(p.made) != 2 {
			t.Errorf("passes %v, error %v, answer (-want +got):\n%s", p.made, err, diff)
		}
	})
}

func TestQueued_beginsNoPassThatTheFunctionHasNoTimeFor(t *testing.T) {
	for name, tt := range map[string]struct {
		limit time.Duration
		made  []string
		want  []signal.Failed
	}{
		"time for all":           {3 * time.Minute, []string{"data", "logs", "more"}, []signal.Failed{{Message: "d"}, {Message: "l"}, {Message: "m"}}},
		"the third would be cut": {2 * time.Minute, []string{"data", "logs"}, []signal.Failed{{Message: "d"}, {Message: "l"}, {Message: "m"}}},
		"time for one":           {time.Minute, []string{"data"}, []signal.Failed{{Message: "d"}, {Message: "l"}, {Message: "m"}}},
		"time for none":          {PassLimit + answering, nil, []signal.Failed{{Message: "d"}, {Message: "l"}, {Message: "m"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				p := &passes{}
				hang := func(ctx context.Context, raw json.RawMessage) (Result, error) {
					if _, err := p.pass(ctx, raw); err != nil {
						return Result{}, err
					}
					<-ctx.Done()
					return Result{}, ctx.Err()
				}
				raw := records(t, record("d", nudge(t, "data", SetEvent), 1), record("l", nudge(t, "logs", SetEvent), 2), record("m", nudge(t, "more", SetEvent), 3))
				out, err := RotateSnapshots.Queued(hang)(ctx, raw)
				if diff := cmp.Diff(Answer{Failed: tt.want}, out); err != nil || diff != "" || !slices.Equal(p.made, tt.made) {
					t.Errorf("passes %v, error %v, answer (-want +got):\n%s", p.made, err, diff)
				}
				if ctx.Err() != nil {
					t.Error("the function was cut off before it answered")
				}
			})
		})
	}
}

func TestQueued_answersADirectInvocationWithItsResult(t *testing.T) {
	p := &passes{}
	got := answer(t, p, sample(t, nil))
	want, err := json.Marshal(Result{Status: Reconciled, Taken: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("answer %s, want %s", got, want)
	}
	p.fail = map[string]error{"data": failure.Permanentf("no such key")}
	if _, err := RotateSnapshots.Queued(p.pass)(t.Context(), sample(t, nil)); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("error %v", err)
	}
}

func TestQueued_refusesRecordsThatAreNotSQSs(t *testing.T) {
	good := record("m", nudge(t, "data", SetEvent), 1)
	other := record("m", nudge(t, "data", SetEvent), 1)
	other["eventSource"] = "aws:sns"
	nameless := record("", nudge(t, "data", SetEvent), 1)
	beside, err := json.Marshal(map[string]any{"Records": []any{good}, "plna": "storefront"})
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]json.RawMessage{
		"none": records(t), "another service's": records(t, other), "one among them another service's": records(t, good, other),
		"a message without an id": records(t, nameless), "a field beside them": beside,
	} {
		p := &passes{}
		_, err := RotateSnapshots.Queued(p.pass)(t.Context(), raw)
		if failure.ClassOf(err) != failure.BadInput || len(p.made) != 0 {
			t.Errorf("%s: error %v, passes %v", name, err, p.made)
		}
	}
}

func FuzzQueued(f *testing.F) {
	for _, raw := range samples(f, RotateSnapshots.Name) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		begin := func(ctx context.Context, raw json.RawMessage) (Result, error) {
			_, err := RotateSnapshots.Begin(ctx, &ledger{state: run.New("storefront")}, raw)
			return Result{}, err
		}
		out, err := RotateSnapshots.Queued(begin)(t.Context(), raw)
		if err != nil && failure.ClassOf(err) != failure.BadInput {
			t.Fatalf("error %v is not of class BadInput", err)
		}
		if err == nil && (out.Result == nil) == (out.Failed == nil) {
			t.Fatalf("both answers, or none: %+v", out)
		}
	})
}
