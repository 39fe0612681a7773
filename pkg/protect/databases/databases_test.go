package databases

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// trials are the calls that a destination key is tried with, once for all policies.
var trials = []string{"DescribeKey us-west-2", "GenerateDataKeyWithoutPlaintext us-west-2", "GetCallerIdentity us-west-2", "CreateGrant us-west-2"}

var listings = []string{"DescribeDBSnapshots us-west-2", "DescribeDBSnapshots us-east-1", "DescribeDBInstances us-east-1"}

func TestProtection(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	for _, c := range []struct {
		name string
		test func(*scene)
	}{
		{"takes", takesAndCopies}, {"clusters", takesClusters}, {"quota", waitsForRoom}, {"twice", makesNothingTwice}, {"retires", retires},
		{"groups", mapsGroups}, {"key", stopsAtItsOwnKey}, {"source-key", stopsAtItsSourceKey}, {"other-key", announcesAnotherKey}, {"backup-keys", startsUnderKeysThatWork}, {"figures", needsFewCalls}, {"back", turnsRound}, {"accounts", crossesAccounts},
		{"gone", saysThatItIsGone}, {"blind", doesWhatItCan}, {"silent-there", goesOnWithoutTheOther}, {"silent-here", goesOnWithoutTheServing}, {"backups", replicatesBackups}, {"no-backups", saysWhyNot},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newScene(t, cloud)) })
	}
}

