package registertargets

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.RegisterTargets]

// shop has two servers of which one is in the target group already.
func shop(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.RegisterTargets] { return New(cfg) }, "targets")
	team := w.Servers(simulated.Away)
	arn, known := team.TargetGroup("web"), team.Instance("web", "us-west-2a")
	team.Instance("web", "us-west-2b")
	_, err := elb.NewFromConfig(team.Config).RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: descriptions([]string{known})})
	if err != nil {
		t.Fatal(err)
	}
	w.Spec = plan.RegisterTargets{Targets: "web", Instances: "web"}
	return w
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	simulated.Hold(t, map[string]simulated.Scenario[plan.RegisterTargets]{
		"one of two": {Build: shop, Changes: []string{"us-west-2.CreateTags", "us-west-2.RegisterTargets"}},
	}, (*trial).See)
}

func TestAdvance_leavesOutADrillWithoutAGroup(t *testing.T) {
	w := shop(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	if got := w.Settle(w.Advance); !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.Caller.Changes) > 0 {
		t.Errorf("%q after %v", got.Detail, w.Caller.Changes)
	}
}

func TestCheck_saysWhichGroupIsNotThere(t *testing.T) {
	w := shop(t)
	if problems := w.Check(); len(problems) > 0 {
		t.Errorf("says %q of what works", problems)
	}
	w.Spec.Drill = "nowhere"
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, "no target group nowhere") {
		t.Errorf("says %q", said)
	}
}

func TestUndo_leavesToAnEarlierStepWhatThatRegistered(t *testing.T) {
	w := shop(t)
	w.Servers(simulated.Away).Instance("worker", "us-west-2a")
	w.Settle(w.Advance)
	before := w.See()
	w.Run.Step, w.Spec = "more", plan.RegisterTargets{Targets: "web", Instances: "worker"}
	w.Settle(w.Advance)
	w.Settle(w.Undo)
	if diff := cmp.Diff(before, w.See()); diff != "" {
		t.Errorf("AWS before and after the second step (-before +after):\n%s", diff)
	}
}
