package input_test

import (
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
)

type request struct {
	Plan  string         `json:"plan"`
	Inner map[string]any `json:"inner"`
	Spec  struct {
		Count int `json:"count"`
	} `json:"spec"`
}

func TestDecode_takesWhatItKnows(t *testing.T) {
	var got request
	if err := input.Decode("open-run", []byte(" {\"plan\":\"p\",\"inner\":{\"any\":1},\"spec\":{\"count\":2}} \n"), &got); err != nil || got.Plan != "p" || got.Spec.Count != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDecode_refusesEverythingElseAndSaysWhereARightOneIs(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":              ``,
		"no JSON":              `now!`,
		"cut off":              `{"plan":"p"`,
		"a list":               `[{"plan":"p"}]`,
		"a text":               `"p"`,
		"another type":         `{"plan":7}`,
		"a misspelt field":     `{"plna":"p"}`,
		"a misspelt one below": `{"plan":"p","spec":{"cuont":2}}`,
		"two inputs":           `{"plan":"p"} {"plan":"q"}`,
		"something after it":   `{"plan":"p"}]`,
	} {
		var got request
		err := input.Decode("open-run", []byte(raw), &got)
		if failure.ClassOf(err) != failure.BadInput {
			t.Errorf("%s: %v; want a refusal", name, err)
		} else if !strings.Contains(err.Error(), "events/open-run") {
			t.Errorf("%s: %q does not say where a right one is", name, err)
		}
	}
}

func TestNeed_namesTheFirstEmptyField(t *testing.T) {
	plan, empty := input.Field{Name: "plan", Value: "p"}, input.Field{Name: "run"}
	if err := input.Need("open-run", plan); err != nil {
		t.Error(err)
	}
	if err := input.Need("open-run", plan, empty); failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), `"run"`) {
		t.Errorf("%v; want a refusal that names run", err)
	}
}
