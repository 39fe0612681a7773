package setparameter

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

const wanted = "new.example:3306"

// store is the parameter store of the region, of which a test has one parameter.
type store struct {
	*simulated.Caller
	t    *testing.T
	ssm  *ssm.Client // a person's
	kind *Kind
	spec plan.SetParameter
	run  step.Run
}

func newStore(t *testing.T) *store {
	cfg := simulated.Shared(t).Config("us-west-2")
	caller := &simulated.Caller{}
	return &store{
		Caller: caller, t: t, ssm: ssm.NewFromConfig(cfg), kind: New(caller.On(cfg)),
		spec: plan.SetParameter{Name: "/" + t.Name() + "/host", Value: "${orders.endpoint}:${orders.port}"},
		run: step.Run{Plan: "storefront", ID: "storefront-1", Step: "host", Mode: run.Unplanned, Outputs: map[string]map[string]string{
			"orders": {"endpoint": "new.example", "port": "3306"},
		}},
	}
}

func (s *store) holds(kind types.ParameterType, value string) *store {
	s.t.Helper()
	_, err := s.ssm.PutParameter(s.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(s.spec.Name), Value: aws.String(value), Type: kind, Overwrite: aws.Bool(true), Description: aws.String("where the database is"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s
}

// shown is everything that SSM answers of a parameter but its version and dates.
type shown struct {
	Value, Type, Description, Key string
	Tags                          map[string]string
}

func (s *store) show(name string) shown {
	s.t.Helper()
	p, err := (&Kind{s.ssm}).look(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	if !p.exists() {
		return shown{}
	}
	newest := p.newest()
	return shown{p.value(), string(newest.Type), aws.ToString(newest.Description), aws.ToString(newest.KeyId), p.tags}
}

func (s *store) advance() step.Progress {
	s.t.Helper()
	got, err := s.kind.Advance(s.t.Context(), s.run, s.spec)
	if err != nil || !got.Done {
		s.t.Fatalf("Advance = %+v, %v; want done", got, err)
	}
	return got
}

func (s *store) undo() step.Progress {
	s.t.Helper()
	got, err := s.kind.Undo(s.t.Context(), s.run, s.spec)
	if err != nil || !got.Done {
		s.t.Fatalf("Undo = %+v, %v; want done", got, err)
	}
	return got
}

func TestAdvance_writesTheValueOnceAndSaysWhatWasThere(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeString, "old.example")
	for range 3 {
		if got := s.advance(); !strings.Contains(got.Detail, "old.example") || got.Outputs[before] != "1" {
			t.Errorf("%+v does not say what was there before", got)
		}
	}
	want := shown{Value: wanted, Type: "String", Description: "where the database is", Tags: map[string]string{lineage.Before: "storefront-1/host/1"}}
	if diff := cmp.Diff(want, s.show(s.spec.Name)); diff != "" {
		t.Errorf("parameter (-want +got):\n%s", diff)
	}
	if want := []string{"us-west-2.AddTagsToResource", "us-west-2.PutParameter"}; !slices.Equal(s.Changes, want) {
		t.Errorf("changes %v; want %v", s.Changes, want)
	}
}

func TestAdvance_changesNothingWhereTheValueIsThere(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeString, wanted)
	s.advance()
	s.undo()
	if len(s.Changes) > 0 || s.show(s.spec.Name).Value != wanted {
		t.Errorf("changes %v", s.Changes)
	}
}

func TestAdvance_keepsASecretSecret(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeSecureString, "old-secret")
	for _, got := range []step.Progress{s.advance(), s.advance(), s.undo()} {
		if strings.Contains(got.Detail, "old-secret") || strings.Contains(got.Detail, "new.example") {
			t.Errorf("detail %q tells the secret", got.Detail)
		}
	}
	if got := s.show(s.spec.Name); got.Value != "old-secret" || got.Type != "SecureString" || got.Key != own {
		t.Errorf("parameter %+v; want the old secret", got)
	}
}

func TestAdvance_refusesAnOutputThatNoStepHas(t *testing.T) {
	s := newStore(t)
	s.spec.Value = "${order.endpoint}"
	_, err := s.kind.Advance(t.Context(), s.run, s.spec)
	if failure.ClassOf(err) != failure.Permanent || s.Calls > 0 {
		t.Errorf("error %v after %d calls; want a permanent one after none", err, s.Calls)
	}
}

// The step is taken back after each call that it lived to make, and goes on after
// each that it did not.
func TestUndo_leavesTheParameterAsItWasAfterEveryCrash(t *testing.T) {
	for name, arrange := range map[string]func(*store){
		"it did not exist": func(*store) {},
		"it had a value":   func(s *store) { s.holds(types.ParameterTypeString, "older").holds(types.ParameterTypeString, "old") },
		"it was a secret":  func(s *store) { s.holds(types.ParameterTypeSecureString, "old") },
	} {
		for crash := range 4 {
			t.Run(name, func(t *testing.T) {
				s := newStore(t)
				arrange(s)
				was := s.show(s.spec.Name)
				s.CrashAt = crash
				_, err := s.kind.Advance(t.Context(), s.run, s.spec)
				if died := crash > 0 && crash <= len(s.Changes); died != errors.Is(err, simulated.ErrCrash) {
					t.Fatalf("crash %d: %v after %v", crash, err, s.Changes)
				}
				for undoing := range 3 { // dies after its first call, and its second
					s.CrashAt = len(s.Changes) + undoing + 1
					if _, err := s.kind.Undo(t.Context(), s.run, s.spec); err != nil && !errors.Is(err, simulated.ErrCrash) {
						t.Fatal(err)
					}
				}
				s.undo()
				if diff := cmp.Diff(was, s.show(s.spec.Name)); diff != "" {
					t.Errorf("crash %d: parameter (-before +after):\n%s", crash, diff)
				}
			})
		}
	}
}

