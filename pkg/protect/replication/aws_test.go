package replication

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const (
	east = "us-east-1"
	west = "us-west-2"
)

// simulated is one simulator for all tests, which keep apart by their names.
// It replicates nothing: what AWS would measure, a test puts into CloudWatch.
var simulated struct {
	clock *clock.Clock
	moto  *simulator.Simulator
}

func TestMain(m *testing.M) {
	code, err := within(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func within(tests func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "replication")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if simulated.clock, err = clock.New(filepath.Join(dir, "clock"), 0.001); err != nil {
		return 1, err
	}
	defer simulated.clock.Close()
	root, err := repository.Root()
	if err != nil {
		return 1, err
	}
	python := simulator.Python(root)
	if given := os.Getenv("PILOTLIGHT_PYTHON"); given != "" {
		python = given
	}
	simulated.moto, err = simulator.Start(context.Background(), simulator.Options{
		Python: python, ClockFile: filepath.Join(dir, "clock"), FrontPort: 1, Log: os.Stderr,
	})
	if err != nil {
		return 1, err
	}
	defer simulated.moto.Close()
	return tests(), nil
}

// cloud is AWS as one test sees it, behind a front of its own, which counts calls
// and can strike a region. It is also the ledger.
type cloud struct {
	t       *testing.T
	front   *front.Front
	serving run.Side
	posture run.Posture
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	upstream, err := url.Parse(simulated.moto.URL())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := front.New(front.Options{Listener: listener, Upstream: upstream, Clock: simulated.clock})
	t.Cleanup(func() { f.Close() })
	return &cloud{t: t, front: f, serving: run.PrimarySide, posture: run.Standby}
}

func (c *cloud) now() time.Time { return simulated.clock.Now().UTC().Truncate(time.Second) }

func (c *cloud) State(context.Context, string) (run.State, time.Time, error) {
	return run.State{Posture: c.posture, Side: c.serving}, c.now(), nil
}

func (c *cloud) Pins(context.Context, string) (run.Pins, error) { return nil, nil }

// config signs as a role, by which the front's audit tells the test's own calls
// from the function's. By address and not by name: S3 then has buckets in paths.
func (c *cloud) config(region, role string) aws.Config {
	at, err := url.Parse(c.front.URL())
	if err != nil {
		c.t.Fatal(err)
	}
	return aws.Config{
		Region: region, BaseEndpoint: aws.String("http://127.0.0.1:" + at.Port()),
		Credentials: credentials.NewStaticCredentialsProvider(role, "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		// A region that is struck never answers; pkg/edge waits longer.
		HTTPClient: &http.Client{Transport: whole.Transport{Next: &http.Transport{ResponseHeaderTimeout: 3 * time.Second}}},
	}
}

// says puts a value of a metric into CloudWatch, as AWS would ago.
func (c *cloud) says(region string, ago time.Duration, of series, amount float64) {
	c.t.Helper()
	_, err := cloudwatch.NewFromConfig(c.config(region, "aws")).PutMetricData(c.t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(of.namespace),
		MetricData: []cloudwatchtypes.MetricDatum{{
			MetricName: aws.String(of.name), Dimensions: of.dimensions, Timestamp: aws.Time(c.now().Add(-ago)), Value: aws.Float64(amount),
		}},
	})
	c.must(err)
}

// changes are the calls of the function that change anything.
func (c *cloud) changes() (calls int, changing []front.Call) {
	for _, call := range c.front.Calls() {
		if call.Role != "function" {
			continue
		}
		calls += call.Count
		if call.Mutating {
			changing = append(changing, call)
		}
	}
	return calls, changing
}

func (c *cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
