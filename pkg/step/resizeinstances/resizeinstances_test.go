package resizeinstances

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.ResizeInstances]

// standby has one small instance that runs.
func standby(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.ResizeInstances] { return New(cfg) }, "grow")
	w.Servers(simulated.Away).Instance("web", "us-west-2a")
	w.Spec = plan.ResizeInstances{Instances: "web", Type: "m7g.large"}
	return w
}

// asleep has it stopped.
func asleep(t *testing.T) *trial {
	w := standby(t)
	client := ec2.NewFromConfig(w.Team(simulated.Away))
	out, err := client.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{aws.ToString(out.Reservations[0].Instances[0].InstanceId)}}); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	simulated.Hold(t, map[string]simulated.Scenario[plan.ResizeInstances]{
		"a running instance": {Build: standby, Changes: []string{
			"us-west-2.CreateTags", "us-west-2.StopInstances", "us-west-2.ModifyInstanceAttribute", "us-west-2.StartInstances",
		}},
		"a stopped instance": {Build: asleep, Changes: []string{"us-west-2.CreateTags", "us-west-2.ModifyInstanceAttribute", "us-west-2.StartInstances"}},
	}, (*trial).See)
}

func TestAdvance_leavesOutWhatADrillDidNotLaunch(t *testing.T) {
	w := standby(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	if got := w.Settle(w.Advance); !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.Caller.Changes) > 0 {
		t.Errorf("%q after %v", got.Detail, w.Caller.Changes)
	}
}

func TestAdvance_needsAnInstance(t *testing.T) {
	w := standby(t)
	w.Spec.Type = "g5.xlarge"
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, `"Running On-Demand G and VT instances" of us-west-2 is 0 vCPUs`) {
		t.Errorf("says %q", said)
	}
	w.Spec.Instances = "nobody"
	if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || len(w.Caller.Changes) > 0 {
		t.Errorf("%v after %v", err, w.Caller.Changes)
	}
}

func TestCheck_saysWhatWouldStopTheStep(t *testing.T) {
	w := standby(t)
	if problems := w.Check(); len(problems) > 0 {
		t.Errorf("says %q of what works", problems)
	}
	w.Spec.Type = "u-12tb1.112xlarge"
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, "does not offer") {
		t.Errorf("says %q", said)
	}
	w.Spec.Instances = "nobody"
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, "No instance named nobody") {
		t.Errorf("says %q", said)
	}
}

func TestStep_isTakenBackAfterASecondOneOnTheSameInstance(t *testing.T) {
	simulated.Twice(standby(t), plan.ResizeInstances{Instances: "web", Type: "m7g.xlarge"}, (*trial).See)
}
