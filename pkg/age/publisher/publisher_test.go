package publisher

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// inspection answers for each policy by its name.
type inspection map[string]func(context.Context, protect.Pass) ([]protect.Source, error)

func aged(ages ...time.Duration) func(context.Context, protect.Pass) ([]protect.Source, error) {
	return func(_ context.Context, pass protect.Pass) ([]protect.Source, error) {
		var sources []protect.Source
		for _, age := range ages {
			sources = append(sources, protect.Source{Policy: pass.Policy.Name, Newest: pass.Now.Add(-age)})
		}
		return sources, nil
	}
}

// handle sends the sample event, whose policies are data and web, and gives back
// what was written: the value of each metric by policy.
func handle(t *testing.T, answers inspection) (Published, map[string]map[string]float64) {
	t.Helper()
	return handleWith(t, ledgertest.New(noon), answers)
}

func handleWith(t *testing.T, book *ledgertest.Ledger, answers inspection) (Published, map[string]map[string]float64) {
	t.Helper()
	var out bytes.Buffer
	p := &Publisher{book, func(ctx context.Context, pass protect.Pass) ([]protect.Source, error) {
		return answers[pass.Policy.Name](ctx, pass)
	}, &out}
	said, err := p.Handle(t.Context(), repository.Events(t, function)["schedule.json"])
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]map[string]float64{}
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var line struct {
			AWS                    struct{ Timestamp int64 } `json:"_aws"`
			Policy                 string
			OldestPoint, BeyondRPO *float64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || metrics[line.Policy] != nil || line.AWS.Timestamp != noon.UnixMilli() {
			t.Fatalf("line %s, error %v", lines.Bytes(), err)
		}
		metrics[line.Policy] = map[string]float64{}
		for name, value := range map[string]*float64{"OldestPoint": line.OldestPoint, "BeyondRPO": line.BeyondRPO} {
			if value != nil {
				metrics[line.Policy][name] = *value
			}
		}
	}
	return said, metrics
}

