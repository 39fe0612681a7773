package opening_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	shop = "storefront"
	id   = "storefront-1"
)

// region is what protection copied to the recovery region, by policy.
type region struct {
	points  map[string][]lineage.Point
	down    error
	lists   int
	sources []string // instances that are protected
	passes  []protect.Pass
	nudged  []string // policies
}

func (r *region) List(_ context.Context, _, _ string, policy plan.Policy) ([]lineage.Point, error) {
	r.lists++
	return r.points[policy.Name], r.down
}

// Sources are the instances of which it was told.
func (r *region) Sources(_ context.Context, pass protect.Pass) ([]protect.Source, error) {
	r.passes = append(r.passes, pass)
	var all []protect.Source
	for _, id := range r.sources {
		s := protect.Source{ID: id}
		for _, group := range lineage.Groups(r.points[pass.Policy.Name]) {
			if group.Subject == id && group.Usable() && s.Newest.IsZero() {
				s.Newest = group.TakenAt
			}
		}
		all = append(all, s)
	}
	return all, r.down
}

func (r *region) Nudge(_ context.Context, in protect.Input) error {
	r.nudged = append(r.nudged, in.Policy.Name)
	return r.down
}

// volume is a snapshot of one volume of an instance with two, taken so long ago.
func volume(set, instance, device string, ago time.Duration, state lineage.State) lineage.Point {
	return lineage.Point{
		ID: "snap-" + set + device, Policy: "data", Set: set, SetSize: 2, Origin: "vol-" + instance + device,
		Instance: instance, Device: device, TakenAt: noon.Add(-ago), State: state,
	}
}

// image is one of an image policy.
func image(name string, ago time.Duration, state lineage.State) lineage.Point {
	return lineage.Point{ID: name, Policy: "web", Set: name, Origin: "i-web", TakenAt: noon.Add(-ago), State: state}
}

// pair is a complete set of an instance.
func pair(set, instance string, ago time.Duration) []lineage.Point {
	return []lineage.Point{volume(set, instance, "f", ago, lineage.Complete), volume(set, instance, "g", ago, lineage.Complete)}
}

func ids(points []lineage.Point) []string {
	var all []string
	for _, p := range points {
		all = append(all, p.ID)
	}
	return all
}

// started is a ledger whose run has the lock and was not opened yet.
func started(t *testing.T) *ledgertest.Ledger {
	t.Helper()
	state, err := run.New(shop).Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book := ledgertest.New(noon)
	book.Set(state)
	return book
}

func open(t *testing.T, book *ledgertest.Ledger, r *region, request opening.Request) (opening.Answer, error) {
	t.Helper()
	payload, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return opening.Handler(book, r, nil)(t.Context(), payload)
}

// asks is open-run's input for policies; one with a star names a key.
func asks(names ...string) opening.Request {
	request := opening.Request{Plan: shop, Run: id, Recovery: "us-west-2", Needs: protect.Overview{Plan: shop, Primary: "us-east-1", Recovery: "us-west-2"}}
	for _, name := range names {
		selector := &plan.Selector{Tags: map[string]string{"app": shop}}
		policy := plan.Policy{Name: strings.TrimSuffix(name, "*"), Every: plan.Duration(time.Hour), RPO: plan.Duration(time.Hour)}
		if policy.Volumes = selector; policy.Name == "web" {
			policy.Volumes, policy.Images = nil, selector
		}
		if policy.Name != name {
			policy.Key = "alias/pilotlight"
		}
		request.Needs.Policies = append(request.Needs.Policies, policy)
	}
	return request
}

var needsBoth = asks("web", "data")

func TestHandler_pinsOnceAndTakesTheRunUp(t *testing.T) {
	book := started(t)
	r := &region{points: map[string][]lineage.Point{"web": {image("ami-1", time.Hour, lineage.Complete)}, "data": pair("s1", "i-1", time.Hour)}}
	answer, err := open(t, book, r, needsBoth)
	if err != nil || answer.Status != "DONE" {
		t.Fatalf("%+v, %v", answer, err)
	}
	if diff := cmp.Diff([]string{"open", "pin", "swap"}, book.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if state := book.Of(shop); state.Phase != run.Running || state.Posture != run.FailingOver {
		t.Errorf("the run is %s and the plan %s", state.Phase, state.Posture)
	}
	// Newer points arrive, and open-run is invoked again.
	r.points["data"] = append(r.points["data"], pair("s2", "i-1", time.Minute)...)
	before, looked := book.Of(shop), r.lists
	for range 2 {
		if _, err := open(t, book, r, needsBoth); err != nil {
			t.Fatal(err)
		}
	}
	if n := ledgertest.Writes(book.Calls()); n != 0 || r.lists != looked {
		t.Errorf("a second call made %d writes and %d looks; want none", n, r.lists-looked)
	}
	if diff := cmp.Diff(before, book.Of(shop)); diff != "" {
		t.Errorf("a second call changed the state:\n%s", diff)
	}
	record, err := book.Open(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"snap-s1f", "snap-s1g"}, ids(record.Pins["data"])); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}

