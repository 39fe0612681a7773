package protect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/signal"
)

// PassLimit bounds a pass of a batch, so that one that hangs costs the others
// nothing. A function has a minute for each of its policies: what is left of it
// is for the answer.
const PassLimit = 55 * time.Second

// answering is left of a function's time for what it answers. A function that is
// cut off before has told SQS nothing, and every message of its batch comes again.
const answering = 2 * time.Second

// Answer is what a function answers: to a batch of messages those that it has not
// dealt with, and to a direct invocation the result of its pass.
type Answer struct {
	*Result
	Failed []signal.Failed `json:"batchItemFailures,omitzero"`
}

// Queued is the function's front door. A batch of SQS messages leads to one pass
// a policy, however many messages ask for it: their events are only nudges. A
// direct invocation leads to its one pass.
func (f Function) Queued(pass func(context.Context, json.RawMessage) (Result, error)) func(context.Context, json.RawMessage) (Answer, error) {
	return func(ctx context.Context, raw json.RawMessage) (Answer, error) {
		messages, queued := signal.Messages(raw)
		if !queued {
			result, err := pass(ctx, raw)
			return Answer{Result: &result}, err
		}
		wishes, failed := f.sort(messages)
		for _, w := range wishes {
			if err := w.grant(ctx, pass); err != nil {
				// The answer has no place for an error: it is told here or nowhere.
				slog.ErrorContext(ctx, "pass failed", "plan", w.plan, "policy", w.policy, "messages", len(w.messages), "err", err)
				failed = append(failed, w.messages...)
			}
		}
		return Answer{Failed: failed}, nil
	}
}

// wish is one pass and the messages that ask for it.
type wish struct {
	plan, policy string
	rpo          time.Duration
	input        json.RawMessage // of the latest of them: a deployment may lie between
	sent         int64
	messages     []signal.Failed // not dealt with, if the pass fails
}

// sort puts together the messages that ask for the same pass, the most urgent pass
// first. It leaves out those whose event is none of the function's, which are dealt
// with thereby, and answers those that nobody can read.
func (f Function) sort(messages []signal.Message) ([]*wish, []signal.Failed) {
	var wishes []*wish
	known := map[[2]string]*wish{}
	failed := []signal.Failed{} // "[]", and not "null": all is well
	for _, m := range messages {
		in, err := f.Decode([]byte(m.Body))
		reason := ""
		if err == nil {
			reason, err = f.ignored(in.Event)
		}
		switch {
		case err != nil:
			slog.Error("message is unreadable", "message", m.ID, "err", err)
			failed = append(failed, signal.Failed{Message: m.ID})
			continue
		case reason != "":
			continue
		}
		key := [2]string{in.Plan, in.Policy.Name}
		w := known[key]
		if w == nil {
			w = &wish{plan: in.Plan, policy: in.Policy.Name}
			known[key] = w
			wishes = append(wishes, w)
		}
		if m.Sent >= w.sent { // one that does not say is old
			w.input, w.sent, w.rpo = json.RawMessage(m.Body), m.Sent, in.Policy.RPO.D()
		}
		w.messages = append(w.messages, signal.Failed{Message: m.ID})
	}
	slices.SortFunc(wishes, urgency)
	return wishes, failed
}

// urgency lets the policy with the shortest RPO have the slots of a region first. It
// is an approximation that costs no call: which copy is due first hangs on when each
// policy's newest one was taken, which only its own pass sees, and a pass knows no
// other's. So a slack policy that is nearly late can wait for an urgent one that
// is not, until the next pass. Batches know nothing of each other either.
func urgency(a, b *wish) int {
	return cmp.Or(cmp.Compare(a.rpo, b.rpo), cmp.Compare(a.plan, b.plan), cmp.Compare(a.policy, b.policy))
}

// errNoTime is told of a pass that was not begun. SQS asks for it again.
var errNoTime = errors.New("less of the function's time is left than a pass may take: not begun")

func (w *wish) grant(ctx context.Context, pass func(context.Context, json.RawMessage) (Result, error)) error {
	if !fits(ctx) {
		return errNoTime
	}
	ctx, cancel := context.WithTimeout(ctx, PassLimit)
	defer cancel()
	_, err := pass(ctx, w.input)
	return err
}

// fits says whether the function has the time for one more pass, and to answer
// after it. It reads no clock: a context that may live longer than its parent has
// the parent's end for its own.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-context.html
func fits(ctx context.Context) bool {
	end, ends := ctx.Deadline()
	after, cancel := context.WithTimeout(ctx, PassLimit+answering)
	defer cancel()
	first, _ := after.Deadline()
	return ctx.Err() == nil && (!ends || first.Before(end))
}
