package scalegroup

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.ScaleGroup]

// standby is a group of one that can be two.
func standby(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.ScaleGroup] { return New(cfg) }, "scale")
	team := w.Servers(simulated.Away)
	team.Template("web")
	_, err := autoscaling.NewFromConfig(team.Config).CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(1), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(1),
		AvailabilityZones: []string{"us-west-2a"}, LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Spec = plan.ScaleGroup{Group: "web", Min: 2, Desired: 4}
	return w
}

// drilled is the same in a drill of three.
func drilled(t *testing.T) *trial {
	w := standby(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill", Size: 3, TTL: plan.DefaultTTL}
	return w
}

// sizes are those of the groups alone: instances come and go with them.
func sizes(w *trial) []string {
	w.T.Helper()
	out, err := autoscaling.NewFromConfig(w.Team(simulated.Away)).DescribeAutoScalingGroups(w.T.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil {
		w.T.Fatal(err)
	}
	var lines []string
	for _, g := range out.AutoScalingGroups {
		lines = append(lines, fmt.Sprintf("%s %s, tags %v", *g.AutoScalingGroupName, group{found: g}.size(), group{found: g}.tags()))
	}
	return lines
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	scaled := []string{"us-west-2.CreateOrUpdateTags", "us-west-2.UpdateAutoScalingGroup"}
	simulated.Hold(t, map[string]simulated.Scenario[plan.ScaleGroup]{
		"a failover": {Build: standby, Changes: scaled},
		"a drill":    {Build: drilled, Changes: scaled},
	}, sizes)
}

func TestWanted_neverMakesSmaller(t *testing.T) {
	for _, c := range []struct {
		spec plan.ScaleGroup
		now  size
		want size
	}{
		{plan.ScaleGroup{Group: "g", Desired: 4}, size{1, 2, 1}, size{1, 4, 4}},
		{plan.ScaleGroup{Group: "g", Min: 2, Max: 9, Desired: 4}, size{1, 2, 1}, size{2, 9, 4}},
		{plan.ScaleGroup{Group: "g", Min: 2, Max: 9, Desired: 4}, size{5, 20, 7}, size{5, 20, 7}},
		{plan.ScaleGroup{Service: "s", Cluster: "c", Desired: 4}, size{desired: 1}, size{desired: 4}},
		{plan.ScaleGroup{Service: "s", Cluster: "c", Desired: 4}, size{desired: 6}, size{desired: 6}},
	} {
		if got := wanted(step.Run{}, c.spec, c.now); got != c.want {
			t.Errorf("%+v from %v: %v, want %v", c.spec, c.now, got, c.want)
		}
	}
}

func TestAdvance_leavesOutADrillWithoutASize(t *testing.T) {
	w := drilled(t)
	w.Run.Drill.Size = 0
	if got := w.Settle(w.Advance); !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.Caller.Changes) > 0 {
		t.Errorf("%q after %v", got.Detail, w.Caller.Changes)
	}
}

func TestCheck_saysWhichGroupIsNotThere(t *testing.T) {
	w := standby(t)
	if problems := w.Check(); len(problems) > 0 {
		t.Errorf("says %q of what works", problems)
	}
	w.Spec.Group = "nowhere"
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, "no Auto Scaling group nowhere") {
		t.Errorf("says %q", said)
	}
}

// Of the 4096 vCPUs, the group's one instance has two. Its template may be named by a
// version or without.
func TestCheck_saysWhatTheQuotaLacks(t *testing.T) {
	w := standby(t)
	for _, version := range []string{"", "1", "$Latest"} {
		spec := &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}
		if version != "" {
			spec.Version = aws.String(version)
		}
		if _, err := autoscaling.NewFromConfig(w.Team(simulated.Away)).UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), LaunchTemplate: spec,
		}); err != nil {
			t.Fatal(err)
		}
		w.Spec.Desired = 2048
		if problems := w.Check(); len(problems) > 0 {
			t.Errorf("version %q: says %q of what fits", version, problems)
		}
		w.Spec.Desired = 2049
		if said := strings.Join(w.Check(), " "); !strings.Contains(said, "4096 more do not fit") {
			t.Errorf("version %q: says %q", version, said)
		}
	}
}

func TestStep_isTakenBackAfterASecondOneOnTheSameGroup(t *testing.T) {
	w := standby(t)
	simulated.Twice(w, plan.ScaleGroup{Group: "web", Desired: 6}, sizes)
}
