package rehearsal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestRun_endsDirtyWhenAStepIsRefused(t *testing.T) {
	p := load(t, storefront)
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Before: func(c *cloud.Cloud) {
		c.Front.Inject(front.Fault{
			Role: names.Function(p.Name, "restore-volumes"), Service: "ec2", Action: "CreateVolume",
			Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403,
		})
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.End != run.Dirty || r.Posture != run.NeedsPerson {
		t.Errorf("end %s, posture %s", r.End, r.Posture)
	}
	want := map[string]report.Outcome{
		"fence": report.Done, "orders": report.Unfinished, "web": outcomes(r)["web"], "workers": report.Done, "restore-volumes": report.Failed,
		"set-parameter": report.Skipped, "verify": report.Skipped, "shift-traffic": report.Skipped,
	}
	if diff := cmp.Diff(want, outcomes(r)); diff != "" {
		t.Error(diff)
	}
	if web := outcomes(r)["web"]; web != report.Unfinished && web != report.Done {
		t.Errorf("the sibling branch with the web servers is %s", web)
	}
	ok, problems := r.Verdict()
	says := func(part string) bool {
		return slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, part) })
	}
	for _, part := range []string{
		"needs a person", "Step restore-volumes failed", "You are not authorized", "Step orders had begun and was not done",
		"The RTO was not measured: the shopper was not served again", "The RPO was not measured: 4 of 4 volumes of policy data",
	} {
		if ok || !says(part) {
			t.Errorf("the verdict (good: %t) does not say %q: %q", ok, part, problems)
		}
	}
	if len(r.Leftovers) != 0 {
		t.Errorf("left over: %q", r.Leftovers)
	}
}

func TestRun_endsAbortedWhenNothingCanBeRestored(t *testing.T) {
	p := automatic(load(t, archive))
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Unprotected: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.End != run.Aborted || r.Posture != run.Standby {
		t.Errorf("end %s, posture %s", r.End, r.Posture)
	}
	if diff := cmp.Diff(map[string]report.Outcome{"index": report.Skipped, "papers": report.Skipped}, outcomes(r)); diff != "" {
		t.Error(diff)
	}
	for _, policy := range []string{"index", "papers"} {
		if want := "policy " + policy + " has no usable recovery point"; !strings.Contains(r.Reason, want) {
			t.Errorf("the reason does not say %q: %s", want, r.Reason)
		}
	}
	for _, call := range r.Calls {
		ledgers := call.Service == "dynamodb"
		if stepRoles(p)[call.Role] && call.Mutating && !ledgers { // they only look, on their schedule, whether they would work
			t.Errorf("%s called %s:%s", call.Role, call.Service, call.Action)
		}
		if call.Role == names.Function(p.Name, "open-run") && call.Mutating && !ledgers {
			t.Errorf("open-run called %s:%s", call.Service, call.Action)
		}
	}
}

// The archive moves no traffic, restores two policies to the same instances, and
// is started by hand.
func TestRun_saysWhatItCouldNotMeasure(t *testing.T) {
	p := load(t, archive)
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, After: func(c *cloud.Cloud) { goesOn(t, p, c) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ok, problems := r.Verdict()
	want := []string{"The RTO was not measured: no step of the plan moves traffic."}
	if diff := cmp.Diff(want, problems); ok || diff != "" {
		t.Errorf("good: %t\n%s", ok, diff)
	}
	if r.End != run.Recovered || !r.RPO.Within() {
		t.Errorf("end %s, RPO %s", r.End, r.RPO.Measured())
	}
	byHand := func(d report.Duration) bool { return d.Name == "a person's decision to start" }
	if !slices.ContainsFunc(r.Modelled, byHand) {
		t.Errorf("the person who starts the run is not in %v", r.Modelled)
	}
}

// goesOn: what was recovered is protected from then on, with the same schedules and
// no deployment. Each restored volume is known by the tags of the one that it was
// made from. The primary region answers again; what had hung there is waited for.
func goesOn(t *testing.T, p *plan.Plan, c *cloud.Cloud) {
	t.Helper()
	c.Front.Heal(p.Primary)
	client := ec2.NewFromConfig(c.As("auditor", p.Recovery))
	deadline := c.Clock.Now().Add(3 * time.Hour) // a look at a region that hangs takes 25 s, which are 25 min here
	for {
		restored, err := client.DescribeVolumes(c.Gone, &ec2.DescribeVolumesInput{Filters: []types.Filter{
			{Name: aws.String("tag-key"), Values: []string{lineage.Run}}, {Name: aws.String("tag-key"), Values: []string{"role"}}}})
		if err != nil {
			t.Error(err)
			return
		}
		snapshots, err := client.DescribeSnapshots(c.Gone, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{
			{Name: aws.String("tag:" + lineage.Plan), Values: []string{p.Name}}}})
		if err != nil {
			t.Error(err)
			return
		}
		taken := map[string]bool{}
		for _, s := range snapshots.Snapshots {
			taken[aws.ToString(s.VolumeId)] = true
		}
		missing := 0
		for _, v := range restored.Volumes {
			if !taken[aws.ToString(v.VolumeId)] {
				missing++
			}
		}
		if len(restored.Volumes) > 0 && missing == 0 {
			return
		}
		if c.Clock.Now().After(deadline) {
			t.Errorf("of %d restored volumes %d have no recovery point after three hours", len(restored.Volumes), missing)
			return
		}
		if err := c.Clock.Wait(c.Gone, 30*time.Second); err != nil {
			t.Error(err)
			return
		}
	}
}

func TestRun_saysThatTheSimulatorDied(t *testing.T) {
	var died time.Time
	_, err := rehearse(t.Context(), t, rehearsal.Options{Plan: automatic(load(t, ledger))}, func(line string) {
		if line != "pending audit: " {
			return
		}
		for pid, command := range children(t) {
			if strings.Contains(command, "-m launcher") {
				died = time.Now()
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if died.IsZero() {
		t.Fatalf("the run came to no step: %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "the simulator") {
		t.Errorf("the simulator was killed, and the error is: %v", err)
	}
	if took := time.Since(died); took > 5*time.Second {
		t.Errorf("it took %s to notice and to end", took)
	}
}

func TestRun_endsWhenNobodyWantsItAnyMore(t *testing.T) {
	for _, moment := range []string{"building the application", "pending audit"} {
		t.Run(moment, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var at time.Time
			_, err := rehearse(ctx, t, rehearsal.Options{Plan: automatic(load(t, ledger))}, func(line string) {
				if strings.HasPrefix(line, moment) {
					at = time.Now()
					interrupt()
				}
			})
			if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "simulator") {
				t.Errorf("interrupted, and the error is: %v", err)
			}
			if took := time.Since(at); took > 5*time.Second {
				t.Errorf("it took %s to end", took)
			}
		})
	}
}

// automatic is the plan, started by one alarm.
func automatic(p *plan.Plan) *plan.Plan {
	p.Detect = plan.Detect{Mode: plan.Automatic, Alarms: []plan.Alarm{{Name: p.Name + "-down", Region: p.Recovery}}}
	return p
}
