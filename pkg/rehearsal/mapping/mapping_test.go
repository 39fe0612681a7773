package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

const (
	region     = "us-west-2"
	window     = 20 * time.Second
	visibility = 380 * time.Second
)

// made counts the stages: all tests share one AWS.
var made atomic.Int64

// stage is a queue with a dead-letter queue, mapped to a function that notes what
// it is handed and answers what it is told to.
type stage struct {
	*Table
	t         *testing.T
	aws       *simulated.AWS
	client    *sqs.Client
	url, dead string
	batches   [][]record
	answer    func([]record) front.Result
}

func newStage(t *testing.T, doubles int) *stage {
	t.Helper()
	s := &stage{t: t, aws: simulated.Shared(t)}
	s.client = sqs.NewFromConfig(s.aws.Config(region))
	name := fmt.Sprint("passes-", made.Add(1))
	s.dead = s.queue(name+"-dead", nil)
	arn := "arn:aws:sqs:us-west-2:123456789012:" + name
	s.url = s.queue(name, map[string]string{
		"VisibilityTimeout": "380", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"%s-dead","maxReceiveCount":2}`, arn),
	})
	s.Table = New(Options{
		Clock: s.aws.Clock, Log: slog.New(slog.DiscardHandler), Doubles: doubles,
		Config: func(role, region string) aws.Config { return s.aws.Config(region) },
		Invoke: func(_ context.Context, function string, payload []byte) front.Result {
			var event struct{ Records []record }
			if err := json.Unmarshal(payload, &event); err != nil || function != "rotate" {
				t.Errorf("%s was invoked with %s", function, payload)
			}
			s.batches = append(s.batches, event.Records)
			return s.answer(event.Records)
		},
	})
	s.answer = naming()
	s.Add(Source{URL: s.url, Region: region, Name: name, Account: "123456789012", Function: "rotate", Window: window, Batch: 1000, Visibility: visibility})
	return s
}

func (s *stage) queue(name string, attributes map[string]string) string {
	s.t.Helper()
	out, err := s.client.CreateQueue(s.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.QueueUrl
}

func (s *stage) send(bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		if _, err := s.client.SendMessage(s.t.Context(), &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: &body}); err != nil {
			s.t.Fatal(err)
		}
		s.Sent(region, s.entries[0].Name)
	}
}

// next jumps to the next batch, lets it be over, and says how long the jump was;
// zero: there is none to come.
func (s *stage) next() time.Duration {
	s.t.Helper()
	due := s.NextDue()
	if due.IsZero() {
		return 0
	}
	jump := due.Sub(s.aws.Clock.Now())
	if err := s.aws.Clock.Jump(jump + time.Millisecond); err != nil {
		s.t.Fatal(err)
	}
	var batches sync.WaitGroup
	s.Run(s.t.Context(), s.aws.Clock.Now(), batches.Go)
	batches.Wait()
	if s.Busy() {
		s.t.Error("busy after the batch")
	}
	return jump
}

// left are how many messages a queue holds, taken or not.
func (s *stage) left(url string) string {
	s.t.Helper()
	out, err := s.client.GetQueueAttributes(s.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// naming answers that the messages with these bodies have failed.
func naming(bodies ...string) func([]record) front.Result {
	return func(records []record) front.Result {
		list := []map[string]string{}
		for _, r := range records {
			for _, body := range bodies {
				if r.Body == body {
					list = append(list, map[string]string{"itemIdentifier": r.MessageID})
				}
			}
		}
		payload, _ := json.Marshal(map[string]any{"batchItemFailures": list})
		return front.Result{Payload: payload}
	}
}

func bodies(batch []record) map[string]int {
	count := map[string]int{}
	for _, r := range batch {
		count[r.Body]++
	}
	return count
}

func TestRun_handsAWindowsMessagesOverTogetherAndDeletesThem(t *testing.T) {
	s := newStage(t, 0)
	want := map[string]int{}
	for i := range 25 {
		body := fmt.Sprint("nudge ", i)
		want[body] = 1
		s.send(body)
	}
	s.Run(t.Context(), s.aws.Clock.Now(), func(func()) { t.Error("a batch began before the window was over") })
	if wait := s.next(); wait <= window-time.Second || wait > window {
		t.Errorf("the window was %s", wait)
	}
	if len(s.batches) != 1 {
		t.Fatalf("%d batches", len(s.batches))
	}
	if diff := cmp.Diff(want, bodies(s.batches[0])); diff != "" {
		t.Errorf("(-sent +handed over):\n%s", diff)
	}
	first := s.batches[0][0]
	if first.EventSource != "aws:sqs" || first.EventSourceARN != "arn:aws:sqs:us-west-2:123456789012:"+s.entries[0].Name ||
		first.AWSRegion != region || first.Attributes["ApproximateReceiveCount"] != "1" || first.Attributes["SentTimestamp"] == "" || first.MessageID == "" {
		t.Errorf("record %+v", first)
	}
	if left := s.left(s.url); left != "0+0" || s.next() != 0 {
		t.Errorf("left in the queue: %s", left)
	}
}

func TestRun_leavesWhatFailedUntilItIsDead(t *testing.T) {
	s := newStage(t, 0)
	s.answer = naming("poison")
	s.send("good", "poison")
	s.next()
	if left := s.left(s.url); left != "0+1" {
		t.Errorf("left after the first batch: %s", left)
	}
	if wait := s.next(); wait < visibility-time.Second || wait > visibility+2*time.Second {
		t.Errorf("it came back after %s", wait)
	}
	s.next()
	if diff := cmp.Diff([]map[string]int{{"good": 1, "poison": 1}, {"poison": 1}}, []map[string]int{bodies(s.batches[0]), bodies(s.batches[1])}); diff != "" || len(s.batches) != 2 {
		t.Errorf("%d batches (-want +got):\n%s", len(s.batches), diff)
	}
	if queue, dead := s.left(s.url), s.left(s.dead); queue != "0+0" || dead != "1+0" || s.next() != 0 {
		t.Errorf("left in the queue %s, dead %s", queue, dead)
	}
}

// newLate is a stage with a message that a batch has left, and another that comes before
// it can be seen again.
func newLate(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, 0)
	s.answer = naming("late")
	s.send("late")
	s.next()
	s.send("good")
	return s
}

// deliversLate: the third batch brings what the first has left.
func (s *stage) deliversLate() {
	s.t.Helper()
	s.answer = naming()
	s.next()
	if len(s.batches) != 3 || bodies(s.batches[2])["late"] != 1 {
		s.t.Fatalf("batches: %+v", s.batches)
	}
	if left := s.left(s.url); left != "0+0" || s.next() != 0 {
		s.t.Errorf("left in the queue: %s", left)
	}
}

func TestRun_doesNotForgetWhatFailedWhenAnotherBatchComesFirst(t *testing.T) {
	s := newLate(t)
	s.next()
	s.deliversLate()
}

func TestRun_doesNotForgetWhatCouldBeSeenAgainDuringABatch(t *testing.T) {
	s := newLate(t)
	s.answer = func(records []record) front.Result {
		if err := s.aws.Clock.Jump(visibility); err != nil {
			t.Error(err)
		}
		return naming()(records)
	}
	s.next()
	s.deliversLate()
}

func TestRun_doesNotForgetWhatFailedInAFullBatch(t *testing.T) {
	s := newStage(t, 0)
	s.entries[0].Batch = 10
	s.answer = func([]record) front.Result { return front.Result{FunctionError: "Unhandled"} }
	for range 13 {
		s.send("a message")
	}
	s.next() // takes ten
	s.answer = naming()
	s.next() // the other three
	s.next() // the ten, and after as many there may be more
	s.next()
	if len(s.batches) != 3 || len(s.batches[1]) != 3 || len(s.batches[2]) != 10 {
		t.Fatalf("batches: %+v", s.batches)
	}
	if left := s.left(s.url); left != "0+0" || s.next() != 0 {
		t.Errorf("left in the queue: %s", left)
	}
}

func TestRun_handsSomeMessagesOverTwice(t *testing.T) {
	s := newStage(t, 3)
	s.send("a", "b", "c", "d")
	s.next()
	s.next()
	if len(s.batches) != 2 || len(s.batches[0]) != 4 || len(s.batches[1]) != 1 || s.Doubled() != 1 {
		t.Errorf("batches %v, %d doubled", s.batches, s.Doubled())
	}
	if left := s.left(s.url); left != "0+0" || s.next() != 0 {
		t.Errorf("left in the queue: %s", left)
	}
}

func TestFailed_isWhatLambdaTakesAsFailed(t *testing.T) {
	messages := []types.Message{{MessageId: aws.String("a")}, {MessageId: aws.String("b")}}
	for answer, want := range map[string]int{
		`{"batchItemFailures":[]}`: 0,
		`{}`:                       0,
		`null`:                     0,
		`{"batchItemFailures":[{"itemIdentifier":"a"}]}`:     1,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:      2,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:    2,
		`{"batchItemFailures":[{"itemidentifer":"a"}]}`:      2,
		`{"batchItemFailures":[{"itemIdentifier":"other"}]}`: 2,
		`later`: 2,
	} {
		if got := failed(front.Result{Payload: []byte(answer)}, messages); len(got) != want {
			t.Errorf("%s: %v, want %d", answer, got, want)
		}
	}
	for _, answer := range []front.Result{{FunctionError: "Unhandled", Payload: []byte(`{}`)}, {NotFound: true}} {
		if got := failed(answer, messages); len(got) != 2 {
			t.Errorf("%+v: %v", answer, got)
		}
	}
}
