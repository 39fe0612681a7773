package front

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
)

func TestCalls_areCountedByRole(t *testing.T) {
	f := start(t)
	newVolume(t, f, 1)
	parameters := ssm.NewFromConfig(as(f, "set-parameter", west))
	if _, err := parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/none")}); refusal(err) != "ParameterNotFound" {
		t.Errorf("GetParameter: %v", err)
	}
	must[*ssm.PutParameterOutput](t)(parameters.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/a"), Value: aws.String("b"), Type: "String"}))
	want := []Call{
		{Role: "set-parameter", Service: "ssm", Action: "GetParameter", Region: west, Count: 1, Errors: 1},
		{Role: "set-parameter", Service: "ssm", Action: "PutParameter", Region: west, Count: 1, Mutating: true},
		{Role: "tester", Service: "ec2", Action: "CreateVolume", Region: east, Count: 1, Mutating: true},
	}
	if diff := cmp.Diff(want, f.Calls()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if e, w, all := f.Mutations(east), f.Mutations(west), f.Mutations(""); e != 1 || w != 1 || all != 2 {
		t.Errorf("mutations: %d in the east, %d in the west, %d in all", e, w, all)
	}
}

func TestAnswer_isDatedInDataTime(t *testing.T) {
	f := start(t)
	pass(t, 1000*time.Hour)
	out := must[*ec2.DescribeVolumesOutput](t)(compute(f, east).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{}))
	at, ok := middleware.GetServerTime(out.ResultMetadata)
	if off := shared.clock.Now().Sub(at); !ok || off < 0 || off > 2*time.Second {
		t.Errorf("dated %v, %v behind", at, off)
	}
}

func TestUnimplemented_failsAtOnceAndIsNotTriedAgain(t *testing.T) {
	f := start(t)
	config := as(f, "tester", east)
	config.Retryer = func() aws.Retryer { return retry.NewStandard() }
	_, err := ec2.NewFromConfig(config).DescribeVolumeStatus(t.Context(), &ec2.DescribeVolumeStatusInput{})
	if refusal(err) != "NotImplemented" || !strings.Contains(err.Error(), "ec2 DescribeVolumeStatus") {
		t.Errorf("got %v", err)
	}
	if calls := f.Calls(); len(calls) != 1 || calls[0].Count != 1 {
		t.Errorf("audit: %+v", calls)
	}
}

func TestPages_holdEverythingOnce(t *testing.T) {
	f := start(t)
	want := map[string]bool{}
	for _, id := range newInstances(t, f, 12) {
		want[id] = true
	}
	pages, got := 0, map[string]bool{}
	for p := ec2.NewDescribeInstancesPaginator(compute(f, east), &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)}); p.HasMorePages(); pages++ {
		page := must[*ec2.DescribeInstancesOutput](t)(p.NextPage(t.Context()))
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				got[*i.InstanceId] = true
			}
		}
	}
	if pages != 3 || !cmp.Equal(got, want) {
		t.Errorf("%d pages with %d of %d instances", pages, len(got), len(want))
	}
	if all := instanceIDs(t, f, &ec2.DescribeInstancesInput{}); len(all) != 12 {
		t.Errorf("%d without MaxResults", len(all))
	}
	for _, in := range []*ec2.DescribeSnapshotsInput{{MaxResults: aws.Int32(4)}, {NextToken: aws.String("nonsense")}} {
		if _, err := compute(f, east).DescribeSnapshots(t.Context(), in); !strings.HasPrefix(refusal(err), "Invalid") {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

func TestCloudWatch_isUnderstoodInCBOR(t *testing.T) {
	f := start(t)
	client := cloudwatch.NewFromConfig(as(f, "tester", west))
	must[*cloudwatch.PutMetricAlarmOutput](t)(client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("checkout"), MetricName: aws.String("errors"), Namespace: aws.String("shop"), Statistic: cw.StatisticSum,
		ComparisonOperator: cw.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(3), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(2)}))
	must[*cloudwatch.SetAlarmStateOutput](t)(client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("checkout"), StateValue: cw.StateValueAlarm, StateReason: aws.String("test")}))
	out := must[*cloudwatch.DescribeAlarmsOutput](t)(client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"checkout"}}))
	a := out.MetricAlarms[0]
	if a.StateValue != cw.StateValueAlarm || *a.Threshold != 3 || *a.Period != 60 {
		t.Errorf("alarm: %+v", a)
	}
	for _, at := range []*time.Time{a.StateUpdatedTimestamp, a.StateTransitionedTimestamp} {
		if at == nil || shared.clock.Now().Sub(*at).Abs() > time.Minute {
			t.Errorf("state at %v", at)
		}
	}
	if _, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("none"), StateValue: cw.StateValueOk, StateReason: aws.String("test")}); refusal(err) != "ResourceNotFound" {
		t.Errorf("unknown alarm: %v", err)
	}
	if _, err := client.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("c"), AlarmRule: aws.String("ALARM(checkout)")}); refusal(err) != "NotImplemented" {
		t.Errorf("composite alarm: %v", err)
	}
}

