package rehearsal_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/inspect"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const almanac = "testdata/almanac.yaml"

// storm is what goes wrong while recovery points are made.
type storm struct {
	killed atomic.Int32 // functions ended right after AWS had acted for them
	struck atomic.Int32 // faults that were answered
	sown   int32        // faults to be answered
}

// gather injects quota errors, throttles, lost answers and the end of functions
// right after a create or copy call, and loses every second event. The bus and the
// queues double events and messages anyway.
func (s *storm) gather(p *plan.Plan) func(*cloud.Cloud) {
	return func(c *cloud.Cloud) {
		kill := func(function string) func() {
			return func() { s.killed.Add(int32(c.Host.Kill(names.Function(p.Name, function)))) }
		}
		for _, fault := range []front.Fault{
			{Action: "CreateSnapshots", Code: "RequestLimitExceeded", Status: 503, Times: 2},
			{Action: "CreateSnapshots", Code: "InternalError", Status: 500, Times: 1, AfterActing: true, Then: kill("rotate-snapshots")},
			{Action: "CopySnapshot", Code: "ResourceLimitExceeded", Times: 5},
			{Action: "CopySnapshot", Code: "InternalError", Status: 500, Times: 1, AfterActing: true, Then: kill("rotate-snapshots")},
			{Action: "CopySnapshot", Code: "RequestLimitExceeded", Status: 503, Times: 3},
			{Action: "CreateImage", Code: "InternalError", Status: 500, Times: 1, AfterActing: true, Then: kill("refresh-images")},
			{Action: "CopyImage", Code: "ResourceLimitExceeded", Times: 2},
			{Action: "CopyImage", Code: "InternalError", Status: 500, Times: 1, AfterActing: true, Then: kill("refresh-images")},
			{Action: "CreateDBSnapshot", Code: "InternalFailure", Status: 500, Times: 1, AfterActing: true, Then: kill("protect-databases")},
			{Action: "CopyDBSnapshot", Code: "SnapshotQuotaExceeded", Times: 2},
			{Action: "CopyDBSnapshot", Code: "InternalFailure", Status: 500, Times: 1, AfterActing: true, Then: kill("protect-databases")},
			{Action: "StartDBInstanceAutomatedBackupsReplication", Code: "InternalFailure", Status: 500, Times: 1, AfterActing: true, Then: kill("protect-databases")},
		} {
			fault.Message = "injected"
			end := fault.Then
			fault.Then = func() {
				s.struck.Add(1)
				if end != nil {
					end()
				}
			}
			s.sown += int32(fault.Times)
			c.Front.Inject(fault)
		}
		c.Front.LoseEvents(2)
	}
}

// What is made under it is whole: every source comes back within its RPO, and
// nothing that Pilotlight made lacks its lineage.
func TestRun_protectsThroughQuotasCrashesAndLostEvents(t *testing.T) {
	p := load(t, almanac)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var weather storm
	looked := false
	_, err := rehearse(ctx, t, rehearsal.Options{Plan: p, Prepared: weather.gather(p), Before: func(c *cloud.Cloud) {
		defer enough()
		looked = true
		everythingIsProtected(t, p, c)
		for _, region := range []string{p.Primary, p.Recovery} {
			everySnapshotHasItsLineage(t, c, region)
			everyDatabaseSnapshotHasItsLineage(t, c, region)
		}
	}}, nil)
	if !looked {
		t.Fatalf("it came to no disaster: %v", err)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v, when it had shown enough", err)
	}
	if struck, killed := weather.struck.Load(), weather.killed.Load(); struck < weather.sown || killed < 7 {
		t.Errorf("%d of %d faults were answered, and %d functions ended in the middle of their work: too few to show anything", struck, weather.sown, killed)
	}
}

// standby is a plan's ledger as far as a look needs it.
type standby struct{ now time.Time }

func (s standby) State(_ context.Context, plan string) (run.State, time.Time, error) {
	return run.New(plan), s.now, nil
}
func (s standby) Pins(context.Context, string) (run.Pins, error) { return nil, nil }

func everythingIsProtected(t *testing.T, p *plan.Plan, c *cloud.Cloud) {
	passes, err := protect.OverviewOf(p).Begin(t.Context(), standby{c.Clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"tides": 2, "moons": 2, "press": 1, "scans": 1, "readers": 1, "ledger": 1, "plates": 1, "carts": 1}
	for _, pass := range passes {
		policy := pass.Policy
		sources, err := inspect.Sources(t.Context(), c.WithObjects("auditor", p.Recovery), pass)
		if err != nil || len(sources) != want[policy.Name] {
			t.Errorf("policy %s has %d sources, want %d, error %v", policy.Name, len(sources), want[policy.Name], err)
		}
		for _, source := range sources {
			if age := pass.Now.Sub(source.Newest); source.Newest.IsZero() || age > policy.RPO.D() {
				t.Errorf("%s of policy %s: newest usable point from %s, %s ago, RPO %s: %s", source.ID, policy.Name, source.Newest, age, policy.RPO, source.Problem)
			}
		}
	}
}

// foreign are snapshots that were there before: the base images' and another tool's.
func foreign(s types.Snapshot) bool {
	text := aws.ToString(s.Description)
	return text == "taken by another tool" || !strings.Contains(text, "Pilotlight") && !strings.Contains(text, "CreateImage") && !strings.Contains(text, "DestinationAmi")
}

func everySnapshotHasItsLineage(t *testing.T, c *cloud.Cloud, region string) {
	out, err := ec2.NewFromConfig(c.Upstream(region)).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, s := range out.Snapshots {
		if foreign(s) {
			continue
		}
		ours++
		tags := map[string]string{}
		for _, tag := range s.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if tags[lineage.Plan] == "" || tags[lineage.Policy] == "" || tags[lineage.Set] == "" && tags[lineage.Part] == "" {
			t.Errorf("%s in %s (%s) has the tags %v", aws.ToString(s.SnapshotId), region, aws.ToString(s.Description), tags)
		}
	}
	if ours == 0 {
		t.Errorf("no snapshot of Pilotlight's in %s", region)
	}
}

func everyDatabaseSnapshotHasItsLineage(t *testing.T, c *cloud.Cloud, region string) {
	out, err := rds.NewFromConfig(c.Upstream(region)).DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.DBSnapshots {
		tags := map[string]string{}
		for _, tag := range s.TagList {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if tags[lineage.Plan] == "" || tags[lineage.Policy] == "" {
			t.Errorf("%s in %s has the tags %v", aws.ToString(s.DBSnapshotIdentifier), region, tags)
		}
	}
	if len(out.DBSnapshots) == 0 {
		t.Errorf("no database snapshot in %s", region)
	}
}
