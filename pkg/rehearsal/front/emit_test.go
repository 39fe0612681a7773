package front

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// listen sends a region's EC2 events to a queue; heard takes n of them from
// it, or what there is after a while. It answers what they say.
func listen(t *testing.T, f *Front, region string) (heard func(n int) []string) {
	t.Helper()
	tell := func(service, target, body string) string {
		out := must[[]byte](t)(f.upstream.tell(t.Context(), place{region: region}, service, target, []byte(body)))
		return string(out)
	}
	queue := decoded(t, tell("sqs", "AmazonSQS.CreateQueue", `{"QueueName":"heard"}`))["QueueUrl"]
	tell("events", "AWSEvents.PutRule", `{"Name":"all","EventPattern":"{\"source\":[\"aws.ec2\"]}"}`)
	tell("events", "AWSEvents.PutTargets", `{"Rule":"all","Targets":[{"Id":"1","Arn":"arn:aws:sqs:`+region+`:123456789012:heard"}]}`)
	return func(n int) []string {
		details := []string{}
		for until := time.Now().Add(10 * time.Second); len(details) < n && time.Now().Before(until); {
			out := tell("sqs", "AmazonSQS.ReceiveMessage", fmt.Sprintf(`{"QueueUrl":%q,"MaxNumberOfMessages":10}`, queue))
			for _, m := range decodedMessages(t, out) {
				event := decoded(t, m)
				if event["source"] != "aws.ec2" || event["region"] != region || event["account"] != "123456789012" {
					t.Errorf("event: %s", m)
				}
				detail := event["detail"].(map[string]any)
				details = append(details, fmt.Sprint(event["detail-type"], " ", detail["event"], " ", detail["State"]))
			}
		}
		slices.Sort(details)
		return details
	}
}

func decodedMessages(t *testing.T, s string) (bodies []string) {
	t.Helper()
	var got struct{ Messages []struct{ Body string } }
	if err := json.Unmarshal([]byte(s), &got); err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Messages {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

func TestSettle_announcesOnceWhatIsReady(t *testing.T) {
	f := start(t)
	heardEast, heardWest := listen(t, f, east), listen(t, f, west)
	source := newSnapshot(t, f, 1)
	settle(t, f)
	settle(t, f)
	if got := heardEast(1); !cmp.Equal(got, []string{"EBS Snapshot Notification createSnapshot <nil>"}) {
		t.Errorf("for a snapshot: %q", got)
	}
	must[string](t)(copyTo(t, f, west, source))
	settle(t, f)
	before := f.Changes(west)
	pass(t, 5*time.Minute)
	settle(t, f)
	if got := heardWest(1); !cmp.Equal(got, []string{"EBS Snapshot Notification copySnapshot <nil>"}) || f.Changes(west) != before+1 {
		t.Errorf("for a copy: %q; changes %d → %d", got, before, f.Changes(west))
	}
	if at, some := f.NextDue(); some {
		t.Errorf("due at %v though all is settled", at)
	}
}

func TestSettle_announcesNothingInAStruckRegion(t *testing.T) {
	f := start(t)
	heard := listen(t, f, east)
	newSnapshot(t, f, 1)
	f.Strike(east)
	settle(t, f)
	f.Heal(east)
	settle(t, f)
	newSnapshot(t, f, 1)
	settle(t, f)
	if got := heard(1); len(got) != 1 {
		t.Errorf("heard %q", got)
	}
}

func TestSettle_announcesASetOnceAndAnImageWithoutItsDisks(t *testing.T) {
	f := start(t)
	heard := listen(t, f, east)
	id := newInstances(t, f, 1)[0]
	pass(t, time.Minute)
	must[*ec2.CreateSnapshotsOutput](t)(compute(f, east).CreateSnapshots(t.Context(),
		&ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: &id}}))
	must[*ec2.CreateImageOutput](t)(compute(f, east).CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: &id, Name: aws.String("web")}))
	pass(t, time.Hour)
	settle(t, f)
	if got := heard(2); !cmp.Equal(got, []string{"EBS Multi-Volume Snapshots Completion Status createSnapshots <nil>", "EC2 AMI State Change <nil> available"}) {
		t.Errorf("heard %q", got)
	}
}