func takesAndCopies(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	result, calls := s.pass(in)
	if diff := cmp.Diff(protect.Result{Status: protect.Reconciled, Taken: 1, Copied: 0}, result); diff != "" {
		t.Errorf("first pass (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Concat(listings, []string{"CreateDBSnapshot us-east-1"}), calls); diff != "" {
		t.Errorf("calls of the first pass (-want +got):\n%s", diff)
	}
	result, calls = s.pass(in)
	if result.Copied != 1 || result.Taken != 0 {
		t.Errorf("second pass: %+v", result)
	}
	if diff := cmp.Diff(slices.Concat(listings, trials, []string{"CopyDBSnapshot us-west-2"}), calls); diff != "" {
		t.Errorf("calls of the second pass (-want +got):\n%s", diff)
	}
	checkCopy(s, in)
	result, calls = s.pass(in)
	if diff := cmp.Diff(protect.Result{Status: protect.Reconciled}, result); diff != "" {
		t.Errorf("third pass (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(listings, calls); diff != "" {
		t.Errorf("calls of the third pass (-want +got):\n%s", diff)
	}
	s.jump(29 * time.Minute)
	if result, _ = s.pass(in); result.Taken != 1 {
		t.Errorf("half an hour later: %+v", result)
	}
}

// checkCopy compares the one copy with its source.
func checkCopy(s *scene, in protect.Input) {
	s.t.Helper()
	sources, copies := s.held(s.here), s.held(s.there)
	if len(sources) != 1 || len(copies) != 1 {
		s.t.Fatalf("%d sources and %d copies", len(sources), len(copies))
	}
	from, to := instanceSnapshot(sources[0]), instanceSnapshot(copies[0])
	if !to.encrypted || to.id != from.id+"-from-us-east-1" || !to.crossed {
		s.t.Errorf("copy %+v", to)
	}
	if from.tags["team"] != "orders" || to.tags["team"] != "orders" {
		s.t.Errorf("the team's tags are lost: %v, %v", from.tags, to.tags)
	}
	got := to.point(simulated.Recovery)
	want := from.point(simulated.Recovery)
	want.ID, want.Source, want.Started, want.Key, want.Under = got.ID, from.arn, got.Started, got.Key, "alias/pilotlight"
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("copy (-want +got):\n%s", diff)
	}
	found := s.inspect(in)
	if !found.Newest.Equal(want.TakenAt) || found.Usable != 1 || found.GiB != 20 || found.Problem != "" {
		s.t.Errorf("inspected: %+v, want the data of %s", found, want.TakenAt)
	}
}

func takesClusters(s *scene) {
	t, in := s.t, s.cluster("cart")
	if result, _ := s.pass(in); result.Taken != 1 {
		t.Errorf("first pass: %+v", result)
	}
	result, calls := s.pass(in)
	if result.Copied != 1 || count(calls, "CopyDBClusterSnapshot") != 1 {
		t.Errorf("second pass: %+v, calls %v", result, calls)
	}
	result, calls = s.pass(in)
	if result.Copied+result.Taken != 0 || len(calls) != 3 {
		t.Errorf("third pass: %+v, calls %v", result, calls)
	}
	if found := s.inspect(in); found.Usable != 1 || found.Newest.IsZero() {
		t.Errorf("inspected: %+v", found)
	}
}

func waitsForRoom(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	s.cloud.Refuse("CreateDBSnapshot", "SnapshotQuotaExceeded", 0)
	result, _ := s.pass(in)
	s.cloud.Refuse("CreateDBSnapshot", "", 0)
	if result.Waiting != 1 || result.Taken != 0 || len(result.Problems) != 1 {
		t.Errorf("with no room for snapshots: %+v", result)
	}
	if result, _ = s.pass(in); result.Taken != 1 {
		t.Errorf("with room again: %+v", result)
	}
	for _, code := range []string{"SnapshotQuotaExceeded", "Throttling"} {
		s.cloud.Refuse("CopyDBSnapshot", code, 0)
		result, _ = s.pass(in)
		s.cloud.Refuse("CopyDBSnapshot", "", 0)
		if result.Waiting != 1 || result.Copied != 0 {
			t.Errorf("refused with %s: %+v", code, result)
		}
	}
	if result, _ = s.pass(in); result.Copied != 1 {
		t.Errorf("with slots again: %+v", result)
	}
}

// A function that was killed right after a call finds what the call made; and if
// the listing does not show it yet, RDS refuses to make it again.
func makesNothingTwice(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	s.pass(in)
	made := s.held(s.here)[0]
	_, err := s.here.RemoveTagsFromResource(t.Context(), &rds.RemoveTagsFromResourceInput{
		ResourceName: made.DBSnapshotArn, TagKeys: []string{lineage.Plan},
	})
	s.must(err)
	result, calls := s.pass(in)
	if result.Taken != 0 || result.Waiting != 1 || count(calls, "CreateDBSnapshot") != 1 {
		t.Errorf("not listed yet: %+v, calls %v", result, calls)
	}
	if left := s.held(s.here); len(left) != 0 {
		t.Errorf("%d more were made", len(left))
	}
	_, err = s.here.AddTagsToResource(t.Context(), &rds.AddTagsToResourceInput{
		ResourceName: made.DBSnapshotArn, Tags: tagList(map[string]string{lineage.Plan: s.plan}),
	})
	s.must(err)
	s.pass(in)
	if calls := s.batch(in, in, in); !cmp.Equal(calls, listings) {
		t.Errorf("calls of the same message three times: %v", calls)
	}
	if here, there := len(s.held(s.here)), len(s.held(s.there)); here != 1 || there != 1 {
		t.Errorf("%d snapshots and %d copies, want one of each", here, there)
	}
}

func retires(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	for range 3 {
		s.pass(in)
		s.pass(in)
		s.jump(31 * time.Minute)
	}
	s.pass(in) // sees that the last copy has arrived, and takes the fourth
	result, calls := s.pass(in)
	if result.Deleted != 0 || count(calls, "DeleteDBSnapshot") != 0 || len(s.held(s.here)) != 4 {
		t.Errorf("something was deleted before its grace was over: %+v", result)
	}
	marked := 0
	for _, snapshot := range slices.Concat(s.held(s.here), s.held(s.there)) {
		if tagMap(snapshot.TagList)[lineage.Retire] != "" {
			marked++
		}
	}
	if marked < 4 {
		t.Errorf("%d snapshots are marked, want those that newer ones follow", marked)
	}
	s.jump(25 * time.Hour)
	s.pass(in)
	s.pass(in)
	if here, there := len(s.held(s.here)), len(s.held(s.there)); here > 3 || there > 3 {
		t.Errorf("%d snapshots and %d copies are left", here, there)
	}
	found := s.inspect(in)
	if found.Usable == 0 || s.cloud.Clock.Now().Sub(found.Newest) > time.Hour {
		t.Errorf("inspected: %+v", found)
	}
}

func mapsGroups(s *scene) {
	t := s.t
	for _, client := range []*rds.Client{s.here, s.there} {
		for name, major := range map[string]string{"orders-audit": "8.0", "old-audit": "5.7"} {
			_, err := client.CreateOptionGroup(t.Context(), &rds.CreateOptionGroupInput{
				OptionGroupName: aws.String(name), EngineName: aws.String("mysql"), MajorEngineVersion: aws.String(major), OptionGroupDescription: aws.String("audit"),
			})
			s.must(err)
		}
	}
	_, err := s.there.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{
		DBParameterGroupName: aws.String("orders-tuned"), DBParameterGroupFamily: aws.String("mysql8.0"), Description: aws.String("tuned"),
	})
	s.must(err)
	in := s.instance("orders", func(in *rds.CreateDBInstanceInput) { in.OptionGroupName = aws.String("orders-audit") })
	result, _ := s.pass(in)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "option-group: orders-audit") {
		t.Errorf("without a mapping: %q", result.Problems)
	}
	in.Policy.Database.OptionGroup = "old-audit"
	result, _ = s.pass(in)
	if result.Copied != 1 || len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "is for mysql 5.7") {
		t.Errorf("with a wrong mapping: %+v", result)
	}
	in.Policy.Database.OptionGroup, in.Policy.Database.ParameterGroup = "orders-audit", "orders-tuned"
	s.jump(31 * time.Minute)
	s.pass(in)
	if result, _ = s.pass(in); result.Copied != 1 || len(result.Problems) != 0 {
		t.Errorf("with the right mapping: %+v", result)
	}
	copies := s.held(s.there)
	if newest := aws.ToString(copies[len(copies)-1].OptionGroupName); newest != "orders-audit" {
		t.Errorf("the copy has the option group %s", newest)
	}
	if found := s.inspect(in); found.Problem != "" {
		t.Errorf("inspected: %+v", found)
	}
	in.Policy.Database.ParameterGroup = "nobodys"
	if found := s.inspect(in); !strings.Contains(found.Problem, "no parameter group nobodys in us-west-2") {
		t.Errorf("inspected with a group that is not there: %+v", found)
	}
}

