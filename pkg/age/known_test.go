package age

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// before is what the look before found: that long before noon, of data so much older.
func before(ago, behind time.Duration) run.Age {
	return run.Age{Policy: "data", At: noon.Add(-ago), Newest: noon.Add(-ago - behind)}
}

func alone(age time.Duration) protect.Source {
	return protect.Source{Newest: noon.Add(-age), Unseen: true}
}

func TestAfter_takesNothingAwayThatWasKnown(t *testing.T) {
	carts := plan.Policy{Name: "data", Table: &plan.Table{Name: "carts"}}
	none := run.Age{Policy: "data", At: noon.Add(-5 * time.Minute)} // one source had nothing
	now := func(age time.Duration) run.Age { return run.Age{Policy: "data", At: noon, Newest: noon.Add(-age)} }
	but := func(known run.Age, problem string) run.Age {
		known.Problem = problem
		return known
	}
	for name, tt := range map[string]struct {
		was     run.Age
		policy  plan.Policy
		sources []protect.Source
		failed  error
		want    run.Age
	}{
		"the first look":                         {run.Age{}, hourly, []protect.Source{source(time.Minute)}, nil, now(time.Minute)},
		"the furthest behind counts":             {before(5*time.Minute, 0), hourly, []protect.Source{source(time.Minute), source(time.Hour), source(time.Second)}, nil, now(time.Hour)},
		"one has nothing":                        {before(5*time.Minute, 0), hourly, []protect.Source{source(time.Minute), {}}, nil, run.Age{Policy: "data", At: noon, Beyond: true}},
		"one is late":                            {before(5*time.Minute, 0), hourly, []protect.Source{source(time.Minute), source(48 * time.Hour)}, nil, run.Age{Policy: "data", At: noon, Newest: noon.Add(-48 * time.Hour), Beyond: true}},
		"a failed look":                          {before(5*time.Minute, time.Hour), hourly, nil, errors.New("no answer"), but(before(5*time.Minute, time.Hour), "no answer")},
		"a failed look, and a second":            {but(before(5*time.Minute, 0), "no answer"), hourly, nil, errors.New("denied"), but(before(5*time.Minute, 0), "denied")},
		"nothing but a failed look":              {run.Age{}, hourly, nil, errors.New("no answer"), run.Age{Policy: "data", Problem: "no answer"}},
		"a good look after a failed one":         {but(before(time.Hour, 0), "no answer"), hourly, []protect.Source{source(time.Minute)}, nil, now(time.Minute)},
		"a copy that arrived after the disaster": {before(5*time.Minute, 50*time.Minute), hourly, []protect.Source{alone(25 * time.Minute)}, nil, now(25 * time.Minute)},
		"a source that nobody sees any more":     {none, hourly, []protect.Source{alone(time.Minute)}, nil, but(none, unseen)},
		"a source that was late":                 {before(5*time.Minute, 30*time.Hour), hourly, []protect.Source{alone(time.Minute)}, nil, but(before(5*time.Minute, 30*time.Hour), unseen)},
		"a recovery region that is silent":       {before(5*time.Minute, 0), hourly, []protect.Source{{Unseen: true}}, nil, but(before(5*time.Minute, 0), unseen)},
		"one side alone, and nothing before":     {run.Age{}, hourly, []protect.Source{alone(time.Minute)}, nil, now(time.Minute)},
		"a replica that was left behind":         {before(5*time.Minute, 2*time.Hour), carts, []protect.Source{alone(time.Minute)}, nil, but(before(5*time.Minute, 2*time.Hour), unseen)},
		"a replica that follows":                 {before(5*time.Minute, 2*time.Hour), carts, []protect.Source{source(time.Second)}, nil, now(time.Second)},
	} {
		if diff := cmp.Diff(tt.want, After(tt.was, tt.policy, tt.sources, tt.failed, noon)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
