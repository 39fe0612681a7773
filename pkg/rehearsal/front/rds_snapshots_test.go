package front

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

func snapshotDatabase(t *testing.T, f *Front, id string) (arn string, err error) {
	t.Helper()
	out, err := databases(f, east).CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{DBInstanceIdentifier: aws.String("orders"), DBSnapshotIdentifier: &id})
	if err != nil {
		return "", err
	}
	return *out.DBSnapshot.DBSnapshotArn, nil
}

func copyDatabase(t *testing.T, f *Front, arn, id string) error {
	t.Helper()
	_, err := databases(f, west).CopyDBSnapshot(t.Context(), &rds.CopyDBSnapshotInput{
		SourceDBSnapshotIdentifier: &arn, SourceRegion: aws.String(east), TargetDBSnapshotIdentifier: &id})
	return err
}

// snapshotStatus: of what is done, moto has no progress.
func snapshotStatus(t *testing.T, f *Front, region, id string) string {
	t.Helper()
	out := must[*rds.DescribeDBSnapshotsOutput](t)(databases(f, region).DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &id}))
	return fmt.Sprintf("%s at %d %%", *out.DBSnapshots[0].Status, aws.ToInt32(out.DBSnapshots[0].PercentProgress))
}

func TestDatabaseSnapshot_takesItsTimeAndItsCopyToo(t *testing.T) {
	f := start(t)
	newReplica(t, f)
	source := must[string](t)(snapshotDatabase(t, f, "first"))
	pass(t, time.Minute)
	if got := snapshotStatus(t, f, east, "first"); got != "creating at 20 %" {
		t.Errorf("a minute later: %s", got)
	}
	if _, err := snapshotDatabase(t, f, "second"); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("a second one while the first is made: %v", err)
	}
	if err := copyDatabase(t, f, source, "copy"); refusal(err) != "InvalidDBSnapshotState" {
		t.Errorf("a copy of what is not there: %v", err)
	}
	pass(t, 5*time.Minute)
	if got := snapshotStatus(t, f, east, "first"); got != "available at 0 %" {
		t.Errorf("once it is made: %s", got)
	}
	for i := range databaseCopies {
		if err := copyDatabase(t, f, source, fmt.Sprintf("copy-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyDatabase(t, f, source, "one-more"); refusal(err) != "SnapshotQuotaExceeded" {
		t.Errorf("one copy more than there are slots: %v", err)
	}
	if got := snapshotStatus(t, f, west, "copy-0"); got != "copying at 0 %" {
		t.Errorf("a copy: %s", got)
	}
	pass(t, 11*time.Minute)
	if got := snapshotStatus(t, f, west, "copy-0"); got != "available at 0 %" {
		t.Errorf("a copy that has arrived: %s", got)
	}
	if err := copyDatabase(t, f, source, "one-more"); err != nil {
		t.Errorf("with slots again: %v", err)
	}
}

func TestDatabaseNotice_saysWhatIsReady(t *testing.T) {
	for arn, want := range map[string][2]string{
		"arn:aws:rds:us-east-1:123456789012:snapshot:first":          {"RDS DB Snapshot Event", "RDS-EVENT-0042"},
		"arn:aws:rds:us-west-2:123456789012:snapshot:copy":           {"RDS DB Snapshot Event", "RDS-EVENT-0060"},
		"arn:aws:rds:us-east-1:123456789012:cluster-snapshot:second": {"RDS DB Cluster Snapshot Event", "RDS-EVENT-0075"},
	} {
		t.Run(want[1], func(t *testing.T) {
			thing := thing{key: key{databaseSnapshot, east, arn}}
			if want[1] == "RDS-EVENT-0060" {
				thing.kind = databaseCopy
			}
			n, has := noticeOf(thing)
			var detail struct{ EventID, SourceArn string }
			if err := json.Unmarshal([]byte(n.Detail), &detail); err != nil || !has {
				t.Fatal(err)
			}
			if n.Source != "aws.rds" || n.DetailType != want[0] || detail.EventID != want[1] || detail.SourceArn != arn {
				t.Errorf("notice %+v", n)
			}
		})
	}
}
