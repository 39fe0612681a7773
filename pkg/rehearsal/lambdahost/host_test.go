package lambdahost

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// echo is the function of testdata/echo, built once.
var echo Function

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if os.Getenv(hostToBeKilled) != "" {
		return runHostToBeKilled()
	}
	out, err := os.MkdirTemp("", "lambdahost")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(out)
	if err := build(context.Background(), "testdata", []string{"echo"}, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	echo = Function{
		Name: "echo", Deployed: "pilotlight-echo", Binary: filepath.Join(out, "echo", "bootstrap"),
		Region: "us-west-2", Account: "123456789012", Timeout: time.Minute,
	}
	return m.Run()
}

// fast is a clock on which a retry's minute takes 10 ms.
func fast(t *testing.T) *clock.Clock {
	t.Helper()
	c, err := clock.New(filepath.Join(t.TempDir(), "clock"), 6000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// open is a host with fn deployed; it is closed when the test ends.
func open(t *testing.T, o Options, fn Function) *Host {
	t.Helper()
	o.Clock = fast(t)
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := New(o)
	t.Cleanup(func() { h.Close() })
	if err := h.Deploy(fn); err != nil {
		t.Fatal(err)
	}
	return h
}

func invoke(t *testing.T, h *Host, payload string) front.Result {
	t.Helper()
	return h.Invoke(t.Context(), echo.Deployed, []byte(payload), false)
}

// invokeInto invokes, fails the test on an error and decodes the answer.
func invokeInto(t *testing.T, h *Host, payload string, into any) {
	t.Helper()
	r := invoke(t, h, payload)
	if r.FunctionError != "" {
		t.Fatalf("invoke %s: %s", payload, r.Payload)
	}
	if err := json.Unmarshal(r.Payload, into); err != nil {
		t.Fatal(err)
	}
}

// problem is the type and the message of an answer that must be an error.
func problem(t *testing.T, r front.Result) (name, message string) {
	t.Helper()
	if r.FunctionError != "Unhandled" {
		t.Fatalf("FunctionError = %q, payload %s; want Unhandled", r.FunctionError, r.Payload)
	}
	var e struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &e); err != nil {
		t.Fatal(err)
	}
	return e.ErrorType, e.ErrorMessage
}

// alive says whether a process exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestInvoke_returnsWhatTheFunctionAnswers(t *testing.T) {
	h := open(t, Options{}, echo)
	for _, name := range []string{
		"pilotlight-echo", "pilotlight-echo:7", "123456789012:function:pilotlight-echo",
		"arn:aws:lambda:us-west-2:123456789012:function:pilotlight-echo",
		"arn:aws:lambda:us-west-2:123456789012:function:pilotlight-echo:7",
	} {
		r := h.Invoke(t.Context(), name, []byte(`{"say":"hello"}`), false)
		if diff := cmp.Diff(front.Result{Payload: []byte(`{"say":"hello"}`)}, r); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestInvoke_knowsNoFunctionThatIsNotDeployed(t *testing.T) {
	h := open(t, Options{}, echo)
	for _, name := range []string{
		"other", "pilotlight-echo-2", "pilotlight-echo:1:2",
		"arn:aws:lambda:us-east-1:123456789012:function:pilotlight-echo",
	} {
		if r := h.Invoke(t.Context(), name, nil, false); !r.NotFound {
			t.Errorf("%s was found: %+v", name, r)
		}
	}
}

func TestInvoke_tellsTheFunctionItsArnAndDeadline(t *testing.T) {
	fn := echo
	fn.Timeout = 40 * time.Second
	h := open(t, Options{}, fn)
	began := time.Now()
	var got struct {
		Arn, ID  string
		Deadline time.Time
	}
	r := h.Invoke(t.Context(), "pilotlight-echo:7", []byte(`{"do":"context"}`), false)
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	if want := "arn:aws:lambda:us-west-2:123456789012:function:pilotlight-echo:7"; got.Arn != want {
		t.Errorf("ARN = %s, want %s", got.Arn, want)
	}
	if left := got.Deadline.Sub(began); left < 39*time.Second || left > 60*time.Second {
		t.Errorf("deadline is %s away, want 40s", left)
	}
	if want := h.Invocations()[0].RequestID; got.ID != want {
		t.Errorf("request ID = %s, recorded %s", got.ID, want)
	}
}

func TestInvoke_keepsTheNameOfAnError(t *testing.T) {
	h := open(t, Options{}, echo)
	name, message := problem(t, invoke(t, h, `{"do":"named-error"}`))
	if name != "DR.StepFailed" || message != "no capacity" {
		t.Errorf("error = %s: %s", name, message)
	}
	invoke(t, h, `{}`)
	if i := h.Invocations(); i[0].Error != "DR.StepFailed: no capacity" || i[1].Cold {
		t.Errorf("an error must be recorded, and not cost the process: %+v", i)
	}
}

func TestInvoke_answersAPanicAndStartsAnew(t *testing.T) {
	h := open(t, Options{}, echo)
	name, message := problem(t, invoke(t, h, `{"do":"panic"}`))
	if name != "string" || message != "lost my head" {
		t.Errorf("error = %s: %s", name, message)
	}
	invoke(t, h, `{}`)
	if i := h.Invocations(); !i[1].Cold {
		t.Error("the process that had panicked was used again")
	}
}

func TestInvoke_reportsAnExitWithItsLastWords(t *testing.T) {
	h := open(t, Options{}, echo)
	name, message := problem(t, invoke(t, h, `{"do":"exit"}`))
	if name != "Runtime.ExitError" || !strings.HasSuffix(message, "Error: Runtime exited with error: exit status 3") {
		t.Errorf("error = %s: %s", name, message)
	}
	if i := h.Invocations()[0]; !slices.Contains(i.Wrote, "last words") {
		t.Errorf("last words are missing: %q", i.Wrote)
	}
}

func TestInvoke_reportsAFunctionThatCannotStart(t *testing.T) {
	fn := echo
	fn.Env = []string{"ECHO_BREAKS=1"}
	h := open(t, Options{}, fn)
	name, message := problem(t, invoke(t, h, `{}`))
	if name != "Runtime.ExitError" || !strings.HasSuffix(message, "exit status 4") {
		t.Errorf("error = %s: %s", name, message)
	}
	if i := h.Invocations()[0]; !slices.Contains(i.Wrote, "cannot start") {
		t.Errorf("last words are missing: %q", i.Wrote)
	}
}

func TestInvoke_endsAFunctionThatTakesTooLong(t *testing.T) {
	fn := echo
	fn.Timeout = 200 * time.Millisecond
	h := open(t, Options{}, fn)
	var pid int
	invokeInto(t, h, `{"do":"pid"}`, &pid)
	name, message := problem(t, invoke(t, h, `{"do":"hang"}`))
	if name != "Sandbox.Timedout" || !strings.HasSuffix(message, "Error: Task timed out after 0.20 seconds") {
		t.Errorf("error = %s: %s", name, message)
	}
	if alive(pid) {
		t.Error("the process is still there")
	}
}

func TestInvoke_refusesAnAnswerAboveSixMegabytes(t *testing.T) {
	h := open(t, Options{}, echo)
	if name, _ := problem(t, invoke(t, h, `{"do":"large"}`)); name != "Function.ResponseSizeTooLarge" {
		t.Errorf("error = %s", name)
	}
}

func TestInvoke_reusesAProcessAndMeasuresItsColdStart(t *testing.T) {
	h := open(t, Options{}, echo)
	var first, second int
	invokeInto(t, h, `{"do":"pid"}`, &first)
	invokeInto(t, h, `{"do":"pid"}`, &second)
	if first != second {
		t.Errorf("processes %d and %d, want one", first, second)
	}
	i := h.Invocations()
	if !i[0].Cold || i[0].InitMillis <= 0 || i[1].Cold || i[1].InitMillis != 0 {
		t.Errorf("the first alone is a cold start: %+v", i)
	}
	if i[0].DurationMillis <= 0 || i[0].Ended.Before(i[0].Started) {
		t.Errorf("times are missing: %+v", i[0])
	}
}

func TestInvoke_showsTheFunctionNothingOfThisMachine(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "precious")
	fn := echo
	fn.Env = []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}
	fn.MemoryMiB = 256
	h := open(t, Options{}, fn)
	var environment []string
	invokeInto(t, h, `{"do":"environment"}`, &environment)

	got := map[string]string{}
	for _, entry := range environment {
		key, value, _ := strings.Cut(entry, "=")
		got[key] = value
	}
	want := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "pilotlight-echo", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
		"AWS_REGION":        "us-west-2", "AWS_DEFAULT_REGION": "us-west-2",
		"AWS_ACCESS_KEY_ID": "pilotlight-echo", "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "LAMBDA_TASK_ROOT": filepath.Dir(echo.Binary),
		"_HANDLER": "bootstrap", "TZ": ":UTC",
	}
	for _, differs := range []string{"AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "PATH", "HOME", "TMPDIR", "PWD"} {
		delete(got, differs)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
