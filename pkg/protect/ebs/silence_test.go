package ebs

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// taker is a world whose points cannot be taken for a reason.
type taker struct {
	world
	refuses error
}

func (k taker) Take(context.Context, Seen, *protect.Result) error { return k.refuses }

func (k taker) InUse(context.Context, protect.Site, []lineage.Point, *protect.Result) (map[string]bool, error) {
	return nil, nil
}

func TestReconcile_failsForWhatAWSAnsweredAndForNoSilence(t *testing.T) {
	silent, denied := fmt.Errorf("snapshot: %w", context.DeadlineExceeded), fmt.Errorf("snapshot: %w", &smithy.GenericAPIError{Code: "UnauthorizedOperation"})
	const lost = "not answered: snapshot: context deadline exceeded; the next pass looks whether it acted, and tries again"
	const west = "us-west-2 does not answer: what is missing there is not copied, and nothing is retired; the next pass tries again"
	for name, tt := range map[string]struct {
		take, from, to error
		fails          bool
		problems       []string
	}{
		"all is well":                        {},
		"a call gets no answer":              {take: silent, problems: []string{lost}},
		"a call is denied":                   {take: denied, fails: true},
		"the other side is silent as well":   {take: silent, to: silent, problems: []string{lost, west}},
		"denied, and the other is silent":    {take: denied, to: silent, fails: true, problems: []string{west}},
		"the side that serves denies a look": {from: denied, fails: true},
		"both sides are silent":              {from: silent, to: silent, fails: true},
		"one denies, one is silent":          {from: denied, to: silent, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := passOver(taker{world{errors: map[string]error{"us-east-1": tt.from, "us-west-2": tt.to}}, tt.take}).Reconcile(t.Context())
			if (err != nil) != tt.fails || !slices.Equal(result.Problems, tt.problems) {
				t.Errorf("error %v, problems %q; want fails: %v, %q", err, result.Problems, tt.fails, tt.problems)
			}
		})
	}
}
