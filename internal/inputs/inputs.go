// Package inputs asks every function whether it takes an input, with the
// function's own decoder and nothing behind it: no AWS, an empty ledger. Tests
// ask it about what lies in events/ and about what a blueprint sends.
package inputs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	ages "github.com/pilotlight/pilotlight/pkg/age/publisher"
	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/holding"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture/publisher"
	"github.com/pilotlight/pilotlight/pkg/probe"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/fence"
)

// readings are the functions' own readings of an input, by folder in functions/.
// An error of class BadInput is a refusal; any other comes from behind.
var readings = map[string]func(json.RawMessage) error{
	"close-run":         func(raw json.RawMessage) error { return handled(closing.Handler(empty()), raw) },
	"answer-run":        func(raw json.RawMessage) error { return handled(answering.Handler(empty()), raw) },
	"hold-step":         func(raw json.RawMessage) error { return handled(holding.Handler(empty(), nil), raw) },
	"open-run":          func(raw json.RawMessage) error { return handled(opening.Handler(empty(), nil, nil), raw) },
	"decide-failover":   decided,
	"probe":             probed,
	"publish-ages":      func(raw json.RawMessage) error { return handled(ages.New(nowhere, down()).Handle, raw) },
	"publish-posture":   func(raw json.RawMessage) error { return handled(publisher.New(nowhere, down()).Handle, raw) },
	"reap-drills":       func(raw json.RawMessage) error { return handled(drill.Reaper{Ledger: down()}.Handle, raw) },
	"refresh-images":    func(raw json.RawMessage) error { return passes(protect.RefreshImages, raw) },
	"rotate-snapshots":  func(raw json.RawMessage) error { return passes(protect.RotateSnapshots, raw) },
	"protect-databases": func(raw json.RawMessage) error { return passes(protect.ProtectDatabases, raw) },
	"watch-replication": func(raw json.RawMessage) error { return passes(protect.WatchReplication, raw) },
	"approve":           steps[plan.Approve],
	"associate-address": steps[plan.AssociateAddress],
	"create-replica":    steps[plan.CreateReplica],
	"create-stack":      steps[plan.CreateStack],
	"event-source":      steps[plan.EventSource],
	"fence":             steps[plan.Fence],
	"keep-fence":        func(raw json.RawMessage) error { return handled(fence.Keep(nowhere, empty()), raw) },
	"invoke-function":   steps[plan.InvokeFunction],
	"launch-instances":  steps[plan.LaunchInstances],
	"promote-database":  steps[plan.PromoteDatabase],
	"register-targets":  steps[plan.RegisterTargets],
	"resize-instances":  steps[plan.ResizeInstances],
	"restore-volumes":   steps[plan.RestoreVolumes],
	"resume-protection": steps[plan.ResumeProtection],
	"retire":            steps[plan.Retire],
	"run-command":       steps[plan.RunCommand],
	"run-plan":          steps[plan.RunPlan],
	"scale-group":       steps[plan.ScaleGroup],
	"set-parameter":     steps[plan.SetParameter],
	"shift-traffic":     steps[plan.ShiftTraffic],
	"verify":            steps[plan.Verify],
}

// Functions are those that can be asked.
func Functions() []string { return slices.Sorted(maps.Keys(readings)) }

// Accepted is nil when the function takes the input, and else its refusal.
func Accepted(function string, raw []byte) error {
	read, ok := readings[function]
	if !ok {
		return fmt.Errorf("nobody here knows how %s reads its input", function)
	}
	if err := read(raw); failure.ClassOf(err) == failure.BadInput {
		return err
	}
	return nil
}

var nowhere = aws.Config{Region: "us-west-2"}

func empty() *ledgertest.Ledger { return ledgertest.New(time.Time{}) }

// down is a ledger that answers nothing, so that nothing is published.
func down() *ledgertest.Ledger {
	book := empty()
	book.Break = func(string) error { return ledgertest.ErrDown }
	return book
}

func handled[Out any](handle func(context.Context, json.RawMessage) (Out, error), raw json.RawMessage) error {
	_, err := handle(context.Background(), raw)
	return err
}

func steps[Spec any](raw json.RawMessage) error {
	return handled(step.Handler(down(), func(string) step.Kind[Spec] { return nil }), raw) // no ledger, so no kind is asked
}

func decided(raw json.RawMessage) error {
	decider := decide.Decider{Ledger: down(), Deployed: json.RawMessage(`{"plan":"storefront"}`)}
	answer, err := decider.Receive(context.Background(), raw)
	if len(answer.Failed) > 0 {
		return failure.BadInputf("decide-failover would answer messages %v of the batch as failed", answer.Failed)
	}
	return err
}

// probed has no network: only its reading is asked.
func probed(raw json.RawMessage) error {
	_, err := probe.Decode(raw)
	return err
}

func passes(function protect.Function, raw json.RawMessage) error {
	begin := func(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
		_, err := function.Begin(ctx, empty(), raw)
		return protect.Result{}, err
	}
	answer, err := function.Queued(begin)(context.Background(), raw)
	if len(answer.Failed) > 0 {
		return failure.BadInputf("%s would answer messages %v of the batch as failed", function.Name, answer.Failed)
	}
	return err
}