func TestAdvance_goesOnAfterACrash(t *testing.T) {
	for crash := 1; crash <= 2; crash++ {
		s := newStore(t).holds(types.ParameterTypeString, "old")
		s.CrashAt = crash
		if _, err := s.kind.Advance(t.Context(), s.run, s.spec); !errors.Is(err, simulated.ErrCrash) {
			t.Fatalf("crash %d went unnoticed: %v", crash, err)
		}
		if s.advance(); len(s.Changes) != 2 {
			t.Errorf("crash %d: changes %v; want two", crash, s.Changes)
		}
		s.undo()
	}
}

func TestUndo_overwritesNobodyElsesValue(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeString, "old")
	s.advance()
	s.holds(types.ParameterTypeString, "a person's")
	if got := s.undo(); !strings.Contains(got.Left, "version 1") || s.show(s.spec.Name).Value != "a person's" {
		t.Errorf("left %q", got.Left)
	}
}

func TestUndo_ofTwoStepsOnOneParameterGoesBackToTheFirst(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeString, "old")
	first := s.run
	first.Outputs = map[string]map[string]string{"orders": s.run.Outputs["orders"], "host": s.advance().Outputs}
	second, spec := s.run, plan.SetParameter{Name: s.spec.Name, Value: "second"}
	second.Step = "host-2"
	for _, act := range []func() (step.Progress, error){
		func() (step.Progress, error) { return s.kind.Advance(t.Context(), second, spec) },
		func() (step.Progress, error) { return s.kind.Undo(t.Context(), second, spec) },
		func() (step.Progress, error) { return s.kind.Undo(t.Context(), first, s.spec) },
	} {
		if got, err := act(); err != nil || !got.Done || got.Left != "" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if got := s.show(s.spec.Name); got.Value != "old" || len(got.Tags) > 0 {
		t.Errorf("parameter %+v; want the value from before the run", got)
	}
}

func TestDrill_writesUnderItsOwnPathAndLeavesNothing(t *testing.T) {
	s := newStore(t).holds(types.ParameterTypeString, "old")
	was := s.show(s.spec.Name)
	s.run.Mode, s.run.Drill = run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	s.run.Began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.advance()
	if diff := cmp.Diff(was, s.show(s.spec.Name)); diff != "" {
		t.Errorf("production's parameter (-before +after):\n%s", diff)
	}
	drilled := s.show("/drill" + s.spec.Name)
	if drilled.Value != wanted || drilled.Tags[lineage.Drill] != "storefront-1" || drilled.Tags[lineage.Expires] != "2026-03-01T20:00:00Z" {
		t.Errorf("the drill's parameter %+v", drilled)
	}
	s.undo()
	if got := s.show("/drill" + s.spec.Name); got.Value != "" {
		t.Errorf("left %+v", got)
	}
}

func TestCheck_readsAndChangesNothing(t *testing.T) {
	drill := &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	for name, c := range map[string]struct {
		arrange func(*store)
		want    string // in the only problem; empty: there is none
	}{
		"it does not exist":           {func(*store) {}, ""},
		"it is there":                 {func(s *store) { s.holds(types.ParameterTypeString, "old") }, ""},
		"a secret of the account":     {func(s *store) { s.holds(types.ParameterTypeSecureString, "old") }, ""},
		"a secret under another key":  {func(s *store) { s.secret("alias/team") }, "alias/team"},
		"the drill's name is in use":  {func(s *store) { s.spec.Name = "/" + t.Name() + "/x"; s.taken(drill.Path(s.spec.Name)) }, "another suffix"},
		"the oldest version is named": {func(s *store) { s.labelled() }, "label"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			c.arrange(s)
			s.run.Drill = drill
			problems, err := s.kind.Check(t.Context(), s.run, s.spec)
			if err != nil || (len(problems) > 0) != (c.want != "") || !strings.Contains(strings.Join(problems, " "), c.want) {
				t.Errorf("problems %q, %v; want one about %q", problems, err, c.want)
			}
			if len(s.Changes) > 0 {
				t.Errorf("changed %v", s.Changes)
			}
		})
	}
}

func (s *store) secret(key string) {
	s.t.Helper()
	if _, err := s.ssm.PutParameter(s.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(s.spec.Name), Value: aws.String("x"), Type: types.ParameterTypeSecureString, KeyId: aws.String(key),
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) taken(name string) {
	s.t.Helper()
	if _, err := s.ssm.PutParameter(s.t.Context(), &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String("x"), Type: types.ParameterTypeString}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) labelled() {
	s.t.Helper()
	for n := range most {
		s.holds(types.ParameterTypeString, strings.Repeat("x", n+1))
	}
	if _, err := s.ssm.LabelParameterVersion(s.t.Context(), &ssm.LabelParameterVersionInput{
		Name: aws.String(s.spec.Name), ParameterVersion: aws.Int64(1), Labels: []string{"golden"},
	}); err != nil {
		s.t.Fatal(err)
	}
}