// Peers need 2.4 to 7.3 calls a database on the same simulator, and the least
// that could do is 2.15.
func needsFewCalls(s *scene) {
	t := s.t
	var inputs []protect.Input
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t") {
		inputs = append(inputs, s.instance(name, nil))
	}
	calls := slices.Concat(s.batch(inputs...), s.batch(inputs...))
	if got := triedIn(calls); !cmp.Equal(trials, got) {
		t.Errorf("their one key was tried with %v", got)
	}
	calls = calls[:len(calls)-len(trials)]
	if here, there := len(s.held(s.here)), len(s.held(s.there)); here != 20 || there != 20 {
		t.Fatalf("%d snapshots and %d copies of 20 databases", here, there)
	}
	each := float64(len(calls)) / 20
	t.Logf("%.2f calls a database", each)
	if each > 2.4 {
		t.Errorf("%.2f calls a database: %d in all", each, len(calls))
	}
	if quiet := s.batch(inputs...); !cmp.Equal(listings, quiet) {
		t.Errorf("a pass with nothing to do: %v", quiet)
	}
}

// What one listing does not say must not stop what the others do.
func doesWhatItCan(s *scene) {
	t, in := s.t, s.instance("orders", nil)
	s.pass(in)
	s.cloud.Refuse("DescribeDBInstances", "ServiceUnavailable", 0)
	defer s.cloud.Refuse("DescribeDBInstances", "", 0)
	s.cloud.Calls()
	_, err := New(s.cloud.Config("eu-central-1"), s.ledger).Handle(t.Context(), s.raw(in))
	if calls := s.cloud.Calls(); err == nil || count(calls, "CopyDBSnapshot") != 1 {
		t.Errorf("error %v, calls %v", err, calls)
	}
	found := s.inspect(in)
	if found.Usable != 1 || found.Newest.IsZero() || !strings.Contains(found.Problem, "us-east-1 cannot be asked") {
		t.Errorf("inspected: %+v", found)
	}
}

func saysThatItIsGone(s *scene) {
	in := s.instance("orders", nil)
	in.Policy.Database.Instance = "nobody"
	result, calls := s.pass(in)
	if len(result.Problems) != 1 || count(calls, "CreateDBSnapshot") != 0 {
		s.t.Errorf("result %+v, calls %v", result, calls)
	}
}
