package shifttraffic

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// arcCluster is an ARC cluster on the wire, as its API reference has it: five endpoints
// with one state, each of which may be ill in its own way. The simulator has none.
// https://docs.aws.amazon.com/routing-control/latest/APIReference/Welcome.html
type arcCluster struct {
	simulated.Caller
	t      *testing.T
	states map[string]string
	ill    map[string]http.HandlerFunc // by region
	asked  []string                    // regions, in order
	rule   bool                        // a safety rule refuses every change
	kind   *Kind
	run    step.Run
	spec   plan.ShiftTraffic
}

const home, away = "arn:aws:route53-recovery-control::1:controlpanel/p/routingcontrol/home", "arn:aws:route53-recovery-control::1:controlpanel/p/routingcontrol/away"

func newCluster(t *testing.T, primary, recovery string) *arcCluster {
	c := &arcCluster{
		t: t, states: map[string]string{home: primary, away: recovery}, ill: map[string]http.HandlerFunc{},
		run:  step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: "shift", Mode: run.Unplanned, Primary: "us-east-1", Recovery: "us-west-2"},
		spec: plan.ShiftTraffic{Record: "shop.example.com", Via: plan.ViaRoutingControl, PrimaryControl: home, RecoveryControl: away},
	}
	for _, region := range []string{"us-east-1", "us-west-2", "ap-southeast-2", "ap-northeast-1", "eu-west-1"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Authorization"), "/"+region+"/route53-recovery-cluster/") {
				t.Errorf("signed %s for the endpoint in %s", r.Header.Get("Authorization"), region)
			}
			c.asked = append(c.asked, region)
			if ill := c.ill[region]; ill != nil {
				ill(w, r)
				return
			}
			c.serve(w, r)
		}))
		t.Cleanup(server.Close)
		c.spec.Endpoints = append(c.spec.Endpoints, plan.RoutingEndpoint{URL: server.URL + "/v1", Region: region})
	}
	c.kind = New(c.On(aws.Config{
		Region: "us-west-2", Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		HTTPClient: &http.Client{Timeout: 200 * time.Millisecond},
	}), nil)
	return c
}

func (c *arcCluster) serve(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		RoutingControlArn                string
		SafetyRulesToOverride            []string
		UpdateRoutingControlStateEntries []struct{ RoutingControlArn, RoutingControlState string }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		c.t.Error(err)
	}
	var answer any = struct{}{}
	switch target := r.Header.Get("X-Amz-Target"); target {
	case "ToggleCustomerAPI.GetRoutingControlState":
		state, known := c.states[asked.RoutingControlArn]
		if !known {
			refuse("ResourceNotFoundException", "no such control")(w, r)
			return
		}
		answer = map[string]string{"RoutingControlArn": asked.RoutingControlArn, "RoutingControlState": state}
	case "ToggleCustomerAPI.UpdateRoutingControlStates":
		if c.rule {
			refuse("ConflictException", "The change would violate the safety rule AtLeastOne")(w, r)
			return
		}
		if len(asked.SafetyRulesToOverride) > 0 {
			c.t.Error("overrides a safety rule")
		}
		for _, entry := range asked.UpdateRoutingControlStateEntries {
			c.states[entry.RoutingControlArn] = entry.RoutingControlState
		}
	default:
		c.t.Errorf("asked for %s", target)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		c.t.Error(err)
	}
}

