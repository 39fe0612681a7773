package evaluation

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmAge is how long an alarm's settings are believed, in data time.
const alarmAge = time.Minute

// ErrNoAlarm is the error of an alarm that is not there.
var ErrNoAlarm = errors.New("no such metric alarm")

// Reader reads alarms and their datapoints. It is for one goroutine.
type Reader struct {
	endpoint string
	role     string
	clients  map[string]*sdk.Client // by region
	alarms   map[string]knownAlarm  // by region/name
}

type knownAlarm struct {
	cwtypes.MetricAlarm
	readAt time.Time
}

// NewReader reads through an endpoint, in the name of a role.
func NewReader(endpoint *url.URL, role string) *Reader {
	return &Reader{endpoint: endpoint.String(), role: role, clients: map[string]*sdk.Client{}, alarms: map[string]knownAlarm{}}
}

func (w *Reader) client(region string) *sdk.Client {
	if w.clients[region] == nil {
		w.clients[region] = sdk.New(sdk.Options{
			Region:           region,
			BaseEndpoint:     aws.String(w.endpoint),
			Credentials:      credentials.NewStaticCredentialsProvider(w.role, "rehearsal", ""),
			RetryMaxAttempts: 1,
		})
	}
	return w.clients[region]
}

// Read is the alarm's settings and the datapoints of its evaluation range.
func (w *Reader) Read(ctx context.Context, region, name string, now time.Time) (Alarm, []Datapoint, error) {
	known, err := w.describe(ctx, region, name, now)
	if err != nil {
		return Alarm{}, nil, fmt.Errorf("read alarm %s in %s: %w", name, region, err)
	}
	a := Alarm{
		period:     time.Duration(aws.ToInt32(known.Period)) * time.Second,
		periods:    int(aws.ToInt32(known.EvaluationPeriods)),
		statistic:  known.Statistic,
		comparison: known.ComparisonOperator,
		threshold:  aws.ToFloat64(known.Threshold),
		missing:    aws.ToString(known.TreatMissingData),
	}
	if a.period <= 0 || a.periods <= 0 || known.MetricName == nil {
		return Alarm{}, nil, fmt.Errorf("read alarm %s in %s: not an alarm on one metric", name, region)
	}
	// Asked for second by second: see Alarm.periodsOf.
	out, err := w.client(region).GetMetricStatistics(ctx, &sdk.GetMetricStatisticsInput{
		Namespace:  known.Namespace,
		MetricName: known.MetricName,
		Dimensions: known.Dimensions,
		StartTime:  aws.Time(a.Since(now)),
		EndTime:    aws.Time(now),
		Period:     aws.Int32(1),
		Statistics: []cwtypes.Statistic{
			cwtypes.StatisticSampleCount, cwtypes.StatisticSum, cwtypes.StatisticMinimum, cwtypes.StatisticMaximum,
		},
	})
	if err != nil {
		return Alarm{}, nil, fmt.Errorf("read the data of alarm %s in %s: %w", name, region, err)
	}
	points := make([]Datapoint, 0, len(out.Datapoints))
	for _, p := range out.Datapoints {
		points = append(points, Datapoint{
			At:    aws.ToTime(p.Timestamp),
			Count: aws.ToFloat64(p.SampleCount), Sum: aws.ToFloat64(p.Sum),
			Min: aws.ToFloat64(p.Minimum), Max: aws.ToFloat64(p.Maximum),
		})
	}
	return a, points, nil
}

func (w *Reader) describe(ctx context.Context, region, name string, now time.Time) (knownAlarm, error) {
	key := region + "/" + name
	if known, ok := w.alarms[key]; ok && now.Sub(known.readAt) < alarmAge {
		return known, nil
	}
	out, err := w.client(region).DescribeAlarms(ctx, &sdk.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		return knownAlarm{}, err
	}
	if len(out.MetricAlarms) == 0 {
		return knownAlarm{}, ErrNoAlarm
	}
	known := knownAlarm{out.MetricAlarms[0], now}
	w.alarms[key] = known
	return known, nil
}
