package shifttraffic

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// An older run's function that was asleep wakes up between a newer run's look and
// its change, or after it.
func TestRuns_thatAreOlderNeverWin(t *testing.T) {
	d := newDNS(t, byWeights()).put(weighted("shop.example.com", 100, 0)...)
	older := *d.kind
	stale := d.run
	stale.ID, stale.Epoch, stale.Mode = "storefront-2", 2, run.Failback
	asleep := &sleeper{zones: d.kind.zones}
	older.zones = asleep
	asleep.until = func() { d.settled(d.advance) }
	if _, err := older.Advance(t.Context(), stale, d.spec); failure.Code(err) != "InvalidChangeBatch" {
		t.Errorf("the older run's change: %v; want it refused as a whole", err)
	}
	if got, _ := d.stands("shop.example.com"); got != "A:0:100" || d.note("shop.example.com").Run != "storefront-3" {
		t.Errorf("the record stands at %s by %+v", got, d.note("shop.example.com"))
	}
	for _, act := range []func() (step.Progress, error){
		func() (step.Progress, error) { return older.Advance(t.Context(), stale, d.spec) },
		func() (step.Progress, error) { return older.Undo(t.Context(), stale, d.spec) },
	} {
		before := len(d.Changes)
		got, err := act()
		if failure.ClassOf(err) != failure.Permanent && !(got.Done && got.Left == "") || len(d.Changes) != before {
			t.Errorf("%+v, %v; want a refusal, or nothing to do", got, err)
		}
	}
}

// The epoch stays where the record is put back, so that no older run moves it then.
func TestRuns_thatAreOlderDoNotWinAfterAnAbortedOneEither(t *testing.T) {
	d := newDNS(t, byWeights()).put(weighted("shop.example.com", 100, 0)...)
	d.settled(d.advance)
	d.settled(d.undo)
	d.run.ID, d.run.Epoch = "storefront-2", 2
	if _, err := d.advance(); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "storefront-3") {
		t.Errorf("error %v; want a permanent one that names the newer run", err)
	}
	d.run.ID, d.run.Epoch = "storefront-4", 4
	d.settled(d.advance)
	if got, _ := d.stands("shop.example.com"); got != "A:0:100" {
		t.Errorf("the next run leaves the record at %s", got)
	}
}

// sleeper is Route 53 for a run that sleeps between its looks and its change.
type sleeper struct {
	zones
	until func()
}

func (s *sleeper) ChangeResourceRecordSets(ctx context.Context, in *route53.ChangeResourceRecordSetsInput, options ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error) {
	if until := s.until; until != nil {
		s.until = nil
		until()
	}
	return s.zones.ChangeResourceRecordSets(ctx, in, options...)
}
