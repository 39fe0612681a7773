package rehearsal_test

import (
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// failoverOf plays the storefront's failover, and does something right after the
// primary region was struck. It answers how long the run took, in data time.
func failoverOf(t *testing.T, p *plan.Plan, then func(*cloud.Cloud)) (*report.Report, time.Duration) {
	t.Helper()
	var c *cloud.Cloud
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Before: func(started *cloud.Cloud) { c = started }},
		func(line string) {
			if line == struckLine {
				then(c)
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	if r.End != run.Recovered {
		t.Fatalf("ended %s: %s", r.End, r.Reason)
	}
	var last time.Time
	for _, step := range r.Steps {
		if step.Finished.After(last) {
			last = step.Finished
		}
	}
	return r, last.Sub(r.StartedAt)
}

// struckLine is what a diary is told when the region is gone.
const struckLine = "struck"

// A second in which this machine is busy with something else is a minute of data
// time, so one bad pair of runs shows nothing: the best of three counts.
func TestRun_takesNoLongerWhenThePrimaryHangsThanWhenItRefuses(t *testing.T) {
	p := oneWay(t)
	const most = 0.05
	for attempt := 1; ; attempt++ {
		hung, hanging := failoverOf(t, p, func(*cloud.Cloud) {})
		refused, refusing := failoverOf(t, p, func(c *cloud.Cloud) { c.Front.Refuse(p.Primary) })
		neverHome(t, p, hung)
		neverHome(t, p, refused)
		growth := hanging.Seconds()/refusing.Seconds() - 1
		t.Logf("the run took %s while the primary hung, %s while it refused: %+.1f %%", hanging, refusing, 100*growth)
		if growth <= most {
			return
		}
		if attempt == 3 {
			t.Fatalf("the run took %s while the primary hung and %s while it refused", hanging, refusing)
		}
	}
}