func TestCloudWatch_keepsTimesAndNumbersOfData(t *testing.T) {
	f := start(t)
	client := cloudwatch.NewFromConfig(as(f, "tester", west))
	at := shared.clock.Now().Truncate(time.Minute)
	var data []cw.MetricDatum // enough to be compressed by the SDK
	for i := range 200 {
		data = append(data, cw.MetricDatum{MetricName: aws.String(fmt.Sprint("lag ", i)), Timestamp: &at, Value: aws.Float64(2.5), Unit: cw.StandardUnitSeconds})
	}
	must[*cloudwatch.PutMetricDataOutput](t)(client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("shop"), MetricData: data}))
	from, to := at.Add(-time.Hour), at.Add(time.Hour)
	statistics := must[*cloudwatch.GetMetricStatisticsOutput](t)(client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("shop"), MetricName: aws.String("lag 7"), StartTime: &from, EndTime: &to, Period: aws.Int32(60), Statistics: []cw.Statistic{cw.StatisticMaximum}}))
	if d := statistics.Datapoints; len(d) != 1 || *d[0].Maximum != 2.5 || !d[0].Timestamp.Equal(at) {
		t.Errorf("statistics: %+v", d)
	}
	series := must[*cloudwatch.GetMetricDataOutput](t)(client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to,
		MetricDataQueries: []cw.MetricDataQuery{{Id: aws.String("lag"), MetricStat: &cw.MetricStat{Period: aws.Int32(60), Stat: aws.String("Maximum"),
			Metric: &cw.Metric{Namespace: aws.String("shop"), MetricName: aws.String("lag 7")}}}}}))
	if r := series.MetricDataResults; len(r) != 1 || len(r[0].Values) != 1 || r[0].Values[0] != 2.5 || r[0].Timestamps[0].Sub(at).Abs() > time.Minute {
		t.Errorf("series: %+v", r)
	}
}

func TestIdentify_readsEveryProtocol(t *testing.T) {
	const signed = "AWS4-HMAC-SHA256 Credential=%s/20261122/%s/%s/aws4_request, SignedHeaders=host, Signature=0"
	cases := []struct {
		method, path, target, form string
		role, region, service      string
		want                       identity
	}{
		{"POST", "/", "", "Action=CopySnapshot", "copy-snapshots", west, "ec2", identity{"copy-snapshots", "ec2", "CopySnapshot", west}},
		{"POST", "/", "DynamoDB_20120810.PutItem", "", "decide", west, "dynamodb", identity{"decide", "dynamodb", "PutItem", west}},
		{"POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "", "", "r", west, "monitoring", identity{"r", "cloudwatch", "PutMetricData", west}},
		{"POST", "/2013-04-01/hostedzone/Z1/rrset/", "", "", "r", east, "route53", identity{"r", "route53", "ChangeResourceRecordSets", east}},
		{"GET", "/2013-04-01/healthcheck/1", "", "", "r", east, "route53", identity{"r", "route53", "GetHealthCheck", east}},
		{"POST", "/2015-03-31/functions/f/invocations", "", "", "machine", west, "lambda", identity{"machine", "lambda", "Invoke", west}},
		{"PUT", "/2015-03-31/event-source-mappings/u", "", "", "step", west, "lambda", identity{"step", "lambda", "UpdateEventSourceMapping", west}},
		{"GET", "/2015-03-31/event-source-mappings", "", "", "step", west, "lambda", identity{"step", "lambda", "ListEventSourceMappings", west}},
		{"DELETE", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Au", "", "", "step", west, "lambda", identity{"step", "lambda", "UntagResource", west}},
		{"PUT", "/schedules/s", "", "", "a/path/role", west, "scheduler", identity{"a/path/role", "scheduler", "UpdateSchedule", west}},
		{"PUT", "/bucket/key", "", "", "r", west, "s3", identity{"r", "s3", "PutObject", west}},
		{"GET", "/bucket?replication=", "", "", "r", west, "s3", identity{"r", "s3", "GetReplicationConfiguration", west}},
		{"PUT", "/bucket?versioning", "", "", "r", west, "s3", identity{"r", "s3", "PutBucketVersioning", west}},
		{"POST", "/", "ResourceGroupsTaggingAPI_20170126.GetResources", "", "r", west, "tagging", identity{"r", "tag", "GetResources", west}},
		{"POST", "/moto-api/reset", "", "", "", "", "", identity{"", "", "PostObject", ""}},
	}
	for _, c := range cases {
		r := httptest.NewRequest(c.method, c.path, nil)
		if c.role != "" {
			r.Header.Set("Authorization", fmt.Sprintf(signed, c.role, c.region, c.service))
		}
		if c.target != "" {
			r.Header.Set("X-Amz-Target", c.target)
		}
		form, _ := url.ParseQuery(c.form)
		if got := identify(r, form); got != c.want {
			t.Errorf("%s %s: %+v, want %+v", c.method, c.path, got, c.want)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add("POST", "/2013-04-01/hostedzone/Z1/rrset/", "AWS4-HMAC-SHA256 Credential=r/20261122/us-east-1/ec2/aws4_request", "X.Y")
	f.Add("", "//", "Credential=", ".")
	f.Fuzz(func(_ *testing.T, method, path, authorization, target string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Target", target)
		identify(r, nil)
	})
}

func TestMutating_isWhatIsNotARead(t *testing.T) {
	for action, want := range map[string]bool{"DescribeVolumes": false, "GetItem": false, "BatchGetItem": false, "TransactGetItems": false,
		"PutItem": true, "StartExecution": true, "SendTaskSuccess": true} {
		if got := mutating("any", action); got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
	if mutating("lambda", "Invoke") || mutating("sqs", "SendMessage") || mutating("sqs", "DeleteMessageBatch") {
		t.Error("what makes a function run is counted as a mutation")
	}
	if !mutating("sqs", "DeleteQueue") {
		t.Error("DeleteQueue is not counted as a mutation")
	}
}

func TestDurations_allHaveASource(t *testing.T) {
	for _, row := range Defaults().Table() {
		if row.Duration <= 0 || row.Source == "" {
			t.Errorf("%+v", row)
		}
	}
}
