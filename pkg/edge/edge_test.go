package edge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/failure"
)

func answering(out string, err error) edge.Handler[string] {
	return func(context.Context, json.RawMessage) (string, error) { return out, err }
}

func TestNamed_reportsTheClassAsTheErrorsType(t *testing.T) {
	for want, err := range map[failure.Class]error{
		failure.Permanent: fmt.Errorf("promote: %w", failure.Permanentf("no replica")),
		failure.BadInput:  failure.BadInputf("no plan"),
		failure.RunOver:   failure.Failed{Class: failure.RunOver, Message: "run p-1 is over"},
		failure.TryAgain:  errors.Join(errors.New("connection reset")),
	} {
		_, got := edge.Named(answering("", err))(t.Context(), nil)
		// Lambda's runtime client looks for the bare value, as this does: wrapped or
		// behind a pointer, it would report "wrapError".
		named, ok := got.(messages.InvokeResponse_Error)
		if !ok || named.Type != string(want) || named.Message != err.Error() {
			t.Errorf("%v became %#v; want type %s and the same message", err, got, want)
		}
	}
}

func TestNamed_leavesAnAnswerAlone(t *testing.T) {
	if out, err := edge.Named(answering("done", nil))(t.Context(), nil); out != "done" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}
