package locks

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

const week = 7 * 24 * time.Hour

// scene is a region with snapshots that stand for copies.
type scene struct {
	*testing.T
	cloud  *simulated.Cloud
	region simulated.Workload
	pass   protect.Pass
	copies []lineage.Point
}

func newScene(t *testing.T, cloud *simulated.Cloud, copies int) *scene {
	s := &scene{T: t, cloud: cloud, region: cloud.Workload(t, simulated.Recovery)}
	s.pass.To.Region = simulated.Recovery
	s.pass.Policy.Lock = &plan.Lock{Mode: plan.Compliance, For: plan.Duration(week)}
	for range copies {
		s.copies = append(s.copies, s.copied())
	}
	cloud.Calls()
	return s
}

func (s *scene) copied() lineage.Point {
	s.Helper()
	volume, err := s.region.EC2.CreateVolume(s.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(simulated.Recovery + "a"), Size: aws.Int32(8)})
	if err != nil {
		s.Fatal(err)
	}
	made, err := s.region.EC2.CreateSnapshot(s.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	if err != nil {
		s.Fatal(err)
	}
	return lineage.Point{
		ID: aws.ToString(made.SnapshotId), Set: "set-" + aws.ToString(made.SnapshotId), Instance: "i-1", Origin: aws.ToString(volume.VolumeId),
		State: lineage.Complete, TakenAt: aws.ToTime(made.StartTime), Started: aws.ToTime(made.StartTime),
	}
}

// keep makes the call as a pass does, and answers what is held and the calls.
func (s *scene) keep() (Held, int, []string, error) {
	s.pass.Now = s.cloud.Clock.Now().UTC()
	s.cloud.Calls()
	held, waiting, err := Keep(s.Context(), s.region.EC2, s.pass, protect.Site{Region: simulated.Recovery}, s.copies)
	return held, waiting, s.cloud.Calls(), err
}

// deletes says what AWS answers who deletes a copy: an intruder, or retention.
func (s *scene) deletes(p lineage.Point) string {
	_, err := s.region.EC2.DeleteSnapshot(s.Context(), &ec2.DeleteSnapshotInput{SnapshotId: aws.String(p.ID)})
	return failure.Code(err)
}

func (s *scene) jump(d time.Duration) {
	s.Helper()
	if err := s.cloud.Clock.Jump(d); err != nil {
		s.Fatal(err)
	}
}

const listing, locking = "DescribeLockedSnapshots us-west-2", "LockSnapshot us-west-2"

func TestKeep(t *testing.T) {
	cloud := simulated.Start(t)
	t.Run("locks each usable copy once", func(t *testing.T) { locksOnce(newScene(t, cloud, 2)) })
	t.Run("leaves alone what need not last", func(t *testing.T) { leavesAlone(newScene(t, cloud, 4)) })
	t.Run("leaves the rest for later at a quota", func(t *testing.T) { waits(newScene(t, cloud, 3)) })
	t.Run("goes on after a copy that cannot be locked", func(t *testing.T) { goesOn(newScene(t, cloud, 2)) })
	t.Run("makes no call without a lock in the policy", func(t *testing.T) { callsNothing(newScene(t, cloud, 1)) })
	t.Run("locks nothing on the side that serves", func(t *testing.T) { turns(newScene(t, cloud, 2)) })
}

func locksOnce(s *scene) {
	held, waiting, calls, err := s.keep()
	if err != nil || waiting != 0 {
		s.Fatalf("waiting %d, error %v", waiting, err)
	}
	if diff := cmp.Diff([]string{listing, locking, locking}, calls); diff != "" {
		s.Errorf("calls (-want +got):\n%s", diff)
	}
	for _, p := range s.copies {
		if lasts := held[p.ID].Sub(s.pass.Now); lasts < week-time.Minute || lasts > week+time.Minute {
			s.Errorf("%s is locked for %s, want as long as the policy says", p.ID, lasts)
		}
		if code := s.deletes(p); code != "OperationNotPermitted" {
			s.Errorf("an intruder who deletes %s is answered %q", p.ID, code)
		}
	}
	again, _, calls, err := s.keep()
	if err != nil || len(calls) != 1 {
		s.Errorf("second pass: %v, error %v", calls, err)
	}
	for _, p := range s.copies {
		if again[p.ID].Sub(held[p.ID]).Abs() > time.Second {
			s.Errorf("%s is held until %s, and %s a pass later", p.ID, held[p.ID], again[p.ID])
		}
	}
	s.pass.Policy.Lock.For *= 9
	s.jump(week + time.Hour)
	held, _, calls, err = s.keep()
	if err != nil || len(calls) != 1 {
		s.Errorf("what was locked once is locked again when that is over: %v, error %v", calls, err)
	}
	for _, p := range s.copies {
		if _, ok := held[p.ID]; ok || s.deletes(p) != "" {
			s.Errorf("%s is held, or not deleted, after its lock", p.ID)
		}
	}
}

