package evaluation

import (
	"testing"
	"time"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// stream is one Datapoint a minute, the last in the minute before noon; 'x'
// breaches, '0' does not, '-' is missing.
func stream(pattern string) []Datapoint {
	var points []Datapoint
	for n, c := range pattern {
		if c == '-' {
			continue
		}
		v := 1.0
		if c == 'x' {
			v = 0
		}
		at := noon.Add(time.Duration(n-len(pattern)) * time.Minute).Add(20 * time.Second)
		points = append(points, Datapoint{At: at, Count: 1, Sum: v, Min: v, Max: v})
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
		{"----x", before, before, firing, ok}, // the next one may be good
		{"---x-", before, before, firing, ok},
		{"---xx", before, before, firing, ok},
	} {
		for treat, want := range map[string]cloudwatch.StateValue{
			"missing": c.missing, "": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.unbreached,
		} {
			a := Alarm{
				period: time.Minute, periods: 3, statistic: cloudwatch.StatisticAverage,
				comparison: cloudwatch.ComparisonOperatorLessThanThreshold, threshold: 1, missing: treat,
			}
			if got := a.State(stream(c.pattern), noon.Add(5*time.Second), before); got != want {
				t.Errorf("%s, missing treated as %q: %s, want %s", c.pattern, treat, got, want)
			}
		}
	}
}

func TestAlarm_leavesOutTheMinuteThatIsNotOver(t *testing.T) {
	a := Alarm{period: time.Minute, periods: 1, comparison: cloudwatch.ComparisonOperatorLessThanThreshold, threshold: 1}
	points := append(stream("0"), Datapoint{At: noon.Add(time.Second), Count: 1})
	if got := a.State(points, noon.Add(30*time.Second), ""); got != cloudwatch.StateValueOk {
		t.Errorf("in the minute: %s", got)
	}
	if got := a.State(points, noon.Add(time.Minute), ""); got != cloudwatch.StateValueAlarm {
		t.Errorf("after the minute: %s", got)
	}
}

func TestAlarm_aggregatesAPeriodByItsStatistic(t *testing.T) {
	points := []Datapoint{
		{At: noon.Add(-50 * time.Second), Count: 1, Sum: 4, Min: 4, Max: 4},
		{At: noon.Add(-20 * time.Second), Count: 2, Sum: 2, Min: 0, Max: 2},
	}
	for statistic, want := range map[cloudwatch.Statistic]float64{
		cloudwatch.StatisticAverage: 2, cloudwatch.StatisticSum: 6, cloudwatch.StatisticMinimum: 0,
		cloudwatch.StatisticMaximum: 4, cloudwatch.StatisticSampleCount: 3,
	} {
		a := Alarm{period: time.Minute, periods: 1, statistic: statistic}
		if got := a.periodsOf(points, noon); len(got) != 1 || a.value(got[0]) != want {
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
		a := Alarm{comparison: comparison, threshold: 1}
		if got := [3]bool{a.breaches(0), a.breaches(1), a.breaches(2)}; got != want {
			t.Errorf("%s: %v, want %v", comparison, got, want)
		}
	}
}
