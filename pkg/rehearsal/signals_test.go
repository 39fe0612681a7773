package rehearsal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Nobody raises an alarm: the probes' tries fail, the heartbeat stops, and the alarms
// on their metrics are a quorum that starts the run.
func TestRun_startsOnWhatTheProbesSeeAndTheHeartbeatThatIsMissed(t *testing.T) {
	var host *cloud.Cloud
	p := load(t, "testdata/beacon.yaml")
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Before: func(c *cloud.Cloud) { host = c }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.End != run.Recovered || len(r.Problems) > 0 {
		t.Errorf("ended %s: %s; %q", r.End, r.Reason, r.Problems)
	}
	for _, signal := range p.Signals().Alarms {
		if !strings.Contains(strings.Join(r.Notes, " "), "Alarm "+signal.Name+" in "+signal.Region+" went off ") {
			t.Errorf("no word of alarm %s in %s: %q", signal.Name, signal.Region, r.Notes)
		}
	}
	if noticed := r.DetectedAt.Sub(r.StruckAt); noticed < 3*time.Minute || noticed > 12*time.Minute {
		t.Errorf("detected after %s; want at least the time that tries must fail and the hold, and not much more", noticed)
	}
	t.Logf("detected after %s; %q", r.DetectedAt.Sub(r.StruckAt), r.Notes)
	probed(t, r, names.Function("beacon", "probe"), "eu-west-1")
	probed(t, r, names.Vantage("beacon", "eu-north-1"), "eu-north-1")
	for _, i := range host.Host.Invocations() {
		refused := strings.Contains(i.Error, string(failure.BadInput)) || strings.Contains(i.Error, string(failure.Permanent))
		if strings.HasPrefix(i.Function, names.Function("beacon", "probe")) && refused {
			t.Errorf("%s: %s", i.Function, i.Error)
		}
	}
}

// probed: a probe called AWS to publish, in its own region, and for nothing else.
func probed(t *testing.T, r *report.Report, role, region string) {
	t.Helper()
	published := 0
	for _, call := range r.Calls {
		if call.Role != role {
			continue
		}
		if call.Service != "cloudwatch" || call.Action != "PutMetricData" || call.Region != region || call.Outside {
			t.Errorf("%s called %s %s in %s", role, call.Service, call.Action, call.Region)
		}
		published += call.Count
	}
	if published < 5 {
		t.Errorf("%s published %d times", role, published)
	}
}
