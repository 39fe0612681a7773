// Package approve is the step kind approve: it asks people a question and goes on
// when somebody has said yes. No fails the step, and so does nobody's answer within
// the step's timeout.
//
// The question goes out once, but for a crash between the message and the journal:
// being asked twice is better than never. What is answered is read from the ledger,
// where answer-run alone writes it. The step changes nothing, so that there is
// nothing to take back, and a drill asks like every other run.
package approve

import (
	"context"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Teller tells people.
type Teller interface {
	// Tell sends a message to a topic. Two calls send two messages.
	Tell(ctx context.Context, topic, subject, text string) error
}

// Kind asks through a Teller.
type Kind struct{ teller Teller }

// New asks through teller.
func New(teller Teller) *Kind { return &Kind{teller} }

// Advance asks, and then looks for the answer. That people were asked is what is
// good about a look: the journal keeps since when.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.Approve) (step.Progress, error) {
	if said, ok := answer(r); ok {
		if said.Word != run.SayYes {
			return step.Progress{}, step.Permanent("%s said %s to %q: %s", said.By, said.Word, spec.Question, said.Reason)
		}
		return step.Progress{Done: true, Detail: said.By + " said yes: " + said.Reason, Outputs: map[string]string{"by": said.By}}, nil
	}
	asked := step.Progress{Good: true, Detail: "asked, and nobody has answered: " + spec.Question}
	if r.Notify == "" || !r.Good.IsZero() {
		return asked, nil
	}
	return asked, k.teller.Tell(ctx, r.Notify, fmt.Sprintf("Pilotlight: run %s asks at %s", r.ID, r.Step), text(r, spec))
}

func text(r step.Run, spec plan.Approve) string {
	return fmt.Sprintf(`Run %s of plan %s, a run that is %s, waits for an answer at step %s.

%s

Answer with one of
  pilotlight answer %[2]s %[1]s %[4]s yes
  pilotlight answer %[2]s %[1]s %[4]s no     the step fails
`, r.ID, r.Plan, r.Mode, r.Step, spec.Question)
}

// answer is what somebody said to this attempt of the step.
func answer(r step.Run) (run.Answer, bool) {
	for _, said := range r.Answers {
		if said.Step == r.Step && said.Attempt == r.Attempt && (said.Word == run.SayYes || said.Word == run.SayNo) {
			return said, true
		}
	}
	return run.Answer{}, false
}

// Undo has nothing to take back.
func (k *Kind) Undo(context.Context, step.Run, plan.Approve) (step.Progress, error) {
	return step.Nothing("a question changes nothing"), nil
}

// Check says when nobody would hear the question.
func (k *Kind) Check(_ context.Context, r step.Run, _ plan.Approve) ([]string, error) {
	if r.Notify == "" {
		return []string{"Nobody is told of the question: give the plan an SNS topic in \"notify\"."}, nil
	}
	return nil, nil
}