func leavesAlone(s *scene) {
	s.copies[0].State = lineage.Pending
	s.copies[1].SetSize = 2 // half a set
	s.copies[2].Retire = s.copies[2].TakenAt.Add(time.Hour)
	s.copies[3].Done = s.copies[3].TakenAt.Add(-week) // as old as its lock would be long
	held, _, calls, err := s.keep()
	if err != nil || len(calls) != 1 {
		s.Errorf("calls %v, error %v", calls, err)
	}
	for _, p := range s.copies {
		if _, ok := held[p.ID]; ok {
			s.Errorf("%+v is held", p)
		}
	}
}

func waits(s *scene) {
	s.cloud.Refuse("LockSnapshot", "RequestLimitExceeded", 1)
	held, waiting, _, err := s.keep()
	if err != nil || waiting != 2 || s.held(held) != 1 {
		s.Errorf("throttled: %d held, %d wait, error %v", s.held(held), waiting, err)
	}
	s.cloud.Refuse("LockSnapshot", "", 0)
	if held, waiting, _, err = s.keep(); err != nil || waiting != 0 || s.held(held) != 3 {
		s.Errorf("and again: %d held, %d wait, error %v", s.held(held), waiting, err)
	}
}

// held counts the scene's own: the region is shared.
func (s *scene) held(held Held) (n int) {
	for _, p := range s.copies {
		if _, ok := held[p.ID]; ok {
			n++
		}
	}
	return n
}

func goesOn(s *scene) {
	s.cloud.Refuse("LockSnapshot", "UnauthorizedOperation", 0)
	held, waiting, calls, err := s.keep()
	s.cloud.Refuse("LockSnapshot", "", 0)
	if err == nil || held == nil || waiting != 0 || len(calls) != 3 {
		s.Errorf("held %v, %d wait, calls %v, error %v", held, waiting, calls, err)
	}
	s.cloud.Refuse("DescribeLockedSnapshots", "UnauthorizedOperation", 0)
	held, _, calls, err = s.keep()
	s.cloud.Refuse("DescribeLockedSnapshots", "", 0)
	if err == nil || held != nil || len(calls) != 1 {
		s.Errorf("who cannot list knows %v after %v, error %v", held, calls, err)
	}
}

func callsNothing(s *scene) {
	s.pass.Policy.Lock = nil
	held, waiting, calls, err := s.keep()
	if err != nil || held == nil || len(held)+waiting+len(calls) != 0 {
		s.Errorf("held %v, %d wait, calls %v, error %v", held, waiting, calls, err)
	}
}

func turns(s *scene) {
	before, _, _, err := s.keep()
	if err != nil {
		s.Fatal(err)
	}
	s.copies = append(s.copies, s.copied())
	s.pass.To.Region = simulated.Primary // a failover: what was copied here is no copy of anything that serves
	held, _, calls, err := s.keep()
	if err != nil || len(calls) != 1 || s.held(held) != s.held(before) {
		s.Errorf("%d held, %d before, calls %v, error %v", s.held(held), s.held(before), calls, err)
	}
}

// paged answers one snapshot a page, which the simulator, that gives all at once,
// cannot show.
type paged []types.LockedSnapshotsInfo

func (p paged) DescribeLockedSnapshots(_ context.Context, in *ec2.DescribeLockedSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLockedSnapshotsOutput, error) {
	at := slices.IndexFunc(p, func(s types.LockedSnapshotsInfo) bool {
		return in.NextToken == nil || aws.ToString(s.SnapshotId) == aws.ToString(in.NextToken)
	})
	out := &ec2.DescribeLockedSnapshotsOutput{Snapshots: p[at : at+1]}
	if at+1 < len(p) {
		out.NextToken = p[at+1].SnapshotId
	}
	return out, nil
}

func (p paged) LockSnapshot(context.Context, *ec2.LockSnapshotInput, ...func(*ec2.Options)) (*ec2.LockSnapshotOutput, error) {
	return nil, errors.New("nothing is to be locked")
}

func TestKeep_readsEveryPage(t *testing.T) {
	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	info := func(id string, state types.LockState, until *time.Time) types.LockedSnapshotsInfo {
		return types.LockedSnapshotsInfo{SnapshotId: aws.String(id), LockState: state, LockExpiresOn: until}
	}
	region := paged{
		info("a", types.LockStateGovernance, &until), info("b", types.LockStateExpired, nil),
		info("c", types.LockStateComplianceCooloff, &until), info("d", types.LockStateCompliance, nil),
	}
	pass := protect.Pass{Now: until, Input: protect.Input{Policy: plan.Policy{Lock: &plan.Lock{Mode: plan.Governance, For: plan.Duration(week)}}}}
	var copies []lineage.Point
	for _, id := range []string{"a", "b", "c", "d"} {
		copies = append(copies, lineage.Point{ID: id, Instance: "i-1", Origin: id, State: lineage.Complete, Started: until})
	}
	held, _, err := Keep(t.Context(), region, pass, protect.Site{}, copies)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]time.Time{"a": until, "c": until, "d": {}}, maps.Collect(maps.All(held))); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
}
