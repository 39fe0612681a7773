package publisher

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/probe"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// minutes are what an alarm would see of a metric: all its values of the last hour.
func minutes(t *testing.T, cfg aws.Config, now time.Time, metric string) types.Datapoint {
	t.Helper()
	out, err := cloudwatch.NewFromConfig(cfg).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Pilotlight/storefront/probe"), MetricName: aws.String(metric),
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)), Period: aws.Int32(7200),
		Statistics: []types.Statistic{types.StatisticAverage, types.StatisticSampleCount, types.StatisticMinimum, types.StatisticMaximum},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Datapoints) == 0 {
		return types.Datapoint{Average: aws.Float64(0), SampleCount: aws.Float64(0), Minimum: aws.Float64(0), Maximum: aws.Float64(0)}
	}
	return out.Datapoints[0]
}

func TestPublish_givesAnAlarmAValueATry(t *testing.T) {
	a, f := simulated.Fresh(t)
	caller := &simulated.Caller{}
	cfg := (&simulated.Caller{}).Config(a, f, "us-west-2")
	err := New(caller.On(cfg)).Publish(t.Context(), "storefront", []probe.Try{
		{Reached: true, Seconds: 0.25, CertificateDays: 30}, {Seconds: 5}, {Reached: true, Seconds: 0.75, CertificateDays: 29.5}, {Seconds: 5},
	})
	if err != nil || caller.Calls != 1 {
		t.Fatalf("%v after %d calls; want one", err, caller.Calls)
	}
	for metric, want := range map[string][3]float64{ // values, lowest, highest
		probe.Reached: {4, 0, 1}, probe.Seconds: {2, 0.25, 0.75}, probe.CertificateDays: {1, 29.5, 29.5},
	} {
		got := minutes(t, cfg, a.Clock.Now(), metric)
		if *got.SampleCount != want[0] || *got.Minimum != want[1] || *got.Maximum != want[2] {
			t.Errorf("%s: %v values from %v to %v; want %v", metric, *got.SampleCount, *got.Minimum, *got.Maximum, want)
		}
	}
	if got := *minutes(t, cfg, a.Clock.Now(), probe.Reached).Average; got != 0.5 {
		t.Errorf("%v of the tries reached; want half", got)
	}
}

func TestPublish_leavesOutWhatNoTryCouldMeasure(t *testing.T) {
	a, f := simulated.Fresh(t)
	cfg := (&simulated.Caller{}).Config(a, f, "us-west-2")
	if err := New(cfg).Publish(t.Context(), "storefront", []probe.Try{{Seconds: 5}, {Seconds: 5}, {Seconds: 5}}); err != nil {
		t.Fatal(err)
	}
	if got := minutes(t, cfg, a.Clock.Now(), probe.Reached); *got.SampleCount != 3 || *got.Average != 0 {
		t.Errorf("%v values of %v; want 3 of 0", *got.SampleCount, *got.Average)
	}
	for _, metric := range []string{probe.Seconds, probe.CertificateDays} {
		if got := minutes(t, cfg, a.Clock.Now(), metric); *got.SampleCount != 0 {
			t.Errorf("%s has %v values", metric, *got.SampleCount)
		}
	}
}

func TestPublish_saysWhatAWSRefuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte("\xa1\x66__type\x6cAccessDenied")) // {"__type": "AccessDenied"} in CBOR
	}))
	defer server.Close()
	err := New(aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), HTTPClient: whole.Client,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}).Publish(t.Context(), "storefront", []probe.Try{{Reached: true}})
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "storefront") {
		t.Errorf("%v; want the refusal, and of which plan", err)
	}
}