func TestHandler_keepsThePinsOfACallThatCrashed(t *testing.T) {
	book := started(t)
	r := &region{points: map[string][]lineage.Point{"web": {image("ami-1", time.Hour, lineage.Complete)}, "data": pair("s1", "i-1", time.Hour)}}
	book.Break = ledgertest.On("swap")
	if _, err := open(t, book, r, needsBoth); failure.ClassOf(err) != failure.TryAgain {
		t.Fatalf("%v; want an error that time mends", err)
	}
	book.Break = nil
	r.points["web"] = append(r.points["web"], image("ami-2", time.Minute, lineage.Complete))
	if _, err := open(t, book, r, needsBoth); err != nil {
		t.Fatal(err)
	}
	record, err := book.Open(t.Context(), shop, id)
	if err != nil || record.State.Phase != run.Running {
		t.Fatalf("the run is %s, error %v", record.State.Phase, err)
	}
	if diff := cmp.Diff([]string{"ami-1"}, ids(record.Pins["web"])); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}

func TestHandler_namesEveryPolicyWithoutAUsablePointAndPinsNothing(t *testing.T) {
	book := started(t)
	r := &region{points: map[string][]lineage.Point{"data": {volume("s1", "i-1", "f", time.Hour, lineage.Complete)}}}
	before := book.Of(shop)
	_, err := open(t, book, r, asks("web", "data", "spare"))
	if failure.ClassOf(err) != failure.Permanent {
		t.Fatalf("%v of class %s; want a permanent error", err, failure.ClassOf(err))
	}
	for _, policy := range []string{"policy web ", "policy data ", "policy spare "} {
		if !strings.Contains(err.Error(), policy) {
			t.Errorf("%q does not name %s", err, policy)
		}
	}
	if n := ledgertest.Writes(book.Calls()); n != 0 || !cmp.Equal(before, book.Of(shop)) {
		t.Errorf("%d writes, state %+v; want nothing changed", n, book.Of(shop))
	}
}

// What does not count as protected is not what a run recovers from: the older set
// that is encrypted goes before the newer one that is bare.
func TestHandler_pinsNoBareCopyOfAPolicyThatNamesAKey(t *testing.T) {
	bare := pair("bare", "i-1", time.Hour)
	for i := range bare {
		bare[i].Plain = true
	}
	r := &region{points: map[string][]lineage.Point{"data": append(pair("kept", "i-1", 2*time.Hour), bare...)}}
	for needed, want := range map[string][]string{"data*": {"snap-keptf", "snap-keptg"}, "data": {"snap-baref", "snap-bareg"}} {
		book := started(t)
		if _, err := open(t, book, r, asks(needed)); err != nil {
			t.Fatal(err)
		}
		record, err := book.Open(t.Context(), shop, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ids(record.Pins["data"])); diff != "" {
			t.Errorf("pinned of %s (-want +got):\n%s", needed, diff)
		}
	}
	r.points["data"] = bare
	_, err := open(t, started(t), r, asks("data*"))
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "2 are there, none both complete and encrypted") {
		t.Errorf("with bare copies alone: %v", err)
	}
}

func TestHandler_opensARunThatNeedsNoPoints(t *testing.T) {
	for _, request := range []opening.Request{asks(), {Plan: shop, Run: id, Recovery: "us-west-2"}} {
		book, r := started(t), &region{}
		if answer, err := open(t, book, r, request); err != nil || answer.Status != "DONE" {
			t.Fatalf("%+v, %v", answer, err)
		}
		if diff := cmp.Diff([]string{"open", "swap"}, book.Calls()); diff != "" || r.lists != 0 {
			t.Errorf("%d looks and these calls (-want +got):\n%s", r.lists, diff)
		}
	}
}

func TestHandler_saysWhyItCannotSeeThePoints(t *testing.T) {
	book, r := started(t), &region{down: errors.New("slow down")}
	_, err := open(t, book, r, needsBoth)
	if failure.ClassOf(err) != failure.TryAgain || !strings.Contains(err.Error(), "policy web") || ledgertest.Writes(book.Calls()) != 0 {
		t.Errorf("%v; want an error that time mends, and no write", err)
	}
}

func TestHandler_doesNothingForARunThatMayNotAct(t *testing.T) {
	running := started(t).Of(shop)
	over, err := running.Closed(run.Aborted, noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]run.State{"its plan never ran": run.New(shop), "it is over": over} {
		t.Run(name, func(t *testing.T) {
			book, r := ledgertest.New(noon), &region{}
			book.Set(state)
			if _, err := open(t, book, r, needsBoth); failure.ClassOf(err) != failure.RunOver {
				t.Errorf("%v; want a refusal", err)
			}
			if n := ledgertest.Writes(book.Calls()); n != 0 || r.lists != 0 {
				t.Errorf("%d writes and %d looks; want none", n, r.lists)
			}
		})
	}
}

func TestEvents_openARun(t *testing.T) {
	for name, raw := range repository.Events(t, "open-run") {
		r := &region{points: map[string][]lineage.Point{"web": {image("ami-1", time.Hour, lineage.Complete)}, "data": pair("s1", "i-1", time.Hour)}}
		if answer, err := opening.Handler(started(t), r, nil)(t.Context(), raw); err != nil || answer.Status != "DONE" {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

func FuzzHandler(f *testing.F) {
	for _, raw := range repository.Events(f, "open-run") {
		f.Add(raw)
	}
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"plan":"storefront","run":""}`, `{"plan":"a","run":"b","nedds":[]}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := started(t)
		_, err := opening.Handler(book, &region{}, nil)(t.Context(), raw)
		if class := failure.ClassOf(err); class == failure.TryAgain {
			t.Errorf("%q: %v would be tried again", raw, err)
		} else if class == failure.BadInput && len(book.Calls()) != 0 {
			t.Errorf("%q was refused after a call", raw)
		}
	})
}
