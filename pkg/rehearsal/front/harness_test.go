package front

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
)

const (
	east = "us-east-1"
	west = "us-west-2"
)

// shared is one simulator for all tests, which is emptied before each. Its time
// all but stands still, so that only Jump makes things ready.
var shared struct {
	clock     *clock.Clock
	simulator *simulator.Simulator
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "front")
	if err == nil {
		defer os.RemoveAll(dir)
		shared.clock, err = clock.New(filepath.Join(dir, "clock"), 0.001)
	}
	if err == nil {
		defer shared.clock.Close()
		// Each test has a front of its own, so what the bus sends to a queue goes
		// straight back to moto.
		back := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			if to, err := url.Parse(shared.simulator.URL()); err == nil {
				r.SetURL(to)
			}
		}})
		defer back.Close()
		shared.simulator, err = simulator.Start(context.Background(), simulator.Options{
			Python: python(), ClockFile: filepath.Join(dir, "clock"), FrontPort: back.Listener.Addr().(*net.TCPAddr).Port, Log: os.Stderr,
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.simulator.Close()
	return m.Run()
}

func python() string {
	if given := os.Getenv("PILOTLIGHT_PYTHON"); given != "" {
		return given
	}
	path, err := filepath.Abs(simulator.Python(filepath.Join("..", "..", "..")))
	if err != nil {
		return ""
	}
	return path
}

// start is a front before an empty AWS. Change changes its options.
func start(t *testing.T, change ...func(*Options)) *Front {
	t.Helper()
	response, err := http.Post(shared.simulator.URL()+"/moto-api/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	upstream, err := url.Parse(shared.simulator.URL())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Listener: listener, Upstream: upstream, Clock: shared.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, c := range change {
		c(&o)
	}
	f := New(o)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// as is how a role speaks to a region through the front, without retries.
func as(f *Front, role, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(f.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(role, "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  whole.Client,
	}
}

func compute(f *Front, region string) *ec2.Client { return ec2.NewFromConfig(as(f, "tester", region)) }

// pass lets data time go by.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := shared.clock.Jump(d); err != nil {
		t.Fatal(err)
	}
}

func settle(t *testing.T, f *Front) {
	t.Helper()
	if err := f.Settle(t.Context()); err != nil {
		t.Fatal(err)
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

// refusal is the code of an AWS error; "" when there is none.
func refusal(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func newVolume(t *testing.T, f *Front, gib int32) string {
	t.Helper()
	out := must[*ec2.CreateVolumeOutput](t)(compute(f, east).CreateVolume(t.Context(),
		&ec2.CreateVolumeInput{AvailabilityZone: aws.String(east + "a"), Size: aws.Int32(gib)}))
	return *out.VolumeId
}

// newSnapshot is a complete snapshot of a new volume.
func newSnapshot(t *testing.T, f *Front, gib int32) string {
	t.Helper()
	volume := newVolume(t, f, gib)
	pass(t, time.Minute)
	out := must[*ec2.CreateSnapshotOutput](t)(compute(f, east).CreateSnapshot(t.Context(),
		&ec2.CreateSnapshotInput{VolumeId: &volume}))
	pass(t, 10*time.Minute)
	return *out.SnapshotId
}

func copyTo(t *testing.T, f *Front, region, snapshot string) (string, error) {
	t.Helper()
	out, err := compute(f, region).CopySnapshot(t.Context(),
		&ec2.CopySnapshotInput{SourceRegion: aws.String(east), SourceSnapshotId: &snapshot})
	if err != nil {
		return "", err
	}
	return *out.SnapshotId, nil
}

// registered is an image that is ready.
func registered(t *testing.T, f *Front) *string {
	t.Helper()
	out := must[*ec2.RegisterImageOutput](t)(compute(f, east).RegisterImage(t.Context(), &ec2.RegisterImageInput{
		Name: aws.String("base " + rand.Text()), RootDeviceName: aws.String("/dev/sda1"),
		VirtualizationType: aws.String("hvm"), Architecture: types.ArchitectureValuesArm64,
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sda1"),
			Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(8)}}},
	}))
	return out.ImageId
}

// newInstances launches instances; they are pending.
func newInstances(t *testing.T, f *Front, n int32) []string {
	t.Helper()
	out := must[*ec2.RunInstancesOutput](t)(compute(f, east).RunInstances(t.Context(),
		&ec2.RunInstancesInput{ImageId: registered(t, f), MinCount: &n, MaxCount: &n}))
	var ids []string
	for _, i := range out.Instances {
		if i.State.Name != types.InstanceStateNamePending {
			t.Errorf("RunInstances answers %s, want pending", i.State.Name)
		}
		ids = append(ids, *i.InstanceId)
	}
	return ids
}