func TestHandle_publishesEachPolicyAtTheLedgersTime(t *testing.T) {
	said, metrics := handle(t, inspection{"data": aged(50*time.Minute, 61*time.Minute), "web": aged(20 * time.Hour)})
	want := map[string]map[string]float64{
		"data": {"OldestPoint": 3660, "BeyondRPO": 1},
		"web":  {"OldestPoint": 72000, "BeyondRPO": 0},
	}
	if diff := cmp.Diff(want, metrics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !said.At.Equal(noon) || len(said.Policies) != 2 || said.Policies[0].Policy != "data" || said.Policies[1].Problem != "" {
		t.Errorf("it said %+v", said)
	}
}

func TestHandle_publishesTheOthersWhenOnePolicyCannotBeRead(t *testing.T) {
	for name, broken := range map[string]func(context.Context, protect.Pass) ([]protect.Source, error){
		"hangs": func(ctx context.Context, _ protect.Pass) ([]protect.Source, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"is throttled": func(context.Context, protect.Pass) ([]protect.Source, error) {
			return nil, errors.New("RequestLimitExceeded")
		},
		"matches nothing": aged(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				said, metrics := handle(t, inspection{"data": broken, "web": aged(time.Hour)})
				if diff := cmp.Diff(map[string]map[string]float64{"web": {"OldestPoint": 3600, "BeyondRPO": 0}}, metrics); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if said.Policies[0].Problem == "" || said.Policies[1].Problem != "" {
					t.Errorf("it said %+v", said)
				}
				if took := time.Since(began); took > patience { // Lambda ends it after a minute
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestHandle_countsASourceWithoutAPointAsBeyond(t *testing.T) {
	never := func(_ context.Context, pass protect.Pass) ([]protect.Source, error) {
		return []protect.Source{{Policy: pass.Policy.Name, ID: "i-new"}}, nil
	}
	_, metrics := handle(t, inspection{"data": never, "web": aged(time.Hour)})
	if diff := cmp.Diff(map[string]float64{"BeyondRPO": 1}, metrics["data"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHandle_notesForDecisionsWhatIsKnownOfEachPolicy(t *testing.T) {
	book := ledgertest.New(noon)
	handleWith(t, book, inspection{"data": aged(50*time.Minute, 61*time.Minute), "web": aged(20 * time.Hour)})
	book.At(noon.Add(5 * time.Minute))
	p := &Publisher{book, func(ctx context.Context, pass protect.Pass) ([]protect.Source, error) {
		if pass.Policy.Name == "data" {
			return nil, errors.New("us-east-1 does not answer")
		}
		return aged(time.Hour)(ctx, pass)
	}, &bytes.Buffer{}}
	if _, err := p.Handle(t.Context(), repository.Events(t, function)["schedule.json"]); err != nil {
		t.Fatal(err)
	}
	ages, err := book.Ages(t.Context(), "storefront")
	if err != nil {
		t.Fatal(err)
	}
	want := []run.Age{
		{Policy: "data", Newest: noon.Add(-61 * time.Minute), At: noon, Beyond: true, Problem: "us-east-1 does not answer"},
		{Policy: "web", Newest: noon.Add(-55 * time.Minute), At: noon.Add(5 * time.Minute)},
	}
	if diff := cmp.Diff(want, ages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHandle_publishesAlsoWhatTheLedgerDoesNotTake(t *testing.T) {
	for _, call := range []string{"ages", "aged data"} {
		book := ledgertest.New(noon)
		book.Break = ledgertest.On(call)
		said, metrics := handleWith(t, book, inspection{"data": aged(time.Minute), "web": aged(time.Hour)})
		if len(metrics) != 2 || said.Policies[0].Problem != "" || said.Policies[0].Unnoted == "" {
			t.Errorf("%s is down: it said %+v and published %v", call, said, metrics)
		}
		book.Break = nil
		// What was known before must not be written over by who could not read it.
		if ages, err := book.Ages(t.Context(), "storefront"); err != nil || len(ages) != map[string]int{"ages": 0, "aged data": 1}[call] {
			t.Errorf("%s is down: noted %v, %v", call, ages, err)
		}
	}
}

func TestHandle_looksFromTheSideThatServes(t *testing.T) {
	book := ledgertest.New(noon)
	book.Set(run.State{Plan: "storefront", Posture: run.Active, Side: run.RecoverySide})
	var sides [][2]string
	p := &Publisher{book, func(_ context.Context, pass protect.Pass) ([]protect.Source, error) {
		if pass.Policy.Name == "data" {
			sides = append(sides, [2]string{pass.From.Region, pass.To.Region})
		}
		return nil, nil
	}, &bytes.Buffer{}}
	if _, err := p.Handle(t.Context(), repository.Events(t, function)["schedule.json"]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]string{{"us-west-2", "us-east-1"}}, sides); diff != "" {
		t.Errorf("from and to (-want +got):\n%s", diff)
	}
}

func TestHandle_refusesABadInputWithoutLookingAtAnything(t *testing.T) {
	for name, raw := range map[string]string{
		"no policies":          `{"plan": "shop", "primary": "us-east-1", "recovery": "us-west-2", "policies": []}`,
		"no recovery":          `{"plan": "shop", "primary": "us-east-1", "policies": [{"name": "a", "table": {"name": "carts"}, "every": "5m", "rpo": "5m", "keep": {}}]}`,
		"a policy of nothing":  `{"plan": "shop", "primary": "us-east-1", "recovery": "us-west-2", "policies": [{"name": "a", "every": "5m", "rpo": "1h", "keep": {}}]}`,
		"a policy without RPO": `{"plan": "shop", "primary": "us-east-1", "recovery": "us-west-2", "policies": [{"name": "a", "volumes": {"tags": {"a": "b"}}, "every": "5m", "rpo": "0s", "keep": {}}]}`,
		"an unknown field":     `{"plan": "shop", "primary": "us-east-1", "recovery": "us-west-2", "policy": {}, "policies": []}`,
	} {
		p := &Publisher{ledgertest.New(noon), func(context.Context, protect.Pass) ([]protect.Source, error) {
			t.Errorf("%s: something was looked at", name)
			return nil, nil
		}, &bytes.Buffer{}}
		if _, err := p.Handle(t.Context(), json.RawMessage(raw)); failure.ClassOf(err) != failure.BadInput {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
