package eventsource

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var aSpec = plan.EventSource{Function: "take-orders", Source: "arn:aws:sqs:us-west-2:1:orders", Enabled: true}

// world is Lambda's event source mappings on the wire, as its API reference has
// them: the simulator's change at once and take no tags.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
type world struct {
	simulated.Caller
	t        *testing.T
	kind     *Kind
	run      step.Run
	mappings []*mapping
}

type mapping struct {
	UUID                  string
	EventSourceMappingArn string
	FunctionArn           string
	State                 string
	tags                  map[string]string
}

func newWorld(t *testing.T, states ...string) *world {
	w := &world{t: t, run: step.Run{Plan: "storefront", ID: "storefront-1", Step: "orders", Mode: run.Unplanned, Recovery: "us-west-2"}}
	for n, state := range states {
		id := string(rune('a' + n))
		w.mappings = append(w.mappings, &mapping{id, "arn:aws:lambda:us-west-2:1:event-source-mapping:" + id, "arn:aws:lambda:us-west-2:1:function:take-orders", state, map[string]string{}})
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /2015-03-31/event-source-mappings", w.list)
	routes.HandleFunc("PUT /2015-03-31/event-source-mappings/{id}", w.update)
	routes.HandleFunc("/2017-03-31/tags/{arn}", w.tag)
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	w.kind = New(w.On(aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: whole.Client,
	}))
	return w
}

// list answers a page for each mapping.
func (w *world) list(answer http.ResponseWriter, request *http.Request) {
	asked := request.URL.Query()
	if asked.Has("FunctionName") || asked.Get("EventSourceArn") != aSpec.Source {
		w.t.Errorf("listed %v", asked)
	}
	at := slices.IndexFunc(w.mappings, func(m *mapping) bool { return m.UUID == asked.Get("Marker") }) + 1
	page := map[string]any{"EventSourceMappings": w.mappings[min(at, len(w.mappings)):min(at+1, len(w.mappings))]}
	if at+1 < len(w.mappings) {
		page["NextMarker"] = w.mappings[at].UUID
	}
	w.answer(answer, page)
}

func (w *world) update(answer http.ResponseWriter, request *http.Request) {
	m := w.find(func(m *mapping) bool { return m.UUID == request.PathValue("id") })
	if m.State != on && m.State != off {
		answer.Header().Set("X-Amzn-ErrorType", "ResourceInUseException")
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	var asked struct{ Enabled *bool }
	if err := json.NewDecoder(request.Body).Decode(&asked); err != nil || asked.Enabled == nil {
		w.t.Errorf("asked for %+v, %v", asked, err)
		return
	}
	m.State = map[bool]string{true: "Enabling", false: "Disabling"}[*asked.Enabled]
	w.answer(answer, m)
}

func (w *world) tag(answer http.ResponseWriter, request *http.Request) {
	name, err := url.PathUnescape(request.PathValue("arn"))
	if err != nil {
		w.t.Error(err)
	}
	m := w.find(func(m *mapping) bool { return m.EventSourceMappingArn == name })
	var asked struct{ Tags map[string]string }
	switch request.Method {
	case http.MethodGet:
		w.answer(answer, map[string]any{"Tags": m.tags})
	case http.MethodPost:
		if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
			w.t.Error(err)
		}
		for key, value := range asked.Tags {
			m.tags[key] = value
		}
	case http.MethodDelete:
		for _, key := range request.URL.Query()["tagKeys"] {
			delete(m.tags, key)
		}
	}
}

func (w *world) find(is func(*mapping) bool) *mapping {
	w.t.Helper()
	i := slices.IndexFunc(w.mappings, is)
	if i < 0 {
		w.t.Fatal("asked for a mapping that is not there")
	}
	return w.mappings[i]
}

func (w *world) answer(answer http.ResponseWriter, with any) {
	if err := json.NewEncoder(answer).Encode(with); err != nil {
		w.t.Error(err)
	}
}

// later is when what was under way is over.
func (w *world) later() {
	for _, m := range w.mappings {
		m.State = map[string]string{"Enabling": on, "Disabling": off, "Updating": off, on: on, off: off}[m.State]
	}
}

