package shifttraffic

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// dns is a hosted zone of the simulated Route 53.
type dns struct {
	simulated.Caller
	t    *testing.T
	aws  *simulated.AWS
	r53  *route53.Client
	kind *Kind
	run  step.Run
	spec plan.ShiftTraffic
	good time.Time
}

func newDNS(t *testing.T, spec plan.ShiftTraffic) *dns {
	t.Helper()
	a := simulated.Shared(t)
	d := &dns{t: t, aws: a, r53: route53.NewFromConfig(a.Config("us-west-2")), spec: spec}
	out, err := d.r53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	d.spec.Zone = strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
	d.kind = New(d.On(a.Config("us-west-2")), nil)
	d.run = step.Run{Plan: "storefront", ID: "storefront-3", Epoch: 3, Step: "shift", Mode: run.Unplanned, Recovery: "us-west-2"}
	return d
}

func (d *dns) put(sets ...types.ResourceRecordSet) *dns {
	d.t.Helper()
	var changes []types.Change
	for _, set := range sets {
		changes = append(changes, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &set})
	}
	if _, err := d.r53.ChangeResourceRecordSets(d.t.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(d.spec.Zone), ChangeBatch: &types.ChangeBatch{Changes: changes},
	}); err != nil {
		d.t.Fatal(err)
	}
	return d
}

// weighted are the records of two sides, of which the recovery side's is an alias.
func weighted(name string, primary, recovery int64) []types.ResourceRecordSet {
	return []types.ResourceRecordSet{
		{Name: aws.String(name), Type: types.RRTypeA, SetIdentifier: aws.String("home"), Weight: aws.Int64(primary), TTL: aws.Int64(30),
			ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}}},
		{Name: aws.String(name), Type: types.RRTypeA, SetIdentifier: aws.String("away"), Weight: aws.Int64(recovery),
			AliasTarget: &types.AliasTarget{HostedZoneId: aws.String("Z1"), DNSName: aws.String("lb.example.net."), EvaluateTargetHealth: true}},
	}
}

func byWeights() plan.ShiftTraffic {
	return plan.ShiftTraffic{Record: "shop.example.com", Via: plan.ViaWeights, PrimarySet: "home", RecoverySet: "away"}
}

func pointing(ttl int64, target string) types.ResourceRecordSet {
	return types.ResourceRecordSet{Name: aws.String("www.example.com"), Type: types.RRTypeCname, TTL: aws.Int64(ttl), ResourceRecords: []types.ResourceRecord{{Value: aws.String(target)}}}
}

func byName() plan.ShiftTraffic {
	return plan.ShiftTraffic{Record: "www.example.com", Via: plan.ViaCNAME, Target: "dr.example.net"}
}

// stands is how the record is, and everything that Route 53 keeps in the zone but
// the notes.
func (d *dns) stands(name string) (string, []types.ResourceRecordSet) {
	d.t.Helper()
	out, err := d.r53.ListResourceRecordSets(d.t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(d.spec.Zone)})
	if err != nil {
		d.t.Fatal(err)
	}
	sets := slices.DeleteFunc(out.ResourceRecordSets, func(s types.ResourceRecordSet) bool { return s.Type == types.RRTypeTxt })
	rec, err := d.kind.look(d.t.Context(), d.spec, name)
	if err != nil {
		d.t.Fatal(err)
	}
	return rec.now, sets
}

func (d *dns) note(name string) note {
	d.t.Helper()
	rec, err := d.kind.look(d.t.Context(), d.spec, name)
	if err != nil {
		d.t.Fatal(err)
	}
	return rec.note
}

// advance is one look, which the journal follows.
func (d *dns) advance() (step.Progress, error) {
	d.run.Now, d.run.Good = d.aws.Clock.Now().UTC().Truncate(time.Second), d.good
	got, err := d.kind.Advance(d.t.Context(), d.run, d.spec)
	switch {
	case !got.Good:
		d.good = time.Time{}
	case d.good.IsZero():
		d.good = d.run.Now
	}
	return got, err
}

func (d *dns) undo() (step.Progress, error) { return d.kind.Undo(d.t.Context(), d.run, d.spec) }

