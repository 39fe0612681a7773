package blueprint_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/internal/inputs"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

func TestInputs_areTakenByTheFunctionsThatTheyAreSentTo(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, s := range b.Schedules {
			if err := inputs.Accepted(s.Function, []byte(s.Input)); err != nil {
				t.Errorf("schedule %s: %v\n%s", s.Name, err, s.Input)
			}
		}
		const event = `{"source":"test","detail-type":"test","detail":{"text":"a \"quoted\" text"}}`
		for _, r := range b.Rules {
			if n := strings.Count(r.Input, blueprint.EventToken); n != 1 {
				t.Errorf("rule %s has %d places for the event: %s", r.Name, n, r.Input)
			}
			input := strings.Replace(r.Input, blueprint.EventToken, event, 1)
			if err := inputs.Accepted(r.Function, []byte(input)); err != nil {
				t.Errorf("rule %s: %v\n%s", r.Name, err, input)
			}
			var got struct{ Event json.RawMessage }
			if err := json.Unmarshal([]byte(input), &got); err != nil || string(got.Event) != event {
				t.Errorf("rule %s: the function would get the event %s, error %v", r.Name, got.Event, err)
			}
			// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
			if len(r.Input) > 8192 {
				t.Errorf("rule %s has an input template of %d characters, and 8192 are allowed", r.Name, len(r.Input))
			}
		}
	})
}

// task is what this test reads of a state machine.
type task struct {
	Parameters struct {
		FunctionName string
		Payload      map[string]any
		Whole        string `json:"Payload.$"` // where the payload is taken from as it is
	}
	Branches []struct{ States map[string]task }
}

func TestMachine_sendsEveryFunctionWhatItTakes(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, m := range b.Machines {
			sendsWhatIsTaken(t, m)
		}
	})
}

func sendsWhatIsTaken(t *testing.T, m blueprint.Machine) {
	t.Helper()
	var machine struct{ States map[string]task }
	if err := json.Unmarshal([]byte(m.Definition), &machine); err != nil {
		t.Fatal(err)
	}
	invoked := map[string]bool{}
	var visit func(states map[string]task)
	visit = func(states map[string]task) {
		for name, state := range states {
			for _, branch := range state.Branches {
				visit(branch.States)
			}
			if state.Parameters.FunctionName == "" {
				continue
			}
			function := invokes(t, state.Parameters.FunctionName)
			invoked[function] = true
			if state.Parameters.Whole != "" { // a request that close-run has from the journal
				if state.Parameters.Whole != "$.last.request" || !strings.HasPrefix(name, "take back ") {
					t.Errorf("%s, state %q: the whole payload is from %s", m.Name, name, state.Parameters.Whole)
				}
				continue
			}
			raw, err := json.Marshal(fill(t, state.Parameters.Payload))
			if err != nil {
				t.Fatal(err)
			}
			if err := inputs.Accepted(function, raw); err != nil {
				t.Errorf("%s, state %q: %v\n%s", m.Name, name, err, raw)
			}
		}
	}
	visit(machine.States)
	for _, must := range []string{workflow.OpenRun, workflow.HoldStep, workflow.CloseRun} {
		if !invoked[must] {
			t.Errorf("no state of %s invokes %s", m.Name, must)
		}
	}
}

// invokes is the function whose token stands for its ARN.
func invokes(t *testing.T, token string) string {
	t.Helper()
	for _, function := range inputs.Functions() {
		if workflow.Token(function) == token {
			return function
		}
	}
	t.Fatalf("no function has the token %s", token)
	return ""
}

// fill puts in what Step Functions would take from the execution's data.
func fill(t *testing.T, payload map[string]any) map[string]any {
	t.Helper()
	data := map[string]any{
		"$$.Execution.Name": "storefront-1",
		"$.failure":         map[string]any{"Error": "Pilotlight.Permanent", "Cause": "{}"},
		"$.last.request":    map[string]any{"op": "undo", "step": "data"},
	}
	filled := map[string]any{}
	for key, value := range payload {
		name, dynamic := strings.CutSuffix(key, ".$")
		if dynamic {
			path, _ := value.(string)
			known, ok := data[path]
			if !ok {
				t.Errorf("the machine takes %s from %v, which nothing writes", name, value)
			}
			value = known
		}
		filled[name] = value
	}
	return filled
}
