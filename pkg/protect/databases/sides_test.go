package databases

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// recovered is the ledger of a plan whose recovery side serves.
type recovered struct{ *simulated.Cloud }

func (r recovered) State(ctx context.Context, plan string) (run.State, time.Time, error) {
	_, now, err := r.Cloud.State(ctx, plan)
	return run.State{Posture: run.Active, Side: run.RecoverySide}, now, err
}

func turnsRound(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	s.pass(in)
	s.pass(in)
	in.Policy.Database.Replica = s.plan + "-restored"
	_, err := s.there.RestoreDBInstanceFromDBSnapshot(t.Context(), &rds.RestoreDBInstanceFromDBSnapshotInput{
		DBInstanceIdentifier: aws.String(in.Policy.Database.Replica), DBSnapshotIdentifier: s.held(s.there)[0].DBSnapshotIdentifier,
	})
	s.must(err)
	s.ledger = recovered{s.cloud}
	in.Policy.Key = ""
	if result, calls := s.pass(in); result.Taken != 1 || calls[len(calls)-1] != "CreateDBSnapshot us-west-2" {
		t.Errorf("after a failover: %+v, calls %v", result, calls)
	}
	s.cloud.CreateKey(t, simulated.Primary, "alias/back")
	in.Policy.Key = "alias/back"
	if result, calls := s.pass(in); result.Copied != 1 || calls[len(calls)-1] != "CopyDBSnapshot us-east-1" {
		t.Errorf("and its copy: %+v, calls %v", result, calls)
	}
	in.Next = "eu-west-1"
	in.Policy.Key = ""
	if _, calls := s.pass(in); count(calls, "CopyDBSnapshot") != 1 || !strings.HasSuffix(calls[len(calls)-1], " eu-west-1") {
		t.Errorf("with a next region: calls %v", calls)
	}
}

// The functions' own account is the recovery one.
func crossesAccounts(s *scene) {
	t := s.t
	in := s.policy("orders", plan.Database{Instance: s.plan, By: plan.Snapshots})
	in.Accounts = &plan.Accounts{Primary: "444455556666", Recovery: "123456789012"}
	pass, err := protect.ProtectDatabases.Begin(t.Context(), s.ledger, s.raw(in))
	s.must(err)
	s.here = rds.NewFromConfig(access.At(s.cloud.Config(simulated.Recovery), pass.From))
	_, err = s.here.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(s.plan), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
	})
	s.must(err)
	s.pass(in)
	result, calls := s.pass(in)
	if result.Copied != 1 || count(calls, "ModifyDBSnapshotAttribute") != 1 {
		t.Errorf("result %+v, calls %v", result, calls)
	}
	sources, copies := s.held(s.here), s.held(s.there)
	if len(sources) != 1 || len(copies) != 1 || !strings.Contains(aws.ToString(copies[0].DBSnapshotArn), ":us-west-2:123456789012:") {
		t.Errorf("sources %+v, copies %+v", sources, copies)
	}
	in.Policy.Database.By = plan.Backups
	if found := s.inspect(in); !strings.Contains(found.Problem, "by: snapshots") {
		t.Errorf("inspected with backups: %+v", found)
	}
}

func replicatesBackups(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	in.Policy.Database.By, in.Policy.Key = plan.Backups, ""
	if found := s.inspect(in); !strings.Contains(found.Problem, "not replicated to us-west-2") || found.Usable != 0 {
		t.Errorf("inspected before: %+v", found)
	}
	result, calls := s.pass(in)
	if result.Copied != 1 || count(calls, "StartDBInstanceAutomatedBackupsReplication") != 1 {
		t.Errorf("first pass: %+v, calls %v", result, calls)
	}
	for range 2 {
		if result, calls = s.pass(in); result.Copied != 0 || len(calls) != 2 || len(result.Problems) != 0 {
			t.Errorf("second pass: %+v, calls %v", result, calls)
		}
	}
	s.jump(time.Hour)
	found := s.inspect(in)
	if age := s.cloud.Clock.Now().Sub(found.Newest); found.Usable != 1 || age < 4*time.Minute || age > 6*time.Minute || found.Problem != "" {
		t.Errorf("inspected an hour later: %+v, age %s", found, age)
	}
	in.Policy.Keep.Within = plan.Duration(14 * 24 * time.Hour)
	if result, calls = s.pass(in); len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "kept for 7 days, and the policy says 14") || len(calls) != 2 {
		t.Errorf("with another retention: %+v, calls %v", result, calls)
	}
	in.Policy.Keep.Within = 0
	listed, err := s.here.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(in.Policy.Database.Instance)})
	s.must(err)
	_, err = s.there.StopDBInstanceAutomatedBackupsReplication(t.Context(), &rds.StopDBInstanceAutomatedBackupsReplicationInput{SourceDBInstanceArn: listed.DBInstances[0].DBInstanceArn})
	s.must(err)
	if found := s.inspect(in); found.Usable != 1 || !strings.Contains(found.Problem, "not replicated") {
		t.Errorf("inspected after it was stopped: %+v", found)
	}
	if result, _ = s.pass(in); result.Copied != 1 || len(result.Problems) != 1 {
		t.Errorf("after it was stopped: %+v", result)
	}
}

func saysWhyNot(s *scene) {
	t := s.t
	off := s.instance("off", func(in *rds.CreateDBInstanceInput) { in.BackupRetentionPeriod = aws.Int32(0) })
	off.Policy.Database.By = plan.Backups
	result, calls := s.pass(off)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "automated backups of") || len(calls) != 2 {
		t.Errorf("with backups off: %+v, calls %v", result, calls)
	}
	s.cloud.CreateKey(t, simulated.Primary, "alias/orders")
	secret := s.instance("secret", func(in *rds.CreateDBInstanceInput) {
		in.StorageEncrypted, in.KmsKeyId = aws.Bool(true), aws.String("alias/orders")
	})
	secret.Policy.Database.By = plan.Backups
	if result, _ := s.pass(secret); result.Copied != 1 {
		t.Errorf("encrypted: %+v", result)
	}
	old := s.instance("old", nil)
	old.Policy.Database.By = plan.Backups
	for code, want := range map[string]string{
		"InvalidParameterValue":    "by: snapshots",
		"StorageTypeNotSupported":  "by: snapshots",
		"KMSKeyNotAccessibleFault": "cannot be encrypted",
	} {
		s.cloud.Refuse("StartDBInstanceAutomatedBackupsReplication", code, 0)
		result, _ = s.pass(old)
		if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], want) {
			t.Errorf("refused with %s: %+v", code, result)
		}
	}
	s.cloud.Refuse("StartDBInstanceAutomatedBackupsReplication", "DBInstanceAutomatedBackupQuotaExceeded", 0)
	result, _ = s.pass(old)
	s.cloud.Refuse("StartDBInstanceAutomatedBackupsReplication", "", 0)
	if result.Waiting != 1 {
		t.Errorf("at the quota: %+v", result)
	}
}