// there are the states and how many of them carry a tag.
func (w *world) there() string {
	var all []string
	for _, m := range w.mappings {
		all = append(all, m.State+strings.Repeat("*", len(m.tags)))
	}
	return strings.Join(all, " ")
}

// settled looks three times between any two moments, until the step is done.
func (w *world) settled(look func() (step.Progress, error)) step.Progress {
	w.t.Helper()
	for range 10 {
		var progress step.Progress
		for range 3 {
			var err error
			if progress, err = look(); err != nil && !errors.Is(err, simulated.ErrCrash) {
				w.t.Fatal(err)
			}
		}
		if progress.Done {
			return progress
		}
		w.later()
	}
	w.t.Fatalf("not done: %s", w.there())
	return step.Progress{}
}

func (w *world) advance() (step.Progress, error) { return w.kind.Advance(w.t.Context(), w.run, aSpec) }

func (w *world) undo() (step.Progress, error) { return w.kind.Undo(w.t.Context(), w.run, aSpec) }

func TestAdvance_turnsEachMappingOnceThatIsNotAsWanted(t *testing.T) {
	for crash := range 3 {
		w := newWorld(t, off, on, "Updating")
		w.CrashAt = crash
		w.settled(w.advance)
		if w.there() != "Enabled* Enabled Enabled*" || len(w.Changes) != 4 {
			t.Errorf("crash %d: %s after %v; want both turned after two calls each", crash, w.there(), w.Changes)
		}
	}
}

func TestUndo_leavesEveryMappingAsItWasAfterEveryCrash(t *testing.T) {
	for crash := range 5 {
		for until := range 4 {
			w := newWorld(t, off, on, off)
			w.CrashAt = crash
			for range until {
				if _, err := w.advance(); err != nil && !errors.Is(err, simulated.ErrCrash) {
					t.Fatal(err)
				}
				if until > 2 {
					w.later()
				}
			}
			w.CrashAt = len(w.Changes) + crash
			if got := w.settled(w.undo); got.Left != "" || w.there() != "Disabled Enabled Disabled" {
				t.Errorf("crash %d after %d looks: %s, left %q", crash, until, w.there(), got.Left)
			}
		}
	}
}

func TestUndo_goesByItsOwnRunAlone(t *testing.T) {
	w := newWorld(t, on)
	w.mappings[0].tags[lineage.Before] = "storefront-11/Disabled"
	if w.settled(w.undo); len(w.Changes) > 0 {
		t.Errorf("changed %v for another run's tag", w.Changes)
	}
}

func TestAdvance_failsForGoodWithoutAMapping(t *testing.T) {
	w := newWorld(t)
	if _, err := w.advance(); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("error %v; want a permanent one", err)
	}
	problems, err := w.kind.Check(t.Context(), w.run, aSpec)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], aSpec.Source) {
		t.Errorf("problems %q, %v; want one that names the source", problems, err)
	}
}

func TestCheck_findsNothingWrongWhereAMappingIs(t *testing.T) {
	w := newWorld(t, off)
	if problems, err := w.kind.Check(t.Context(), w.run, aSpec); err != nil || len(problems) > 0 || len(w.Changes) > 0 {
		t.Errorf("problems %q, %v, changes %v; want none", problems, err, w.Changes)
	}
}

func TestDrill_isLeftOut(t *testing.T) {
	w := newWorld(t, off)
	w.run.Mode, w.run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	got := w.settled(w.advance)
	if w.settled(w.undo); !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.Changes) > 0 {
		t.Errorf("%+v, changes %v; want it left out", got, w.Changes)
	}
}

func TestAdvance_turnsTheMappingsOfAliasesAndOfNoOtherFunction(t *testing.T) {
	w := newWorld(t, off, off, off)
	w.mappings[1].FunctionArn += ":live"
	w.mappings[2].FunctionArn += "-later"
	w.settled(w.advance)
	if got := []string{w.mappings[0].State, w.mappings[1].State, w.mappings[2].State}; !slices.Equal(got, []string{on, on, off}) {
		t.Errorf("the function's, its alias's and another's are %v", got)
	}
}