// The texts are those of AWS's pages, with ids of our own:
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
func TestNotice_readsAsAWSDocumentsIt(t *testing.T) {
	began := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	of := func(k kind, region, id string) thing {
		return thing{key: key{k, region, id}, began: began, ready: began.Add(5 * time.Minute)}
	}
	created := of(snapshot, east, "snap-1")
	created.source = "vol-1"
	copy := of(copied, west, "snap-2")
	copy.source, copy.sourceRegion = "snap-1", east
	failed := copy
	failed.failure = "Given key ID is not accessible"
	multi := of(set, east, "snap-1")
	multi.parts = []string{"snap-1", "vol-1", "snap-3", "vol-3"}
	times := `"startTime":"2026-11-22T10:00:00Z","endTime":"2026-11-22T10:05:00Z"`
	cases := []struct {
		of               thing
		detailType, want string
		resources        []string
	}{
		{created, "EBS Snapshot Notification", `{"event":"createSnapshot","result":"succeeded","cause":"","request-id":"",
			"snapshot_id":"arn:aws:ec2::us-east-1:snapshot/snap-1","source":"arn:aws:ec2::us-east-1:volume/vol-1",` + times + `}`,
			[]string{"arn:aws:ec2::us-east-1:snapshot/snap-1"}},
		{copy, "EBS Snapshot Notification", `{"event":"copySnapshot","result":"succeeded","cause":"","request-id":"",
			"snapshot_id":"arn:aws:ec2::us-west-2:snapshot/snap-2","source":"arn:aws:ec2::us-east-1:snapshot/snap-1",` + times + `,
			"incremental":"true","transferType":"standard"}`, []string{"arn:aws:ec2::us-west-2:snapshot/snap-2"}},
		{failed, "EBS Snapshot Notification", `{"event":"copySnapshot","result":"failed","cause":"Given key ID is not accessible","request-id":"",
			"snapshot_id":"arn:aws:ec2::us-west-2:snapshot/snap-2","source":"arn:aws:ec2::us-east-1:snapshot/snap-1",` + times + `,
			"incremental":"true","transferType":"standard"}`, []string{"arn:aws:ec2::us-west-2:snapshot/snap-2"}},
		{multi, "EBS Multi-Volume Snapshots Completion Status", `{"event":"createSnapshots","result":"succeeded","cause":"","request-id":"",` + times + `,
			"snapshots":[{"snapshot_id":"arn:aws:ec2::us-east-1:snapshot/snap-1","source":"arn:aws:ec2::us-east-1:volume/vol-1","status":"completed"},
			{"snapshot_id":"arn:aws:ec2::us-east-1:snapshot/snap-3","source":"arn:aws:ec2::us-east-1:volume/vol-3","status":"completed"}]}`,
			[]string{"arn:aws:ec2::us-east-1:snapshot/snap-1", "arn:aws:ec2::us-east-1:snapshot/snap-3"}},
		{of(image, east, "ami-1"), "EC2 AMI State Change", `{"ImageId":"ami-1","State":"available","ErrorMessage":""}`,
			[]string{"arn:aws:ec2:us-east-1::image/ami-1"}},
	}
	for _, c := range cases {
		n, has := noticeOf(c.of)
		if !has || n.DetailType != c.detailType || n.Source != "aws.ec2" || !cmp.Equal(n.Resources, c.resources) {
			t.Errorf("%s: %+v", c.of.kind, n)
		}
		got, want := decoded(t, n.Detail), decoded(t, c.want)
		delete(got, "RequestId")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.of.kind, diff)
		}
	}
	if _, has := noticeOf(of(volume, east, "vol-1")); has {
		t.Error("a volume's creation is announced")
	}
}

func decoded(t *testing.T, s string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
