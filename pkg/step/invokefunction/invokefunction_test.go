package invokefunction

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// world is Lambda on the wire with one function, the team's: the simulator runs none.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
type world struct {
	simulated.Caller
	t       *testing.T
	asked   []Request
	answers []string // of the function, in order; the last one again and again
	thrown  bool     // answers are errors
	timeout int      // of the function, in seconds; zero: nobody may ask
	denied  bool     // to the step's role
	kind    *Kind
	run     step.Run
	spec    plan.InvokeFunction
}

// stopped is when the run of an Undo was stopped: 75 seconds before.
var stopped = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, answers ...string) *world {
	w := &world{
		t: t, answers: answers, timeout: 30,
		run: step.Run{Plan: "storefront", ID: "storefront-1", Step: "warm", Mode: run.Unplanned, Recovery: "us-west-2",
			Stopped: stopped, Now: stopped.Add(75 * time.Second),
			Outputs: map[string]map[string]string{"orders": {"endpoint": "db.example"}}},
		spec: plan.InvokeFunction{Function: "warm-cache", Undo: true, Input: map[string]any{
			"pages": 3.0, "hosts": []any{"${orders.endpoint}"}, "more": map[string]any{"url": "jdbc:${orders.endpoint}"},
		}},
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /2015-03-31/functions/warm-cache/configuration", func(answer http.ResponseWriter, _ *http.Request) {
		if w.timeout == 0 {
			refuse(answer)
			return
		}
		w.write(answer, map[string]any{"FunctionName": "warm-cache", "State": "Active", "Timeout": w.timeout})
	})
	routes.HandleFunc("POST /2015-03-31/functions/warm-cache/invocations", w.invoke)
	routes.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		answer.WriteHeader(http.StatusNotFound)
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	w.kind = New(w.On(aws.Config{Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", "")}))
	return w
}

func (w *world) invoke(answer http.ResponseWriter, request *http.Request) {
	if w.denied {
		refuse(answer)
		return
	}
	if request.Header.Get("X-Amz-Invocation-Type") == "DryRun" {
		answer.WriteHeader(http.StatusNoContent)
		return
	}
	var asked Request
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
		w.t.Error(err)
	}
	said := w.answers[min(len(w.asked), len(w.answers)-1)]
	w.asked = append(w.asked, asked)
	if w.thrown {
		answer.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	if _, err := answer.Write([]byte(said)); err != nil {
		w.t.Error(err)
	}
}

func refuse(answer http.ResponseWriter) {
	answer.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
	answer.WriteHeader(http.StatusForbidden)
}

func (w *world) write(answer http.ResponseWriter, with any) {
	if err := json.NewEncoder(answer).Encode(with); err != nil {
		w.t.Error(err)
	}
}

func (w *world) advance() (step.Progress, error) {
	return w.kind.Advance(w.t.Context(), w.run, w.spec)
}

func (w *world) undo() (step.Progress, error) { return w.kind.Undo(w.t.Context(), w.run, w.spec) }

const done, wait = `{"status": "DONE", "detail": "12 pages", "outputs": {"pages": "12"}}`, `{"status": "WAIT", "detail": "3 of 12 pages"}`

func TestAdvance_invokesUntilTheFunctionIsDoneAndNotAfterThat(t *testing.T) {
	w := newWorld(t, wait, wait, done)
	for look := range 3 {
		got, err := w.advance()
		if err != nil || got.Done != (look == 2) || !strings.Contains(got.Detail, "12 pages") {
			t.Fatalf("look %d: %+v, %v", look, got, err)
		}
		if got.Done {
			w.run.Outputs["warm"] = got.Outputs
		}
	}
	if got, err := w.advance(); err != nil || !got.Done || got.Outputs["pages"] != "12" || len(w.asked) != 3 {
		t.Errorf("%+v, %v after %d invocations; want done, after three", got, err, len(w.asked))
	}
	want := Request{Op: step.Advance, Plan: "storefront", Run: "storefront-1", Step: "warm", Mode: run.Unplanned, Input: map[string]any{
		"pages": 3.0, "hosts": []any{"db.example"}, "more": map[string]any{"url": "jdbc:db.example"},
	}}
	for _, asked := range w.asked {
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	}
}

func TestAdvance_tellsWhatIsForGoodFromWhatTimeMends(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		thrown bool
		want   failure.Class
	}{
		"it says that it failed": {`{"status": "FAILED", "detail": "the cache is broken"}`, false, failure.Permanent},
		"it says nothing":        {`null`, false, failure.Permanent},
		"it says something else": {`{"status": "OK"}`, false, failure.Permanent},
		"it says no JSON":        {`"done"`, false, failure.Permanent},
		"it threw an error":      {`{"errorType": "ConnectionError", "errorMessage": "the cache is broken"}`, true, failure.TryAgain},
		"it ran out of time":     {`{"errorType": "Sandbox.Timedout", "errorMessage": "timed out"}`, true, failure.TryAgain},
		"its code does not load": {`{"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"}`, true, failure.Permanent},
		"its error is no JSON":   {`oops`, true, failure.TryAgain},
	} {
		w := newWorld(t, c.answer)
		w.thrown = c.thrown
		if _, err := w.advance(); failure.ClassOf(err) != c.want || !strings.Contains(err.Error(), "warm-cache") {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

func TestAdvance_isNotDoneWithoutTheOutputsThatThePlanNames(t *testing.T) {
	w := newWorld(t, wait, done)
	w.spec.Outputs = []string{"pages", "hits"}
	if got, err := w.advance(); err != nil || got.Done {
		t.Errorf("%+v, %v; want pending", got, err)
	}
	if _, err := w.advance(); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "hits") {
		t.Errorf("error %v; want a permanent one that names the output", err)
	}
}

func TestAdvance_isNeverSentTwiceInOneLook(t *testing.T) {
	w := newWorld(t, done)
	w.CrashAt = 1
	if _, err := w.advance(); err == nil || len(w.asked) != 1 {
		t.Errorf("error %v after %d invocations; want one", err, len(w.asked))
	}
	if got, err := w.advance(); err != nil || !got.Done || len(w.asked) != 2 {
		t.Errorf("%+v, %v after %d invocations; want done after two", got, err, len(w.asked))
	}
}

func TestUndo_asksTheFunctionToTakeItBack(t *testing.T) {
	w := newWorld(t, wait, done)
	for look := range 2 {
		if got, err := w.undo(); err != nil || got.Done != (look == 1) || got.Left != "" {
			t.Errorf("look %d: %+v, %v", look, got, err)
		}
	}
	if w.asked[0].Op != step.Undo {
		t.Errorf("asked %+v", w.asked[0])
	}
	w = newWorld(t, `{"status": "FAILED", "detail": "the cache is locked"}`)
	if got, err := w.undo(); err != nil || !got.Done || !strings.Contains(got.Left, "the cache is locked") {
		t.Errorf("%+v, %v; want what is left", got, err)
	}
}

// A function of fifteen minutes goes on long after its step has given up on it.
func TestUndo_waitsForAnInvocationThatMayGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		timeout int
		after   time.Duration // since the run was stopped
		ended   bool
		asked   int
	}{
		"as long as a step waits":             {45, 75 * time.Second, false, 1},
		"a quarter of an hour, just before":   {900, 15*time.Minute + 29*time.Second, false, 0},
		"a quarter of an hour, over":          {900, 15*time.Minute + 30*time.Second, false, 1},
		"nobody may ask how long":             {0, 75 * time.Second, false, 0},
		"a quarter of an hour, but it's done": {900, 75 * time.Second, true, 1},
	} {
		w := newWorld(t, done)
		w.timeout, w.run.Now, w.run.Ended = c.timeout, stopped.Add(c.after), c.ended
		got, err := w.undo()
		if err != nil || len(w.asked) != c.asked || got.Done != (c.asked > 0) || (c.asked == 0) != strings.Contains(got.Detail, "may go on until 2026-03-01T12:15:30Z") {
			t.Errorf("%s: %+v, %v after %d invocations", name, got, err, len(w.asked))
		}
	}
}

func TestUndo_ofAFunctionThatCannotSaysWhatIsKnown(t *testing.T) {
	w := newWorld(t, done)
	w.spec.Undo = false
	for ended, want := range map[bool]string{false: "may have been invoked", true: "was invoked"} {
		w.run.Ended = ended
		if got, err := w.undo(); err != nil || !got.Done || !strings.Contains(got.Left, want) {
			t.Errorf("ended %t: %+v, %v; want %q", ended, got, err, want)
		}
	}
	w.run.Ended, w.spec.Input = false, map[string]any{"host": "${nobody.endpoint}"}
	if got, err := w.undo(); err != nil || !got.Done || got.Left != "" {
		t.Errorf("never invoked: %+v, %v; want nothing left", got, err)
	}
	if len(w.asked) > 0 {
		t.Errorf("invoked %d times", len(w.asked))
	}
}

func TestDrill_isToldOrLeftOut(t *testing.T) {
	w := newWorld(t, done)
	w.run.Mode, w.run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	if got, err := w.advance(); err != nil || !got.Done || w.asked[0].Drill == nil || w.asked[0].Mode != run.Drill {
		t.Errorf("%+v, %v: asked %+v", got, err, w.asked)
	}
	w.spec.Undo = false
	got, err := w.advance()
	if err != nil || !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.asked) != 1 {
		t.Errorf("%+v, %v; want it left out", got, err)
	}
	if got, err := w.undo(); err != nil || !got.Done || got.Left != "" {
		t.Errorf("undo %+v, %v", got, err)
	}
}

func TestCheck_asksWhetherTheFunctionMayBeInvoked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string // in the only problem; empty: there is none
	}{
		"it may":               {func(*world) {}, ""},
		"there is none":        {func(w *world) { w.spec.Function = "nobody" }, "no function nobody"},
		"it may run too long":  {func(w *world) { w.timeout = 900 }, "15m0s"},
		"its role may not":     {func(w *world) { w.denied = true }, "may not be invoked"},
		"a minute is too long": {func(w *world) { w.timeout = 60 }, "shorter"},
	} {
		w := newWorld(t, done)
		c.change(w)
		problems, err := w.kind.Check(t.Context(), w.run, w.spec)
		if err != nil || len(problems) > 1 || (len(problems) == 1) != (c.want != "") || !strings.Contains(strings.Join(problems, ""), c.want) {
			t.Errorf("%s: problems %q, %v; want one with %q", name, problems, err, c.want)
		}
		if len(w.asked) > 0 {
			t.Errorf("%s: invoked it", name)
		}
	}
}
