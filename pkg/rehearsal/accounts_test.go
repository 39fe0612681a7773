package rehearsal_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const vault = "testdata/vault.yaml"

func TestRun_recoversInAnAccountOfItsOwn(t *testing.T) {
	p := load(t, vault)
	r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: p, Before: func(c *cloud.Cloud) { anIntruderDeletesNoCopy(t, p, c) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.End != run.Recovered || !r.RPO.Within() || len(r.Leftovers) != 0 {
		t.Errorf("end %s, RPO %s, left over %q: %s", r.End, r.RPO.Measured(), r.Leftovers, r.Reason)
	}
	if _, problems := r.Verdict(); len(problems) != 1 { // it moves no traffic, so the RTO is not measured
		t.Errorf("problems: %q", problems)
	}
	acted := map[string]bool{}
	for _, call := range r.Calls {
		if call.Role == names.Source(p.Name) && call.Region != p.Primary {
			t.Errorf("the source role called %s:%s in %s", call.Service, call.Action, call.Region)
		}
		if call.Region == p.Primary && call.Mutating {
			acted[call.Role] = true
		}
	}
	if !acted[names.Source(p.Name)] || acted[names.Function(p.Name, "rotate-snapshots")] {
		t.Errorf("roles that changed something in the primary account: %v", acted)
	}
}

// An intruder has every right of the primary account, and sees no copy.
func anIntruderDeletesNoCopy(t *testing.T, p *plan.Plan, c *cloud.Cloud) {
	own, err := ec2.NewFromConfig(c.As("auditor", p.Recovery)).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"}, Filters: []types.Filter{{Name: aws.String("tag-key"), Values: []string{"pilotlight:source"}}}})
	if err != nil || len(own.Snapshots) == 0 {
		t.Fatalf("%v copies in the recovery account, error %v", own, err)
	}
	cfg := c.As("intruder", p.Recovery)
	cfg.Credentials = c.As(front.Key("intruder", p.Accounts.Primary), "us-east-1").Credentials
	intruder := ec2.NewFromConfig(cfg)
	for _, s := range own.Snapshots {
		if owner := aws.ToString(s.OwnerId); owner != p.Accounts.Recovery {
			t.Errorf("%s belongs to %s", aws.ToString(s.SnapshotId), owner)
		}
		_, err := intruder.DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: s.SnapshotId})
		if code := failure.Code(err); code != "InvalidSnapshot.NotFound" {
			t.Errorf("the intruder deletes %s: %v", aws.ToString(s.SnapshotId), err)
		}
	}
}
