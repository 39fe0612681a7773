package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// front is the least that the simulator needs in front of it: Invoke, and the
// rest passed on.
type front struct {
	server    *httptest.Server
	clock     *clock.Clock
	simulator *Simulator
	dir       string

	mu        sync.Mutex
	functions map[string]function
}

// function answers an invocation: its result, and the error's type when it failed.
type function func(call invocation) (result any, errorType string)

type invocation struct {
	payload json.RawMessage
	event   bool   // asynchronous
	caller  string // access key id
}

// shared is the simulator of all tests that neither jump nor end it; what they
// make in it has names of their own. TestMain closes it.
func shared(t *testing.T) *front {
	t.Helper()
	f, err := theShared()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var (
	theShared = sync.OnceValues(func() (*front, error) {
		f, err := newFront(os.Stderr)
		if err == nil {
			closeShared = f.close
		}
		return f, err
	})
	closeShared func() // nil unless a test asked for it
)

// start is a simulator for one test.
func start(t *testing.T) *front {
	t.Helper()
	f, err := newFront(t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f
}

// newFront starts a simulator at a time scale of 60 behind a front of its own.
func newFront(log io.Writer) (*front, error) {
	dir, err := os.MkdirTemp("", "pilotlight-clock-")
	if err != nil {
		return nil, err
	}
	f := &front{dir: dir, functions: map[string]function{}}
	path := filepath.Join(dir, "clock")
	if f.clock, err = clock.New(path, 60); err != nil {
		return nil, err
	}
	f.server = httptest.NewServer(f)
	port := f.server.Listener.Addr().(*net.TCPAddr).Port
	f.simulator, err = Start(context.Background(), Options{Python: python(), ClockFile: path, FrontPort: port, Log: log})
	return f, err
}

func (f *front) close() {
	f.simulator.Close()
	f.server.Close()
	f.clock.Close()
	os.RemoveAll(f.dir)
}

// python is the interpreter of the virtual environment that make setup makes.
func python() string {
	if given := os.Getenv("PILOTLIGHT_PYTHON"); given != "" {
		return given
	}
	return Python(filepath.Join("..", "..", ".."))
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const before, after = "/2015-03-31/functions/", "/invocations"
	if name, is := strings.CutPrefix(r.URL.Path, before); is && strings.HasSuffix(name, after) {
		f.invoke(w, r, strings.TrimSuffix(name, after))
		return
	}
	to, err := url.Parse(f.simulator.URL())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
}

func (f *front) invoke(w http.ResponseWriter, r *http.Request, name string) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	run := f.functions[name[strings.LastIndex(name, ":")+1:]]
	f.mu.Unlock()
	w.Header().Set("x-amzn-RequestId", "request")
	if run == nil {
		w.Header().Set("x-amzn-ErrorType", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"Message": "Function not found: %s"}`, name)
		return
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	caller, _, _ := strings.Cut(credential, "/")
	call := invocation{payload: payload, event: r.Header.Get("X-Amz-Invocation-Type") == "Event", caller: caller}
	result, errorType := run(call)
	if call.event {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if errorType != "" {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		result = map[string]string{"errorType": errorType, "errorMessage": "it did not work"}
	}
	json.NewEncoder(w).Encode(result)
}

func (f *front) deploy(name string, run function) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.functions[name] = run
}

func (f *front) config(region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: &f.server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("tester", "secret", ""),
	}
}

// bounded is a context for everything that a test waits for.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// until asks again, a few times a second, until ask says that it is so.
func until(ctx context.Context, t *testing.T, what string, ask func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ask() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("still waiting for %s: %v", what, ctx.Err())
		}
	}
}
