package ebs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// world is a kind that has looked: what it saw, or why not, by region.
type world struct {
	Kind
	seen   map[string]Seen
	errors map[string]error
}

func (w world) Look(_ context.Context, at protect.Site) (Seen, error) {
	return w.seen[at.Region], w.errors[at.Region]
}

// at is a point of a volume of i-1, so long before noon.
func at(id string, ago time.Duration, change ...func(*lineage.Point)) lineage.Point {
	p := lineage.Point{
		ID: id, Set: "set of " + id, SetSize: 1, Instance: "i-1", Origin: "vol-1", SizeGiB: 8,
		TakenAt: noon.Add(-ago), Started: noon.Add(-ago), State: lineage.Complete,
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func in(state lineage.State) func(*lineage.Point) {
	return func(p *lineage.Point) { p.State = state }
}

func faulty(p *lineage.Point) { p.State, p.Fault = lineage.Failed, "Given key ID is not accessible" }
func plain(p *lineage.Point)  { p.Plain = true }

func TestInspect_saysWhatAnOperatorNeedsToKnow(t *testing.T) {
	hour, day := time.Hour, 24*time.Hour
	for name, tt := range map[string]struct {
		sources, copies []lineage.Point
		from, to        error
		want            string // the problem
		usable          int
		newest          time.Duration // ago; zero: none
	}{
		"well": {sources: []lineage.Point{at("s1", hour), at("s2", 10*time.Minute)}, copies: []lineage.Point{at("c1", hour)}, usable: 1, newest: hour},
		"well, and a copy is under way": {
			sources: []lineage.Point{at("s1", hour)}, copies: []lineage.Point{at("c1", hour), at("c2", time.Minute, in(lineage.Pending))}, usable: 1, newest: hour,
		},
		"untouched":        {want: "no usable recovery point in us-west-2 yet: nothing newer has been taken of it in us-east-1"},
		"being taken":      {sources: []lineage.Point{at("s1", time.Minute, in(lineage.Pending))}, want: "no usable recovery point in us-west-2 yet: s1 of vol-1 is being taken in us-east-1 since 2026-11-22 11:59Z"},
		"snapshot fails":   {sources: []lineage.Point{at("s1", time.Minute, in(lineage.Failed))}, want: "no usable recovery point in us-west-2 yet: snapshotting vol-1 in us-east-1 failed at 2026-11-22 11:59Z"},
		"waits":            {sources: []lineage.Point{at("s1", hour)}, want: "no usable recovery point in us-west-2 yet: s1, taken at 2026-11-22 11:00Z, waits to be copied from us-east-1"},
		"in flight":        {sources: []lineage.Point{at("s1", hour)}, copies: []lineage.Point{at("c1", time.Minute, in(lineage.Pending))}, want: "no usable recovery point in us-west-2 yet: copy c1 of vol-1 is in flight since 2026-11-22 11:59Z"},
		"late":             {sources: []lineage.Point{at("s1", hour)}, copies: []lineage.Point{at("c1", day)}, want: "the RPO of 2h is broken since 2026-11-21 14:00Z: s1, taken at 2026-11-22 11:00Z, waits to be copied from us-east-1", usable: 1, newest: day},
		"failing in time":  {sources: []lineage.Point{at("s1", hour)}, copies: []lineage.Point{at("c1", hour), at("c2", time.Minute, faulty)}, want: "copy c2 of vol-1 failed at 2026-11-22 11:59Z (Given key ID is not accessible)", usable: 1, newest: hour},
		"bare":             {sources: []lineage.Point{at("s1", hour)}, copies: []lineage.Point{at("c1", hour, plain)}, want: "no usable recovery point in us-west-2 yet: copy c1 of vol-1 is not encrypted, and the policy names the key alias/pilotlight: it counts for nothing"},
		"source is silent": {copies: []lineage.Point{at("c1", hour)}, from: errors.New("timeout"), want: "us-east-1 does not answer, so nothing new comes from there", usable: 1, newest: hour},
		"source refuses":   {copies: []lineage.Point{at("c1", day)}, from: &smithy.GenericAPIError{Code: "AuthFailure"}, want: "the RPO of 2h is broken since 2026-11-21 14:00Z: us-east-1 answers AuthFailure, so nothing new comes from there", usable: 1, newest: day},
		"target is silent": {sources: []lineage.Point{at("s1", hour)}, to: errors.New("timeout"), want: "us-west-2 does not answer, so nobody knows which recovery points are there"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{
				seen: map[string]Seen{
					"us-east-1": {Sources: tt.sources, Subjects: []protect.Source{{ID: "i-1", GiB: 8}}},
					"us-west-2": {Copies: tt.copies},
				},
				errors: map[string]error{"us-east-1": tt.from, "us-west-2": tt.to},
			}
			got, err := passOver(w).Inspect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := protect.Source{Policy: "data", ID: "i-1", GiB: 8, Usable: tt.usable, Problem: tt.want, Unseen: tt.from != nil || tt.to != nil}
			if tt.newest > 0 {
				want.Newest = noon.Add(-tt.newest)
			}
			if diff := cmp.Diff([]protect.Source{want}, got); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
}

// The newest point of an instance that ended stays for ever. When nobody can say that
// it ended, it must not pass for the oldest of what is protected.
func TestInspect_leavesOutWhatHadEndedWhenTheServingSideIsSilent(t *testing.T) {
	of := func(instance string) func(*lineage.Point) {
		return func(p *lineage.Point) { p.Instance, p.Origin = instance, "vol of "+instance }
	}
	// The region has been silent for ten hours, and the RPO is two.
	w := world{
		seen: map[string]Seen{"us-west-2": {Copies: []lineage.Point{
			at("c1", 10*time.Hour), at("c2", 9*24*time.Hour, of("i-ended")), at("c3", 5*24*time.Hour, of("i-bare"), plain),
			at("c4", 35*time.Hour, of("i-late")), at("c5", 10*time.Hour, of("i-new"), in(lineage.Pending)),
		}}},
		errors: map[string]error{"us-east-1": errors.New("timeout")},
	}
	sources, err := passOver(w).Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ages := map[string]time.Duration{}
	for _, s := range sources {
		ages[s.ID] = noon.Sub(s.Newest)
		if !strings.HasSuffix(s.Problem, "; 2 more had no new point for 24h beyond the RPO before: they are taken for ended") {
			t.Errorf("%s: %s", s.ID, s.Problem)
		}
	}
	if want := map[string]time.Duration{"i-1": 10 * time.Hour, "i-late": 35 * time.Hour, "i-new": noon.Sub(time.Time{})}; !cmp.Equal(want, ages) {
		t.Errorf("ages %v, want %v", ages, want)
	}
}

func TestInspect_failsWhenNobodyAnswers(t *testing.T) {
	w := world{errors: map[string]error{"us-east-1": errors.New("timeout"), "us-west-2": errors.New("timeout")}}
	if got, err := passOver(w).Inspect(t.Context()); err == nil {
		t.Errorf("sources %+v", got)
	}
}

func passOver(w Kind) *Pass {
	begun := protect.Pass{
		Input: protect.Input{
			Plan: "storefront", Primary: "us-east-1", Recovery: "us-west-2",
			Policy: plan.Policy{Name: "data", Key: "alias/pilotlight", Every: plan.Duration(time.Hour), RPO: plan.Duration(2 * time.Hour)},
		},
		From: protect.Site{Region: "us-east-1"}, To: protect.Site{Region: "us-west-2"}, Now: noon,
	}
	return Within(begun, func(protect.Site) Region { return nil }, func(*Pass) Kind { return w })
}
