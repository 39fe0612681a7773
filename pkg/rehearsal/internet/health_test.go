package internet

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// stream is one datapoint a minute, the last in the minute before noon; 'x'
// breaches, '0' does not, '-' is missing.
func stream(pattern string) []datapoint {
	var points []datapoint
	for n, c := range pattern {
		if c == '-' {
			continue
		}
		v := 1.0
		if c == 'x' {
			v = 0
		}
		at := noon.Add(time.Duration(n-len(pattern)) * time.Minute).Add(20 * time.Second)
		points = append(points, datapoint{At: at, Count: 1, Sum: v, Min: v, Max: v})
	}
	return points
}

// The rows are those of the tables in
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestAlarm_judgesMissingDataAsDocumented(t *testing.T) {
	const (
		ok      = cloudwatch.StateValueOk
		firing  = cloudwatch.StateValueAlarm
		unknown = cloudwatch.StateValueInsufficientData
		before  = cloudwatch.StateValue("as before")
	)
	for _, c := range []struct {
		pattern                                string
		missing, ignore, breaching, unbreached cloudwatch.StateValue
	}{
		{"0-x-x", ok, ok, ok, ok},
		{"0----", ok, ok, ok, ok},
		{"-----", unknown, before, firing, ok},
		{"0xx-x", firing, firing, firing, firing},
		{"--x--", firing, before, firing, ok},
		{"x----", firing, before, firing, ok},
		{"00000", ok, ok, ok, ok},
		{"00xxx", firing, firing, firing, firing},
	} {
		for treat, want := range map[string]cloudwatch.StateValue{
			"missing": c.missing, "": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.unbreached,
		} {
			a := alarm{
				period: time.Minute, periods: 3, statistic: cloudwatch.StatisticAverage,
				comparison: cloudwatch.ComparisonOperatorLessThanThreshold, threshold: 1, missing: treat,
			}
			if got := a.state(stream(c.pattern), noon.Add(5*time.Second), before); got != want {
				t.Errorf("%s, missing treated as %q: %s, want %s", c.pattern, treat, got, want)
			}
		}
	}
}

func TestAlarm_leavesOutTheMinuteThatIsNotOver(t *testing.T) {
	a := alarm{period: time.Minute, periods: 1, comparison: cloudwatch.ComparisonOperatorLessThanThreshold, threshold: 1}
	points := append(stream("0"), datapoint{At: noon.Add(time.Second), Count: 1})
	if got := a.state(points, noon.Add(30*time.Second), ""); got != cloudwatch.StateValueOk {
		t.Errorf("in the minute: %s", got)
	}
	if got := a.state(points, noon.Add(time.Minute), ""); got != cloudwatch.StateValueAlarm {
		t.Errorf("after the minute: %s", got)
	}
}

func TestAlarm_aggregatesAPeriodByItsStatistic(t *testing.T) {
	points := []datapoint{
		{At: noon.Add(-50 * time.Second), Count: 1, Sum: 4, Min: 4, Max: 4},
		{At: noon.Add(-20 * time.Second), Count: 2, Sum: 2, Min: 0, Max: 2},
	}
	for statistic, want := range map[cloudwatch.Statistic]float64{
		cloudwatch.StatisticAverage: 2, cloudwatch.StatisticSum: 6, cloudwatch.StatisticMinimum: 0,
		cloudwatch.StatisticMaximum: 4, cloudwatch.StatisticSampleCount: 3,
	} {
		a := alarm{period: time.Minute, periods: 1, statistic: statistic}
		if got := a.values(points, noon); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %v", statistic, got, want)
		}
	}
}

func TestAlarm_comparesAsItIsTold(t *testing.T) {
	for comparison, want := range map[cloudwatch.ComparisonOperator][3]bool{ // 0, 1 and 2 against 1
		cloudwatch.ComparisonOperatorLessThanThreshold:             {true, false, false},
		cloudwatch.ComparisonOperatorLessThanOrEqualToThreshold:    {true, true, false},
		cloudwatch.ComparisonOperatorGreaterThanThreshold:          {false, false, true},
		cloudwatch.ComparisonOperatorGreaterThanOrEqualToThreshold: {false, true, true},
	} {
		a := alarm{comparison: comparison, threshold: 1}
		if got := [3]bool{a.breaches(0), a.breaches(1), a.breaches(2)}; got != want {
			t.Errorf("%s: %v, want %v", comparison, got, want)
		}
	}
}

func TestStatus_isHealthyAsRoute53Says(t *testing.T) {
	const (
		ok      = cloudwatch.StateValueOk
		firing  = cloudwatch.StateValueAlarm
		unknown = cloudwatch.StateValueInsufficientData
	)
	last := route53types.HealthCheckConfig{InsufficientDataHealthStatus: route53types.InsufficientDataHealthStatusLastKnownStatus}
	good := route53types.HealthCheckConfig{InsufficientDataHealthStatus: route53types.InsufficientDataHealthStatusHealthy}
	bad := route53types.HealthCheckConfig{InsufficientDataHealthStatus: route53types.InsufficientDataHealthStatusUnhealthy}
	inverted, disabled := last, last
	inverted.Inverted, disabled.Disabled = aws.Bool(true), aws.Bool(true)
	for _, c := range []struct {
		name   string
		config route53types.HealthCheckConfig
		states []cloudwatch.StateValue
		want   bool
	}{
		{"a new check is healthy", last, nil, true},
		{"… also when no data means unhealthy", bad, []cloudwatch.StateValue{unknown}, true},
		{"a new inverted check is unhealthy", inverted, nil, false},
		{"OK is healthy", last, []cloudwatch.StateValue{ok}, true},
		{"ALARM is unhealthy", last, []cloudwatch.StateValue{ok, firing}, false},
		{"inverted turns it round", inverted, []cloudwatch.StateValue{firing}, true},
		{"disabled is healthy", disabled, []cloudwatch.StateValue{firing}, true},
		{"the last known status stands: unhealthy", last, []cloudwatch.StateValue{firing, unknown, unknown}, false},
		{"the last known status stands: healthy", last, []cloudwatch.StateValue{ok, unknown}, true},
		{"no data means healthy", good, []cloudwatch.StateValue{firing, unknown}, true},
		{"no data means unhealthy", bad, []cloudwatch.StateValue{ok, unknown}, false},
	} {
		var s status
		for _, state := range c.states {
			s = s.follow(state)
		}
		if got := s.healthy(c.config); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
