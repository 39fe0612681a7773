package internet

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
)

// startAWS runs the simulator, the front and the internet on one clock.
func startAWS(t *testing.T) (*Internet, *url.URL) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clock")
	c, err := clock.New(file, 60)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := simulator.Start(t.Context(), simulator.Options{
		Python: python(t), ClockFile: file, FrontPort: listener.Addr().(*net.TCPAddr).Port,
	})
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	f := front.New(front.Options{Listener: listener, Upstream: upstream, Clock: c})
	endpoint, err := url.Parse(f.URL())
	if err != nil {
		t.Fatal(err)
	}
	i, err := Start(Options{Clock: c, Route53: upstream, CloudWatch: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, end := range []func() error{i.Close, f.Close, s.Close, c.Close} {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
	})
	return i, endpoint
}

func TestHealthCheck_followsTheDataStreamOfItsAlarm(t *testing.T) {
	i, endpoint := startAWS(t)
	who := credentials.NewStaticCredentialsProvider("test", "test", "")
	metrics := cloudwatch.New(cloudwatch.Options{Region: "us-west-2", BaseEndpoint: aws.String(endpoint.String()), Credentials: who})
	names := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String(endpoint.String()), Credentials: who})
	if _, err := metrics.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("shop-serves"), Namespace: aws.String("Pilotlight/shop"), MetricName: aws.String("PrimaryServes"),
		Statistic: cwtypes.StatisticMinimum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorLessThanThreshold,
	}); err != nil {
		t.Fatal(err)
	}
	check, err := names.CreateHealthCheck(t.Context(), &sdk.CreateHealthCheckInput{
		CallerReference: aws.String("shop"),
		HealthCheckConfig: &types.HealthCheckConfig{
			Type:                         types.HealthCheckTypeCloudwatchMetric,
			AlarmIdentifier:              &types.AlarmIdentifier{Name: aws.String("shop-serves"), Region: types.CloudWatchRegionUsWest2},
			InsufficientDataHealthStatus: types.InsufficientDataHealthStatusLastKnownStatus,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	primary := failover(types.ResourceRecordSetFailoverPrimary, "192.0.2.1")
	primary.HealthCheckId = check.HealthCheck.Id
	secondary := failover(types.ResourceRecordSetFailoverSecondary, "198.51.100.1")
	secondary.HealthCheckId = nil
	host(t, endpoint, primary, secondary)

	resolves := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for {
			got, err := i.Resolver().Lookup(ctx, "f.example.com")
			if err == nil && got == want {
				return
			}
			if i.clock.Wait(ctx, 5*time.Second) != nil {
				t.Fatalf("resolves to %s, %v; want %s", got, err, want)
			}
		}
	}
	publish := func(value float64) {
		t.Helper()
		if _, err := metrics.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace:  aws.String("Pilotlight/shop"),
			MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("PrimaryServes"), Value: aws.Float64(value), Timestamp: aws.Time(i.clock.Now())}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	resolves("192.0.2.1") // new, without data
	publish(0)
	resolves("198.51.100.1")
	if err := i.clock.Jump(time.Hour); err != nil {
		t.Fatal(err)
	}
	resolves("198.51.100.1") // without data the last known status stands
	publish(1)
	resolves("192.0.2.1")
}
