// Package simulated is an AWS for the tests of the protection functions: the
// rehearsal's simulator, behind a proxy that counts every call and can be told to
// refuse some. It models no durations and no limits of its own.
package simulated

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// The regions that the tests use.
const (
	Primary  = "us-east-1"
	Recovery = "us-west-2"
)

// Cloud is one simulated AWS. It is also the passes' ledger: a plan in standby,
// at the simulator's time.
type Cloud struct {
	Clock *clock.Clock
	Held  run.Pins // what runs pin
	Side  run.Side // where users are; empty: on the primary side

	server *httptest.Server

	mu      sync.Mutex
	moto    http.Handler
	calls   []string
	refusal map[string]*refusal // by action
	gone    map[string]bool     // regions that accept calls and answer none
}

type refusal struct {
	code  string
	after int // calls that pass first
}

// Start starts a cloud that ends with the test.
func Start(t *testing.T) *Cloud {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clock")
	data, err := clock.New(path, 60)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cloud{Clock: data, refusal: map[string]*refusal{}, gone: map[string]bool{}}
	c.server = httptest.NewServer(c)
	moto, err := simulator.Start(context.Background(), simulator.Options{
		Python:    python(),
		ClockFile: path,
		FrontPort: c.server.Listener.Addr().(*net.TCPAddr).Port,
		Log:       t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(moto.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.moto = httputil.NewSingleHostReverseProxy(to)
	c.mu.Unlock()
	t.Cleanup(func() {
		c.server.Close()
		if err := moto.Close(); err != nil {
			t.Error(err)
		}
		data.Close()
	})
	return c
}

// python is the interpreter of the virtual environment that make setup makes.
func python() string {
	if given := os.Getenv("PILOTLIGHT_PYTHON"); given != "" {
		return given
	}
	return simulator.Python(filepath.Join("..", "..", ".."))
}

// Config reaches the cloud from a region, without retries: a refused call is
// counted once.
func (c *Cloud) Config(region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(c.server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("protect", "secret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   whole.Client,
	}
}

// State is a plan in standby, or active when its recovery side serves, now.
func (c *Cloud) State(context.Context, string) (run.State, time.Time, error) {
	state := run.State{Posture: run.Standby, Side: c.Side}
	if c.Side == run.RecoverySide {
		state.Posture = run.Active
	}
	return state, c.Clock.Now().UTC().Truncate(time.Second), nil
}

// Pins is what Held says.
func (c *Cloud) Pins(context.Context, string) (run.Pins, error) { return c.Held, nil }

// Calls are those since the last time it was asked: "CopySnapshot us-west-2".
func (c *Cloud) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

// Refuse answers an action with an error code after it has succeeded so often;
// with no code, never again.
func (c *Cloud) Refuse(action, code string, after int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusal[action] = &refusal{code, after}
}

// Hang makes a region accept calls and answer none, or answer again.
func (c *Cloud) Hang(region string, gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[region] = gone
}

// Impatient is Config for a caller who gives up on an answer soon.
func (c *Cloud) Impatient(region string) aws.Config {
	cfg := c.Config(region)
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(2 * time.Second)
	return cfg
}

// ServeHTTP counts a call and passes it on, or refuses it.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := actionOf(r)
	c.mu.Lock()
	c.calls = append(c.calls, action+" "+regionOf(r))
	moto, code, gone := c.moto, c.refuses(action), c.gone[regionOf(r)]
	c.mu.Unlock()
	if gone {
		<-r.Context().Done()
		return
	}
	if code == "" {
		moto.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	said := fmt.Sprintf(`<Error><Code>%s</Code><Message>refused by the test</Message></Error>`, code)
	if serviceOf(r) == "rds" {
		fmt.Fprintf(w, `<ErrorResponse>%s<RequestId>test</RequestId></ErrorResponse>`, said)
		return
	}
	fmt.Fprintf(w, `<Response><Errors>%s</Errors><RequestID>test</RequestID></Response>`, said)
}

// refuses is the code to refuse an action with; empty: it passes.
func (c *Cloud) refuses(action string) string {
	refused := c.refusal[action]
	switch {
	case refused == nil:
		return ""
	case refused.after > 0:
		refused.after--
		return ""
	}
	return refused.code
}

// regionOf and serviceOf read the credential scope: "…Credential=id/date/region/service/…".
func regionOf(r *http.Request) string  { return scope(r, 2) }
func serviceOf(r *http.Request) string { return scope(r, 3) }

func scope(r *http.Request, part int) string {
	parts := strings.Split(r.Header.Get("Authorization"), "/")
	if len(parts) <= part {
		return ""
	}
	return parts[part]
}