// settled looks three times every half minute, until it is done.
func (d *dns) settled(look func() (step.Progress, error)) (took time.Duration) {
	d.t.Helper()
	for range 10 {
		var got step.Progress
		for range 3 {
			var err error
			if got, err = look(); err != nil && !errors.Is(err, simulated.ErrCrash) {
				d.t.Fatal(err)
			}
		}
		if got.Done {
			if got.Left != "" {
				d.t.Errorf("left %q", got.Left)
			}
			return took
		}
		if err := d.aws.Clock.Jump(30 * time.Second); err != nil {
			d.t.Fatal(err)
		}
		took += 30 * time.Second
	}
	d.t.Fatal("not done")
	return took
}

func TestAdvance_changesARecordOnceAndWaitsForServersAndResolvers(t *testing.T) {
	for name, c := range map[string]struct {
		spec  plan.ShiftTraffic
		sets  []types.ResourceRecordSet
		want  string
		after time.Duration // a minute of Route 53's and the longest TTL
	}{
		"weights": {byWeights(), weighted("shop.example.com", 100, 0), "A:0:100", 2 * time.Minute},
		"a name":  {byName(), []types.ResourceRecordSet{pointing(90, "old.example.net")}, "90 dr.example.net", 150 * time.Second},
		"no name": {byName(), nil, "60 dr.example.net", 2 * time.Minute},
	} {
		for crash := range 3 {
			d := newDNS(t, c.spec)
			if len(c.sets) > 0 {
				d.put(c.sets...)
			}
			d.CrashAt = crash
			if took := d.settled(d.advance); took != c.after {
				t.Errorf("%s: done after %s; want %s", name, took, c.after)
			}
			if got, _ := d.stands(c.spec.Record); got != c.want {
				t.Errorf("%s: the record stands at %s; want %s", name, got, c.want)
			}
			// The batch and its id; a crash between the two costs one more batch.
			if want := map[int]int{0: 2, 1: 3, 2: 2}[crash]; len(d.Changes) != want {
				t.Errorf("%s: crash %d: %d batches; want %d", name, crash, len(d.Changes), want)
			}
		}
	}
}

