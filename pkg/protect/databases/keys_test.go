package databases

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// triedIn are the calls about keys among others.
func triedIn(calls []string) []string {
	return slices.DeleteFunc(slices.Clone(calls), func(call string) bool {
		action, _, _ := strings.Cut(call, " ")
		return !slices.ContainsFunc(trials, func(trial string) bool { return strings.HasPrefix(trial, action+" ") })
	})
}

// switched turns a key of an alias off, or on.
func switched(t *testing.T, s *scene, region, alias string, on bool) {
	t.Helper()
	keys := kms.NewFromConfig(s.cloud.Config(region))
	key, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(alias)})
	s.must(err)
	if on {
		_, err = keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId})
	} else {
		_, err = keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
	}
	s.must(err)
}

func stopsAtItsOwnKey(s *scene) {
	t, bad, good := s.t, s.instance("bad", nil), s.instance("good", nil)
	bad.Policy.Key = "alias/gone"
	s.batch(bad, good)
	calls := s.batch(bad, good)
	if count(calls, "CopyDBSnapshot") != 1 || len(s.held(s.there)) != 1 {
		t.Errorf("%d copies after the calls %v", len(s.held(s.there)), calls)
	}
	for range 2 { // as often as it is asked
		result, calls := s.pass(bad)
		if result.Waiting != 1 || len(result.Problems) != 1 || count(calls, "CopyDBSnapshot") != 0 ||
			!strings.HasPrefix(result.Problems[0], "destination key alias/gone in us-west-2: there is no such key; make the alias there: aws kms create-alias") {
			t.Errorf("the one with the bad key: %+v, calls %v", result, calls)
		}
	}
	s.cloud.CreateKey(t, simulated.Recovery, "alias/gone")
	s.cloud.Refuse("CopyDBSnapshot", keyless, 0) // whatever the trials said
	if result, _ := s.pass(bad); result.Waiting != 1 || len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "cannot be encrypted in us-west-2 with alias/gone") {
		t.Errorf("refused its key: %+v", result)
	}
	s.cloud.Refuse("CopyDBSnapshot", "", 0)
	if result, _ := s.pass(bad); result.Copied != 1 || len(result.Problems) != 0 {
		t.Errorf("with its key: %+v", result)
	}
	s.jump(31 * time.Minute)
	s.pass(bad)
	if result, calls := s.pass(bad); result.Copied != 1 || len(triedIn(calls)) != 0 {
		t.Errorf("under a key that a copy has proved: %+v, calls %v", result, calls)
	}
}

func stopsAtItsSourceKey(s *scene) {
	t := s.t
	s.cloud.CreateKey(t, simulated.Primary, "alias/ledgers")
	in := s.instance("ledgers", func(in *rds.CreateDBInstanceInput) {
		in.StorageEncrypted, in.KmsKeyId = aws.Bool(true), aws.String("alias/ledgers")
	})
	plain := s.instance("plain", nil)
	s.batch(in, plain)
	switched(t, s, simulated.Primary, "alias/ledgers", false)
	if calls := s.batch(in, plain); count(calls, "CopyDBSnapshot") != 1 {
		t.Errorf("calls %v", calls)
	}
	result, calls := s.pass(in)
	if result.Waiting != 1 || len(result.Problems) != 1 || count(calls, "CopyDBSnapshot") != 0 || !strings.HasPrefix(result.Problems[0], "source key arn:aws:kms:us-east-1:") ||
		!strings.Contains(result.Problems[0], "in us-east-1: it is disabled; enable it: aws kms enable-key") {
		t.Errorf("with a source key that is off: %+v, calls %v", result, calls)
	}
	switched(t, s, simulated.Primary, "alias/ledgers", true)
	result, calls = s.pass(in)
	if diff := cmp.Diff(append(slices.Clone(trials), "DescribeKey us-east-1", "CreateGrant us-east-1"), triedIn(calls)); diff != "" || result.Copied != 1 {
		t.Errorf("with a source key that is on: %+v, trials (-want +got):\n%s", result, diff)
	}
}

func announcesAnotherKey(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	s.cloud.CreateKey(t, simulated.Recovery, "alias/other")
	cluster := s.cluster("cart")
	for range 2 {
		s.batch(in, cluster)
	}
	s.jump(31 * time.Minute)
	in.Policy.Key, cluster.Policy.Key = "alias/other", "alias/other"
	s.batch(in, cluster)
	result, _ := s.pass(in)
	want := []string{"the key of policy orders changed from alias/pilotlight to alias/other: the next copies are full, 1 database, 20 GiB"}
	if diff := cmp.Diff(want, result.Announced); diff != "" || result.Copied != 1 {
		t.Errorf("%+v, announced (-want +got):\n%s", result, diff)
	}
	// A copy of Aurora is a full one whatever its key.
	if result, _ := s.pass(cluster); result.Copied != 1 || len(result.Announced) != 0 {
		t.Errorf("of a cluster: %+v", result)
	}
}

func startsUnderKeysThatWork(s *scene) {
	t := s.t
	s.cloud.CreateKey(t, simulated.Primary, "alias/sales")
	in := s.instance("sales", func(in *rds.CreateDBInstanceInput) {
		in.StorageEncrypted, in.KmsKeyId = aws.Bool(true), aws.String("alias/sales")
	})
	in.Policy.Database.By, in.Policy.Key = plan.Backups, "alias/none"
	switched(t, s, simulated.Primary, "alias/sales", false)
	result, calls := s.pass(in)
	if len(result.Problems) != 2 || result.Copied != 0 || count(calls, "StartDBInstanceAutomatedBackupsReplication") != 0 ||
		!strings.HasPrefix(result.Problems[0], "destination key alias/none in us-west-2: there is no such key") ||
		!strings.Contains(result.Problems[1], "in us-east-1: it is disabled") {
		t.Errorf("under two keys that do not work: %+v, calls %v", result, calls)
	}
	switched(t, s, simulated.Primary, "alias/sales", true)
	s.cloud.CreateKey(t, simulated.Recovery, "alias/none")
	if result, _ := s.pass(in); result.Copied != 1 || len(result.Problems) != 0 {
		t.Errorf("under keys that work: %+v", result)
	}
	if _, calls := s.pass(in); len(triedIn(calls)) != 0 {
		t.Errorf("once it replicates: %v", calls)
	}
}
