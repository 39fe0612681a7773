// Package onwire holds the step kinds against the simulated AWS: real requests,
// real answers, states that take time. The kinds' own tests have worlds that are
// stricter; this one shows that those worlds are shaped like the wire.
package onwire

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
	"github.com/pilotlight/pilotlight/pkg/step"
)

const (
	primary  = "us-east-1"
	recovery = "us-west-2"
	role     = "a-step"
)

// shared is one simulator for all tests. Its time all but stands still, so that
// only a jump makes things ready.
var shared struct {
	clock     *clock.Clock
	simulator *simulator.Simulator
}

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "onwire")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if shared.clock, err = clock.New(filepath.Join(dir, "clock"), 0.001); err != nil {
		return 1, err
	}
	defer shared.clock.Close()
	python := os.Getenv("PILOTLIGHT_PYTHON")
	if python == "" {
		if python, err = filepath.Abs(simulator.Python(filepath.Join("..", "..", ".."))); err != nil {
			return 1, err
		}
	}
	// Nothing here lets the simulator call Lambda, so no front listens for it.
	shared.simulator, err = simulator.Start(context.Background(), simulator.Options{
		Python: python, ClockFile: filepath.Join(dir, "clock"), FrontPort: 1, Log: os.Stderr,
	})
	if err != nil {
		return 1, err
	}
	defer shared.simulator.Close()
	return m.Run(), nil
}

// world is an empty AWS of one test.
type world struct {
	t     *testing.T
	front *front.Front
}

func newWorld(t *testing.T) *world {
	t.Helper()
	response := must[*http.Response](t)(http.Post(shared.simulator.URL()+"/moto-api/reset", "", nil))
	response.Body.Close()
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	f := front.New(front.Options{
		Listener: listener, Upstream: must[*url.URL](t)(url.Parse(shared.simulator.URL())),
		Clock: shared.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t, f}
}

// as is how a role speaks to a region.
func (w *world) as(role, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.front.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(role, "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  whole.Client,
	}
}

// now is what the ledger would say.
func now() time.Time { return shared.clock.Now().UTC().Truncate(time.Second) }

// settle looks, with half a minute of data time between looks, until the step is
// done; then twice more, which must change nothing and end the same.
func settle[Spec any](w *world, kind step.Kind[Spec], r step.Run, spec Spec) step.Progress {
	w.t.Helper()
	r.Began = now()
	for range 60 {
		r.Now = now()
		progress, err := kind.Advance(w.t.Context(), r, spec)
		if err != nil {
			w.t.Fatal(err)
		}
		if progress.Done {
			w.repeat(progress, func() (step.Progress, error) { return kind.Advance(w.t.Context(), r, spec) })
			return progress
		}
		w.t.Log(progress.Detail)
		if err := shared.clock.Jump(30 * time.Second); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("not done after half an hour")
	return step.Progress{}
}

func (w *world) repeat(was step.Progress, look func() (step.Progress, error)) {
	w.t.Helper()
	before := w.changes()
	for range 2 {
		again, err := look()
		if err != nil || !again.Done || fmt.Sprint(again.Outputs) != fmt.Sprint(was.Outputs) {
			w.t.Errorf("another look: %+v, %v; want %+v", again, err, was)
		}
	}
	if after := w.changes(); after != before {
		w.t.Errorf("a step that was done changed AWS: %d calls", after-before)
	}
}

// changes counts the step's mutating calls, and complains of any to the region
// that failed.
func (w *world) changes() (n int) {
	w.t.Helper()
	for _, call := range w.front.Calls() {
		if call.Role != role {
			continue
		}
		if call.Region != recovery {
			w.t.Errorf("%s was called in %s", call.Action, call.Region)
		}
		if call.Mutating {
			n += call.Count
		}
	}
	return n
}

// site is a network with a subnet a zone, a launch template and a target group.
type site struct{ ec2 *ec2.Client }

func (w *world) site() site {
	t, ctx, c := w.t, w.t.Context(), ec2.NewFromConfig(w.as("tester", recovery))
	t.Helper()
	vpc := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})).Vpc.VpcId
	for i, zone := range []string{"us-west-2a", "us-west-2b"} {
		must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: vpc, AvailabilityZone: aws.String(zone), CidrBlock: aws.String(fmt.Sprintf("10.9.%d.0/24", i)),
		}))
	}
	group := must[*ec2.CreateSecurityGroupOutput](t)(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("web"), Description: aws.String("web"), VpcId: vpc,
	})).GroupId
	must[*ec2.CreateLaunchTemplateOutput](t)(c.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId: w.image(c), InstanceType: types.InstanceTypeT4gSmall, SecurityGroupIds: []string{*group},
		},
	}))
	must[*elb.CreateTargetGroupOutput](t)(elb.NewFromConfig(w.as("tester", recovery)).CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: vpc, TargetType: elbtypes.TargetTypeEnumInstance,
	}))
	return site{c}
}

func (w *world) image(c *ec2.Client) *string {
	w.t.Helper()
	return must[*ec2.RegisterImageOutput](w.t)(c.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{
		Name: aws.String("web"), RootDeviceName: aws.String("/dev/xvda"),
	})).ImageId
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
