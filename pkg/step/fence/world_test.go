package fence

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

const (
	home = "us-east-1"
	away = "us-west-2"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// world is a primary region with a worker and a spare that somebody stopped, a group
// of two, and a database that two security groups guard.
type world struct {
	t      *testing.T
	aws    *simulated.AWS
	front  *front.Front
	caller *simulated.Caller
	book   *ledgertest.Ledger
	run    step.Run
	spec   plan.Fence
	image  string
}

func newWorld(t *testing.T, mode run.Mode) *world {
	t.Helper()
	a, f := simulated.Fresh(t)
	w := &world{t: t, aws: a, front: f, caller: &simulated.Caller{}}
	w.book = ledgertest.New(w.now())
	state, err := run.New("storefront").Start(run.Order{Mode: mode, Reason: "a test"}, w.now())
	if err != nil {
		t.Fatal(err)
	}
	w.book.Set(state.Opened())
	w.run = step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: "fence", Mode: mode, Primary: home, Recovery: away, Began: w.now()}
	w.spec = plan.Fence{Instances: &plan.Selector{Tags: map[string]string{"app": "storefront"}}, Groups: []string{"web"}, Databases: []string{"orders"}}
	w.furnish()
	return w
}

func (w *world) now() time.Time { return w.aws.Clock.Now().UTC().Truncate(time.Second) }

// furnish makes it, past the front, so that everything is there at once.
func (w *world) furnish() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	servers := ec2.NewFromConfig(w.aws.Config(home))
	w.image = *must[*ec2.RegisterImageOutput](t)(servers.RegisterImage(ctx, &ec2.RegisterImageInput{Name: aws.String("web"), RootDeviceName: aws.String("/dev/xvda")})).ImageId
	w.launch("storefront")
	must[*ec2.StopInstancesOutput](t)(servers.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{w.launch("storefront")}}))
	w.launch("somebody else's")
	vpc := must[*ec2.DescribeVpcsOutput](t)(servers.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})).Vpcs[0].VpcId
	var guards []string
	for _, name := range []string{"wall", "application", "admins"} {
		guards = append(guards, *must[*ec2.CreateSecurityGroupOutput](t)(servers.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(name), Description: aws.String(name), VpcId: vpc,
		})).GroupId)
	}
	w.spec.SecurityGroup = guards[0]
	must[*ec2.CreateLaunchTemplateOutput](t)(servers.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(w.image), InstanceType: types.InstanceTypeT4gSmall},
	}))
	must[*autoscaling.CreateAutoScalingGroupOutput](t)(autoscaling.NewFromConfig(w.aws.Config(home)).CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(1), MaxSize: aws.Int32(4), DesiredCapacity: aws.Int32(2),
		AvailabilityZones: []string{home + "a"}, LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")},
	}))
	must[*rds.CreateDBInstanceOutput](t)(rds.NewFromConfig(w.aws.Config(home)).CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), DBInstanceClass: aws.String("db.t4g.medium"), Engine: aws.String("mysql"), AllocatedStorage: aws.Int32(20),
		MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"), VpcSecurityGroupIds: guards[1:],
	}))
}

func (w *world) launch(app string) string {
	w.t.Helper()
	out := must[*ec2.RunInstancesOutput](w.t)(ec2.NewFromConfig(w.aws.Config(home)).RunInstances(w.t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(w.image), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeT4gSmall,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("app"), Value: aws.String(app)}}}},
	}))
	return *out.Instances[0].InstanceId
}

// shown is everything that a fence may change, as AWS shows it. Instances that a
// group has made are counted: it makes others.
func (w *world) shown() map[string]string {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	seen := map[string]string{}
	for _, reservation := range must[*ec2.DescribeInstancesOutput](t)(ec2.NewFromConfig(w.aws.Config(home)).DescribeInstances(ctx, nil)).Reservations {
		for _, i := range reservation.Instances {
			tags := map[string]string{}
			for _, one := range i.Tags {
				tags[*one.Key] = *one.Value
			}
			if tags["aws:autoscaling:groupName"] == "" {
				seen[*i.InstanceId] = fmt.Sprintf("%s %v", i.State.Name, tags)
			}
		}
	}
	for _, g := range must[*autoscaling.DescribeAutoScalingGroupsOutput](t)(autoscaling.NewFromConfig(w.aws.Config(home)).DescribeAutoScalingGroups(ctx, nil)).AutoScalingGroups {
		seen["group"] = fmt.Sprint(*g.MinSize, *g.MaxSize, *g.DesiredCapacity, len(g.Instances), len(g.Tags))
	}
	for _, d := range must[*rds.DescribeDBInstancesOutput](t)(rds.NewFromConfig(w.aws.Config(home)).DescribeDBInstances(ctx, nil)).DBInstances {
		var guards []string
		for _, g := range d.VpcSecurityGroups {
			guards = append(guards, *g.VpcSecurityGroupId)
		}
		slices.Sort(guards)
		seen["database"] = fmt.Sprint(guards, len(d.TagList))
	}
	return seen
}

func (w *world) kind() *Kind { return New(w.caller.Config(w.aws, w.front, away), w.book) }

// settle looks until op is done, half a minute between two looks; a crash is what
// the machine sees as no answer.
func (w *world) settle(op func(*Kind) (step.Progress, error)) step.Progress {
	w.t.Helper()
	var last string
	for range 60 {
		w.run.Now = w.now()
		w.book.At(w.run.Now)
		progress, err := op(w.kind())
		if err != nil && !errors.Is(err, simulated.ErrCrash) {
			w.t.Fatal(err)
		}
		if progress.Done {
			return progress
		}
		last = progress.Detail
		w.pass(30 * time.Second)
	}
	w.t.Fatalf("not done after half an hour: %s; %v", last, w.shown())
	return step.Progress{}
}

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	if err := w.aws.Clock.Jump(d); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) advance() step.Progress {
	w.t.Helper()
	return w.settle(func(k *Kind) (step.Progress, error) { return k.Advance(w.t.Context(), w.run, w.spec) })
}

func (w *world) undo() step.Progress {
	w.t.Helper()
	return w.settle(func(k *Kind) (step.Progress, error) { return k.Undo(w.t.Context(), w.run, w.spec) })
}

// calls of the fence to the region that is left.
func (w *world) calls() (n int) {
	for _, call := range w.front.Calls() {
		if call.Region == home {
			n += call.Count
		}
	}
	return n
}

// isFenced says what still takes writes.
func (w *world) isFenced() {
	w.t.Helper()
	seen := w.shown()
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		switch state := seen[id]; {
		case id == "group" && !strings.HasPrefix(state, "0 0 0 0"),
			id == "database" && !strings.HasPrefix(state, "["+w.spec.SecurityGroup+"]"),
			strings.Contains(state, "app:storefront") && !strings.HasPrefix(state, "stopped"):
			w.t.Errorf("%s is %s: not fenced", id, state)
		case strings.Contains(state, "somebody else's") && !strings.HasPrefix(state, "running map[app:somebody else's]"):
			w.t.Errorf("%s is %s: it is none of the plan's", id, state)
		}
	}
}

// must takes the answer of a call that has to succeed.
func must[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
