package internet

import (
	"cmp"
	"slices"
	"time"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// extraPeriods is how many periods CloudWatch looks at beyond the evaluation
// periods: its documentation's example retrieves 5 for 3.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const extraPeriods = 2

// alarm is the part of a metric alarm that its data stream is judged by. M out of
// N alarms are absent: a health check cannot follow one.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
type alarm struct {
	period     time.Duration
	periods    int
	statistic  cloudwatch.Statistic
	comparison cloudwatch.ComparisonOperator
	threshold  float64
	missing    string // TreatMissingData; empty means "missing"
}

// datapoint summarizes what was published at, or within a second after, At.
type datapoint struct {
	At                   time.Time
	Count, Sum, Min, Max float64
}

// since is where the evaluation range begins. Periods lie on the clock: one of a
// minute begins with the minute.
func (a alarm) since(now time.Time) time.Time {
	return now.Truncate(a.period).Add(-time.Duration(a.periods+extraPeriods) * a.period)
}

// state judges the periods that are over. When data is missing the newest
// existing datapoints decide, as far back as the evaluation range reaches; only
// when they are fewer than the evaluation periods, and all of them breach, does
// it matter how the alarm treats what is missing.
func (a alarm) state(points []datapoint, now time.Time, before cloudwatch.StateValue) cloudwatch.StateValue {
	existing := a.values(points, now)
	existing = existing[:min(len(existing), a.periods)]
	for _, v := range existing {
		if !a.breaches(v) {
			return cloudwatch.StateValueOk
		}
	}
	switch {
	case len(existing) == a.periods || a.missing == "breaching":
		return cloudwatch.StateValueAlarm
	case a.missing == "notBreaching":
		return cloudwatch.StateValueOk
	case a.missing == "ignore":
		return cmp.Or(before, cloudwatch.StateValueInsufficientData)
	case len(existing) == 0:
		return cloudwatch.StateValueInsufficientData
	}
	return cloudwatch.StateValueAlarm
}

// values is one value a period that has data, the newest first. The simulator
// counts periods from the first datapoint, so they are aggregated here.
func (a alarm) values(points []datapoint, now time.Time) []float64 {
	from, to := a.since(now), now.Truncate(a.period)
	byPeriod := map[time.Time]datapoint{}
	for _, p := range points {
		if p.At.Before(from) || !p.At.Before(to) {
			continue
		}
		start := p.At.Truncate(a.period)
		sum, ok := byPeriod[start]
		if !ok {
			sum = datapoint{At: start, Min: p.Min, Max: p.Max}
		}
		sum.Count += p.Count
		sum.Sum += p.Sum
		sum.Min, sum.Max = min(sum.Min, p.Min), max(sum.Max, p.Max)
		byPeriod[start] = sum
	}
	periods := make([]datapoint, 0, len(byPeriod))
	for _, p := range byPeriod {
		periods = append(periods, p)
	}
	slices.SortFunc(periods, func(x, y datapoint) int { return y.At.Compare(x.At) })
	values := make([]float64, len(periods))
	for n, p := range periods {
		values[n] = a.value(p)
	}
	return values
}

func (a alarm) value(p datapoint) float64 {
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

func (a alarm) breaches(v float64) bool {
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

// status is what Route 53 holds of one health check. The zero value is a check
// that never had data.
type status struct {
	state cloudwatch.StateValue // of the data stream, last evaluated
	known bool                  // the stream has decided at least once
	up    bool                  // … and this is what it decided last
}

// follow takes in a new state of the data stream.
func (s status) follow(state cloudwatch.StateValue) status {
	s.state = state
	if state != cloudwatch.StateValueInsufficientData {
		s.known, s.up = true, state == cloudwatch.StateValueOk
	}
	return s
}

// healthy is Route 53's answer for a check that follows an alarm's data stream.
// A new check counts as healthy until it has data; a disabled one always does.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
func (s status) healthy(c route53types.HealthCheckConfig) bool {
	if c.Disabled != nil && *c.Disabled {
		return true
	}
	up := s.up
	switch {
	case !s.known:
		up = true
	case s.state != cloudwatch.StateValueInsufficientData:
	case c.InsufficientDataHealthStatus == route53types.InsufficientDataHealthStatusHealthy:
		up = true
	case c.InsufficientDataHealthStatus == route53types.InsufficientDataHealthStatusUnhealthy:
		up = false
	}
	inverted := c.Inverted != nil && *c.Inverted
	return up != inverted
}
