package setparameter

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var (
	aRun = step.Run{Plan: "storefront", ID: "storefront-1", Step: "host", Outputs: map[string]map[string]string{
		"orders": {"endpoint": "new.example", "port": "3306"},
	}}
	aSpec = plan.SetParameter{Name: "/storefront/database/host", Value: "${orders.endpoint}:${orders.port}"}
)

// store is the parameter store of the recovery region.
type store struct {
	t          *testing.T
	parameters map[string]types.Parameter
	writes     int
	crash      bool // the caller dies after the next write
}

func newStore(t *testing.T, parameters ...types.Parameter) *store {
	s := &store{t: t, parameters: map[string]types.Parameter{}}
	for _, p := range parameters {
		s.parameters[*p.Name] = p
	}
	return s
}

func (s *store) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	p, ok := s.parameters[*in.Name]
	if !ok {
		return nil, &types.ParameterNotFound{}
	}
	if p.Type == types.ParameterTypeSecureString && !aws.ToBool(in.WithDecryption) {
		p.Value = aws.String("ciphertext")
	}
	return &ssm.GetParameterOutput{Parameter: &p}, nil
}

func (s *store) PutParameter(_ context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	was, exists := s.parameters[*in.Name]
	if exists && !aws.ToBool(in.Overwrite) {
		return nil, &types.ParameterAlreadyExists{}
	}
	if exists && in.Type != was.Type {
		s.t.Errorf("type of %s turned from %s to %s", *in.Name, was.Type, in.Type)
	}
	s.parameters[*in.Name] = types.Parameter{Name: in.Name, Value: in.Value, Type: in.Type}
	s.writes++
	if s.crash {
		s.crash = false
		return nil, errors.New("the function died after the call")
	}
	return &ssm.PutParameterOutput{}, nil
}

func (s *store) value() string { return aws.ToString(s.parameters[aSpec.Name].Value) }

func parameter(kind types.ParameterType, value string) types.Parameter {
	return types.Parameter{Name: aws.String(aSpec.Name), Type: kind, Value: aws.String(value)}
}

func TestAdvance_writesTheValueOnceAndSaysWhatWasThere(t *testing.T) {
	s := newStore(t, parameter(types.ParameterTypeString, "old.example"))
	var details []string
	for range 3 {
		got, err := (&Kind{s}).Advance(t.Context(), aRun, aSpec)
		if err != nil || !got.Done {
			t.Fatalf("Advance = %+v, %v; want done", got, err)
		}
		details = append(details, got.Detail)
	}
	if s.value() != "new.example:3306" || s.writes != 1 {
		t.Errorf("value %q after %d writes; want one", s.value(), s.writes)
	}
	if !strings.Contains(details[0], "old.example") {
		t.Errorf("detail %q does not say what was there before", details[0])
	}
}

func TestAdvance_makesAParameterThatDoesNotExist(t *testing.T) {
	s := newStore(t)
	if _, err := (&Kind{s}).Advance(t.Context(), aRun, aSpec); err != nil {
		t.Fatal(err)
	}
	want := parameter(types.ParameterTypeString, "new.example:3306")
	if got := s.parameters[aSpec.Name]; *got.Value != *want.Value || got.Type != want.Type {
		t.Errorf("parameter %+v; want %+v", got, want)
	}
}

func TestAdvance_endsTheSameAfterACrash(t *testing.T) {
	s := newStore(t, parameter(types.ParameterTypeString, "old.example"))
	s.crash = true
	if _, err := (&Kind{s}).Advance(t.Context(), aRun, aSpec); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	got, err := (&Kind{s}).Advance(t.Context(), aRun, aSpec)
	if err != nil || !got.Done || s.writes != 1 {
		t.Errorf("Advance = %+v, %v after %d writes; want done after one", got, err, s.writes)
	}
}

func TestAdvance_keepsASecretSecret(t *testing.T) {
	s := newStore(t, parameter(types.ParameterTypeSecureString, "old-secret"))
	for range 2 {
		got, err := (&Kind{s}).Advance(t.Context(), aRun, aSpec)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got.Detail, "old-secret") || strings.Contains(got.Detail, "new.example") {
			t.Errorf("detail %q tells the secret", got.Detail)
		}
	}
	if s.writes != 1 {
		t.Errorf("%d writes; want one", s.writes)
	}
}

func TestAdvance_refusesAnOutputThatNoStepHas(t *testing.T) {
	s := newStore(t)
	_, err := (&Kind{s}).Advance(t.Context(), aRun, plan.SetParameter{Name: aSpec.Name, Value: "${order.endpoint}"})
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "${orders.endpoint}, ${orders.port}") {
		t.Errorf("error %v; want a permanent one that names the outputs there are", err)
	}
	if s.writes > 0 {
		t.Error("wrote all the same")
	}
}

func TestExpand_putsOutputsInThePlaceOfReferences(t *testing.T) {
	outputs := map[string]map[string]string{"orders": {"endpoint": "db.example", "note": "${orders.endpoint}"}}
	for value, want := range map[string]string{
		"plain":                                "plain",
		"":                                     "",
		"${orders.endpoint}":                   "db.example",
		"jdbc://${orders.endpoint}/x?$y={a.b}": "jdbc://db.example/x?$y={a.b}",
		"${orders.note}":                       "${orders.endpoint}", // an output is not expanded again
	} {
		got, err := Expand(value, outputs)
		if err != nil {
			t.Errorf("Expand(%q): %v", value, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Expand(%q) (-want +got):\n%s", value, diff)
		}
	}
}
