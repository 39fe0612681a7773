// Package evaluation judges metric alarms by their data as CloudWatch does, which the
// simulator leaves out: Route 53's health checks follow what it says, and so do the
// states of the alarms that a rehearsal has evaluated.
//
// It guarantees that a state is what the datapoints that CloudWatch has say, and
// never what the rehearsal expects. It reads and judges; it sets no state.
package evaluation

import (
	"cmp"
	"slices"
	"time"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// extraPeriods is how many periods CloudWatch looks at beyond the evaluation
// periods: its documentation's example retrieves 5 for 3.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const extraPeriods = 2

// Alarm is the part of a metric alarm that its data are judged by. M out of N alarms
// are absent: Pilotlight has none, and a health check cannot follow one.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
type Alarm struct {
	period     time.Duration
	periods    int
	statistic  cloudwatch.Statistic
	comparison cloudwatch.ComparisonOperator
	threshold  float64
	missing    string // TreatMissingData; empty means "missing"
}

// Datapoint summarizes what was published at, or within a second after, At.
type Datapoint struct {
	At                   time.Time
	Count, Sum, Min, Max float64
}

// Since is where the evaluation range begins. Periods lie on the clock: one of a
// minute begins with the minute.
func (a Alarm) Since(now time.Time) time.Time {
	return now.Truncate(a.period).Add(-time.Duration(a.periods+extraPeriods) * a.period)
}

// State judges the periods that are over. When data is missing the newest existing
// datapoints decide, as far back as the evaluation range reaches; only when they are
// fewer than the evaluation periods, and all of them breach, does it matter how the
// alarm treats what is missing. An alarm to which missing data say nothing does not go
// off before the oldest of its datapoints is as old as its evaluation periods: the
// next one may be good.
func (a Alarm) State(points []Datapoint, now time.Time, before cloudwatch.StateValue) cloudwatch.StateValue {
	existing := a.periodsOf(points, now)
	existing = existing[:min(len(existing), a.periods)]
	for _, p := range existing {
		if !a.breaches(a.value(p)) {
			return cloudwatch.StateValueOk
		}
	}
	before = cmp.Or(before, cloudwatch.StateValueInsufficientData)
	switch {
	case len(existing) == a.periods || a.missing == "breaching":
		return cloudwatch.StateValueAlarm
	case a.missing == "notBreaching":
		return cloudwatch.StateValueOk
	case a.missing == "ignore":
		return before
	case len(existing) == 0:
		return cloudwatch.StateValueInsufficientData
	case existing[len(existing)-1].At.After(now.Truncate(a.period).Add(-time.Duration(a.periods) * a.period)):
		return before
	}
	return cloudwatch.StateValueAlarm
}

// periodsOf is what each period that has data has, the newest first. The simulator
// counts periods from the first datapoint, so they are aggregated here.
func (a Alarm) periodsOf(points []Datapoint, now time.Time) []Datapoint {
	from, to := a.Since(now), now.Truncate(a.period)
	byPeriod := map[time.Time]Datapoint{}
	for _, p := range points {
		if p.At.Before(from) || !p.At.Before(to) {
			continue
		}
		start := p.At.Truncate(a.period)
		sum, ok := byPeriod[start]
		if !ok {
			sum = Datapoint{At: start, Min: p.Min, Max: p.Max}
		}
		sum.Count += p.Count
		sum.Sum += p.Sum
		sum.Min, sum.Max = min(sum.Min, p.Min), max(sum.Max, p.Max)
		byPeriod[start] = sum
	}
	periods := make([]Datapoint, 0, len(byPeriod))
	for _, p := range byPeriod {
		periods = append(periods, p)
	}
	slices.SortFunc(periods, func(x, y Datapoint) int { return y.At.Compare(x.At) })
	return periods
}

func (a Alarm) value(p Datapoint) float64 {
	switch a.statistic {
	case cloudwatch.StatisticSum:
		return p.Sum
	case cloudwatch.StatisticMinimum:
		return p.Min
	case cloudwatch.StatisticMaximum:
		return p.Max
	case cloudwatch.StatisticSampleCount:
		return p.Count
	}
	return p.Sum / p.Count // Average
}

func (a Alarm) breaches(v float64) bool {
	switch a.comparison {
	case cloudwatch.ComparisonOperatorGreaterThanThreshold:
		return v > a.threshold
	case cloudwatch.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= a.threshold
	case cloudwatch.ComparisonOperatorLessThanThreshold:
		return v < a.threshold
	case cloudwatch.ComparisonOperatorLessThanOrEqualToThreshold:
		return v <= a.threshold
	}
	return false
}