func TestUndo_leavesTheRecordsAsTheyWereAfterEveryCrash(t *testing.T) {
	for name, c := range map[string]struct {
		spec plan.ShiftTraffic
		sets []types.ResourceRecordSet
	}{
		"both sides served": {byWeights(), weighted("shop.example.com", 70, 30)},
		"a name":            {byName(), []types.ResourceRecordSet{pointing(90, "old.example.net")}},
		"no name":           {byName(), []types.ResourceRecordSet{{Name: aws.String("x.example.com"), Type: types.RRTypeA, TTL: aws.Int64(1), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.9")}}}}},
	} {
		for crash := range 3 {
			for looks := range 3 {
				d := newDNS(t, c.spec).put(c.sets...)
				_, before := d.stands(c.spec.Record)
				d.CrashAt = crash
				for range looks {
					if _, err := d.advance(); err != nil && !errors.Is(err, simulated.ErrCrash) {
						t.Fatal(err)
					}
				}
				d.CrashAt = len(d.Changes) + crash
				d.settled(d.undo)
				_, after := d.stands(c.spec.Record)
				if diff := cmp.Diff(before, after, ignoreMetadata); diff != "" {
					t.Errorf("%s: crash %d after %d looks (-before +after):\n%s", name, crash, looks, diff)
				}
			}
		}
	}
}

var ignoreMetadata = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())

func TestFailback_givesBothSidesWhatTheyServedBefore(t *testing.T) {
	for before, want := range map[int64]string{50: "A:50:50", 100: "A:100:0"} {
		d := newDNS(t, byWeights()).put(weighted("shop.example.com", before, 100-before)...)
		d.settled(d.advance)
		d.run.ID, d.run.Epoch, d.run.Mode = "storefront-4", 4, run.Failback
		d.settled(d.advance)
		if got, _ := d.stands("shop.example.com"); got != want {
			t.Errorf("after the failback the record stands at %s; want %s", got, want)
		}
	}
	d := newDNS(t, byWeights()).put(weighted("shop.example.com", 0, 100)...) // failed over by hand
	d.run.Mode = run.Failback
	d.settled(d.advance)
	if got, _ := d.stands("shop.example.com"); got != "A:100:0" {
		t.Errorf("without a note of the failover the record stands at %s", got)
	}
}

func TestDrill_movesItsOwnRecordAndLeavesNoNote(t *testing.T) {
	d := newDNS(t, byWeights()).put(append(weighted("shop.example.com", 100, 0), weighted("drill.example.com", 100, 0)...)...)
	_, before := d.stands("shop.example.com")
	d.spec.DrillRecord = "drill.example.com"
	d.run.Mode, d.run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	d.settled(d.advance)
	if got, _ := d.stands("drill.example.com"); got != "A:0:100" {
		t.Errorf("the drill's record stands at %s", got)
	}
	if got, _ := d.stands("shop.example.com"); got != "A:100:0" || d.note("shop.example.com") != (note{}) {
		t.Errorf("the users' record stands at %s", got)
	}
	d.run.Epoch = 9 // a disaster's run has the lock meanwhile, and the reaper comes
	d.settled(d.undo)
	if _, after := d.stands("drill.example.com"); d.note("drill.example.com") != (note{}) || !cmp.Equal(before, after, ignoreMetadata) {
		t.Errorf("left %+v:\n%s", d.note("drill.example.com"), cmp.Diff(before, after, ignoreMetadata))
	}
}

func TestCheck_ofRecordsSaysWhatCannotBeMoved(t *testing.T) {
	plainA := types.ResourceRecordSet{Name: aws.String("www.example.com"), Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}}}
	for name, c := range map[string]struct {
		spec plan.ShiftTraffic
		sets []types.ResourceRecordSet
		want string // in the only problem; empty: there is none
	}{
		"weights":                 {byWeights(), weighted("shop.example.com", 100, 0), ""},
		"no weights":              {byWeights(), []types.ResourceRecordSet{plainA}, "primary-set"},
		"one side alone":          {byWeights(), weighted("shop.example.com", 100, 0)[:1], "recovery-set"},
		"a name":                  {byName(), []types.ResourceRecordSet{pointing(60, "old.example.net")}, ""},
		"no name yet":             {byName(), []types.ResourceRecordSet{weighted("shop.example.com", 1, 1)[0]}, ""},
		"an address, not a name":  {byName(), []types.ResourceRecordSet{plainA}, "no plain CNAME"},
		"a drill without records": {withDrill(byWeights()), weighted("shop.example.com", 100, 0), "drill.example.com"},
	} {
		d := newDNS(t, c.spec).put(c.sets...)
		d.run.Drill = &plan.Drill{Suffix: "drill"}
		problems, err := d.kind.Check(t.Context(), d.run, d.spec)
		if err != nil || len(problems) > 1 || (len(problems) == 1) != (c.want != "") || !strings.Contains(strings.Join(problems, ""), c.want) {
			t.Errorf("%s: problems %q, %v; want one with %q", name, problems, err, c.want)
		}
		if len(d.Changes) > 0 {
			t.Errorf("%s: changed %v", name, d.Changes)
		}
	}
}

func withDrill(spec plan.ShiftTraffic) plan.ShiftTraffic {
	spec.DrillRecord = "drill.example.com"
	return spec
}

func TestNote_isReadAsItWasWritten(t *testing.T) {
	want := note{Epoch: 7, Run: "storefront-7", Before: "90 " + strings.Repeat("long-label.", 40) + `example"\&=`, To: "A:0:100 AAAA:0:100", Change: "C1"}
	if diff := cmp.Diff(want, read(*want.set("_pilotlight.shop.example.com"))); diff != "" {
		t.Errorf("note (-written +read):\n%s", diff)
	}
	if got := read(types.ResourceRecordSet{ResourceRecords: []types.ResourceRecord{{Value: aws.String(`"v=spf1 -all"`)}}}); got != (note{}) {
		t.Errorf("read %+v of somebody else's text", got)
	}
}
