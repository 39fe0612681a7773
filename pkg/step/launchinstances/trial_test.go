package launchinstances

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.LaunchInstances]

// shop is a step that launches three web servers into a target group.
func shop(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.LaunchInstances] { return New(cfg) }, "web")
	team := w.Servers(simulated.Away)
	team.Template("web")
	team.TargetGroup("web")
	w.Spec = plan.LaunchInstances{Template: "web", Count: 3, Types: []string{"m7g.large"}, Zones: []string{"us-west-2a", "us-west-2b"}, Targets: "web"}
	return w
}

// drilledShop is the same in a drill: in one subnet, smaller, and in a group of its own.
func drilledShop(t *testing.T) *trial {
	w := shop(t)
	team := w.Servers(simulated.Away)
	team.TargetGroup("web-drill")
	team.Profile("drill")
	w.Spec.DrillTargets = "web-drill"
	w.Run.Mode = run.Drill
	w.Run.Drill = &plan.Drill{
		Subnets: []string{team.Subnet("us-west-2c")}, SecurityGroups: []string{team.Group()}, InstanceProfile: "drill", Suffix: "drill", Size: 1, TTL: plan.DefaultTTL,
	}
	return w
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	simulated.Hold(t, map[string]simulated.Scenario[plan.LaunchInstances]{
		"a failover": {Build: shop, Changes: []string{"us-west-2.RunInstances", "us-west-2.RunInstances", "us-west-2.RegisterTargets"}},
		"a drill":    {Build: drilledShop, Changes: []string{"us-west-2.RunInstances", "us-west-2.RegisterTargets"}},
	}, (*trial).See)
}

func TestDrill_launchesInItsIsolationAlone(t *testing.T) {
	w := drilledShop(t)
	got := w.Settle(w.Advance)
	out, err := ec2.NewFromConfig(w.Team(simulated.Away)).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: strings.Split(got.Outputs["instances"], ",")})
	if err != nil {
		t.Fatal(err)
	}
	instance := out.Reservations[0].Instances[0]
	tags := tagsOf(instance.Tags)
	if len(out.Reservations) != 1 || aws.ToString(instance.SubnetId) != w.Run.Drill.Subnets[0] || tags["Name"] != "web-drill" ||
		tags[lineage.Drill] != w.Run.ID || tags[lineage.Expires] != w.Run.Began.Add(8*time.Hour).Format(time.RFC3339) {
		t.Errorf("launched in %s with %v", aws.ToString(instance.SubnetId), tags)
	}
}

func TestDrill_launchesNothingWithoutAnIsolation(t *testing.T) {
	w := drilledShop(t)
	w.Run.Drill.SecurityGroups = nil
	if _, err := w.Advance(); err == nil || !strings.Contains(err.Error(), "security-groups") || len(w.Caller.Changes) != 0 {
		t.Errorf("%v after %v", err, w.Caller.Changes)
	}
}

func TestUndo_leavesWhatOthersLaunched(t *testing.T) {
	w := shop(t)
	w.Servers(simulated.Away).Instance("web", "us-west-2a")
	before := w.See()
	w.Settle(w.Advance)
	w.Settle(w.Undo)
	if after := w.See(); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

func TestCheck_saysWhatWouldStopTheLaunch(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*trial)
		says  string
	}{
		"nothing":              {func(*trial) {}, ""},
		"no template":          {func(w *trial) { w.Spec.Template = "nowhere" }, "nowhere"},
		"no target group":      {func(w *trial) { w.Spec.Targets = "nowhere" }, "target group"},
		"a type nobody offers": {func(w *trial) { w.Spec.Types = []string{"u-12tb1.112xlarge"} }, "offers none"},
		"no quota":             {func(w *trial) { w.Spec.Types = []string{"g5.xlarge"} }, "12 more do not fit"},
		"one that has a quota": {func(w *trial) { w.Spec.Types = []string{"g5.xlarge", "m7g.large"} }, ""},
		"too many":             {func(w *trial) { w.Spec.Types, w.Spec.Count = nil, 2100 }, "4200 more do not fit"},
		"no isolation":         {func(w *trial) { w.Run.Drill = &plan.Drill{Suffix: "drill"} }, "In a drill"},
	} {
		t.Run(name, func(t *testing.T) {
			w := shop(t)
			c.spoil(w)
			got := strings.Join(w.Check(), "\n")
			if (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
				t.Errorf("says %q, want %q", got, c.says)
			}
			if len(w.Caller.Changes) > 0 {
				t.Errorf("changed %v", w.Caller.Changes)
			}
		})
	}
}

func TestCheck_saysWhichSubnetHasTooFewAddresses(t *testing.T) {
	w := drilledShop(t)
	client := ec2.NewFromConfig(w.Team(simulated.Away))
	vpc, err := client.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if err != nil {
		t.Fatal(err)
	}
	small, err := client.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{ // 16 addresses, of which AWS keeps five
		VpcId: vpc.Vpcs[0].VpcId, CidrBlock: aws.String("172.31.240.0/28"), AvailabilityZone: aws.String("us-west-2c"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Run.Drill.Subnets = []string{aws.ToString(small.Subnet.SubnetId)}
	for size, want := range map[int]string{11: "", 12: "In a drill: Subnet " + w.Run.Drill.Subnets[0] + " in us-west-2c, the roomiest there, has 11 free addresses for 12 instances"} {
		w.Run.Drill.Size = size
		if got := strings.Join(w.Check(), "\n"); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%d instances: says %q, want %q", size, got, want)
		}
	}
}