func refuse(code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"` + code + `","message":"` + message + `"}`))
	}
}

// hang accepts and does not answer, until its caller gives up: which a server hears
// of only once it has read the request.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func (c *arcCluster) is() string { return c.states[home] + "/" + c.states[away] }

func (c *arcCluster) advance() (step.Progress, error) {
	return c.kind.Advance(c.t.Context(), c.run, c.spec)
}

func (c *arcCluster) undo() (step.Progress, error) {
	return c.kind.Undo(c.t.Context(), c.run, c.spec)
}

func TestAdvance_turnsBothControlsInOneCall(t *testing.T) {
	for mode, want := range map[run.Mode]string{run.Unplanned: "Off/On", run.Planned: "Off/On", run.Failback: "On/Off"} {
		c := newCluster(t, "On", "Off")
		if mode == run.Failback {
			c = newCluster(t, "Off", "On")
		}
		c.run.Mode = mode
		for range 3 {
			if got, err := c.advance(); err != nil || !got.Done {
				t.Fatalf("%s: %+v, %v", mode, got, err)
			}
		}
		if c.is() != want || len(c.Changes) != 1 {
			t.Errorf("%s: the controls are %s after %v; want %s after one call", mode, c.is(), c.Changes, want)
		}
	}
}

func TestAdvance_goesOnToTheNextEndpointAndAsksThePrimarysLast(t *testing.T) {
	c := newCluster(t, "On", "Off")
	c.ill["us-west-2"] = hang
	c.ill["ap-southeast-2"] = refuse("EndpointTemporarilyUnavailableException", "try another")
	c.ill["ap-northeast-1"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	c.ill["eu-west-1"] = refuse("InternalServerException", "oops")
	if got, err := c.advance(); err != nil || !got.Done || c.is() != "Off/On" {
		t.Errorf("%+v, %v: the controls are %s", got, err, c.is())
	}
	if first := strings.Join(c.asked[:5], " "); first != "us-west-2 ap-southeast-2 ap-northeast-1 eu-west-1 us-east-1" {
		t.Errorf("asked %s", first)
	}
	c.ill["us-east-1"] = hang
	if _, err := c.advance(); failure.ClassOf(err) != failure.TryAgain || !strings.Contains(err.Error(), "no endpoint") {
		t.Errorf("error %v; want one that time mends", err)
	}
}

func TestAdvance_overridesNoSafetyRule(t *testing.T) {
	c := newCluster(t, "On", "Off")
	c.rule = true
	_, err := c.advance()
	if failure.ClassOf(err) != failure.TryAgain || !strings.Contains(err.Error(), "AtLeastOne") || c.is() != "On/Off" {
		t.Errorf("error %v, controls %s; want the rule named and nothing changed", err, c.is())
	}
	if asked := strings.Join(c.asked, " "); strings.Contains(asked, "eu-west-1") {
		t.Errorf("asked %s: a refusal is the same everywhere", asked)
	}
	c.rule = false // a person has allowed it
	if got, err := c.advance(); err != nil || !got.Done {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUndo_turnsTheControlsBackToWhatTheyWere(t *testing.T) {
	for _, before := range []string{"On/Off", "On/On", "Off/On"} {
		primary, recovery, _ := strings.Cut(before, "/")
		c := newCluster(t, primary, recovery)
		if got, err := c.undo(); before != "Off/On" && (err != nil || !got.Done || got.Left != "" || c.is() != before) {
			t.Errorf("%s, died before its call: %+v, %v; now %s", before, got, err, c.is())
		}
		c.states[home], c.states[away] = primary, recovery
		got, err := c.advance()
		if err != nil {
			t.Fatal(err)
		}
		c.run.Ended, c.run.Outputs = true, map[string]map[string]string{"shift": got.Outputs}
		for range 3 {
			if got, err := c.undo(); err != nil || !got.Done || got.Left != "" || c.is() != before {
				t.Errorf("%s: %+v, %v; now %s", before, got, err, c.is())
			}
		}
	}
}

func TestUndo_ofAStepThatDiedAfterItsCallAsksAPersonToLook(t *testing.T) {
	c := newCluster(t, "On", "Off")
	c.CrashAt, c.spec.Endpoints = 1, c.spec.Endpoints[:1]
	if _, err := c.advance(); !errors.Is(err, simulated.ErrCrash) {
		t.Fatalf("the crash went unnoticed: %v", err)
	}
	got, err := c.undo()
	if err != nil || !got.Done || c.is() != "On/Off" || !strings.Contains(got.Left, "if both sides served") {
		t.Errorf("%+v, %v; the controls are %s", got, err, c.is())
	}
}

func TestCheck_asksEveryEndpoint(t *testing.T) {
	c := newCluster(t, "On", "Off")
	if problems, err := c.kind.Check(t.Context(), c.run, c.spec); err != nil || len(problems) > 0 || len(c.Changes) > 0 {
		t.Errorf("problems %q, %v; want none", problems, err)
	}
	c.ill["eu-west-1"] = hang
	c.ill["us-east-1"] = refuse("AccessDeniedException", "not you")
	problems, err := c.kind.Check(t.Context(), c.run, c.spec)
	if err != nil || len(problems) != 2 || !strings.Contains(problems[0], "not you") || !strings.Contains(problems[1], "eu-west-1") {
		t.Errorf("problems %q, %v; want one of each ill endpoint", problems, err)
	}
}
