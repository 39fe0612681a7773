package databases

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

const (
	silentOther   = "us-east-1 does not answer: what is missing there is not copied, and nothing is retired; the next pass tries again"
	silentServing = "us-east-1 does not answer: nothing there is taken, copied or retired; the next pass tries again"
)

// try makes the passes of a batch for a caller who does not wait long.
func (s *scene) try(inputs ...protect.Input) protect.Answer {
	s.t.Helper()
	answer, err := New(s.cloud.Impatient("eu-central-1"), s.ledger).Handle(s.t.Context(), s.messages(inputs...))
	s.must(err)
	return answer
}

// only makes one pass for such a caller.
func (s *scene) only(in protect.Input) (protect.Result, error) {
	answer, err := New(s.cloud.Impatient("eu-central-1"), s.ledger).Handle(s.t.Context(), s.raw(in))
	return *answer.Result, err
}

// After a failover the primary region may be gone for weeks: the database that
// serves is snapshotted all the same, and no message comes back.
func goesOnWithoutTheOther(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	in.Policy.Key = ""
	s.pass(in)
	s.pass(in)
	in.Policy.Database.Replica = s.plan + "-restored"
	_, err := s.there.RestoreDBInstanceFromDBSnapshot(t.Context(), &rds.RestoreDBInstanceFromDBSnapshotInput{
		DBInstanceIdentifier: aws.String(in.Policy.Database.Replica), DBSnapshotIdentifier: s.held(s.there)[0].DBSnapshotIdentifier,
	})
	s.must(err)
	s.ledger = recovered{s.cloud}
	s.cloud.Hang(simulated.Primary, true)
	defer s.cloud.Hang(simulated.Primary, false)
	if result, err := s.only(in); err != nil || result.Taken != 1 || !slices.Equal(result.Problems, []string{silentOther}) {
		t.Errorf("first pass: %+v, error %v", result, err)
	}
	if result, err := s.only(in); err != nil || result.Taken != 0 || result.Waiting != 1 {
		t.Errorf("second pass: %+v, error %v", result, err)
	}
	backups := in
	backups.Policy.Database = &plan.Database{Instance: in.Policy.Database.Instance, Replica: in.Policy.Database.Replica}
	if result, err := s.only(backups); err != nil || !slices.Equal(result.Problems, []string{silentOther}) {
		t.Errorf("by backups: %+v, error %v", result, err)
	}
	backups.Policy.Name = "backups"
	if answer := s.try(in, backups); answer.Failed == nil || len(answer.Failed) != 0 {
		t.Errorf("failed messages %v", answer.Failed)
	}
	s.cloud.Hang(simulated.Recovery, true)
	defer s.cloud.Hang(simulated.Recovery, false)
	if answer := s.try(in, backups); len(answer.Failed) != 2 {
		t.Errorf("with both regions silent, failed messages %v", answer.Failed)
	}
}

// Between a disaster and the failover, what has arrived is retired.
func goesOnWithoutTheServing(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	for range 3 {
		s.pass(in)
		s.pass(in)
		s.jump(31 * time.Minute)
	}
	in.Policy.RPO = plan.Duration(96 * time.Hour) // while it is broken, one more would stay
	s.cloud.Hang(simulated.Primary, true)
	defer s.cloud.Hang(simulated.Primary, false)
	result, err := s.only(in)
	if err != nil || result.Marked == 0 || result.Taken+result.Copied != 0 || !slices.Equal(result.Problems, []string{silentServing}) {
		t.Errorf("result %+v, error %v", result, err)
	}
	s.jump(25 * time.Hour)
	if result, err := s.only(in); err != nil || result.Deleted == 0 {
		t.Errorf("a day later: %+v, error %v", result, err)
	}
	in.Policy.Database.By = plan.Backups
	if result, err := s.only(in); err != nil || !slices.Equal(result.Problems, []string{silentServing}) {
		t.Errorf("by backups: %+v, error %v", result, err)
	}
}
