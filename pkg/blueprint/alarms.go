package blueprint

import "time"

// Alarm is a CloudWatch alarm on one metric.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
type Alarm struct {
	Name        string
	Description string
	Namespace   string
	Metric      string
	Dimensions  map[string]string
	Statistic   string
	Period      time.Duration
	Periods     int // evaluation periods; all of them must breach
	Comparison  string
	Threshold   float64
	MissingData string // TreatMissingData
	Notify      string // SNS topic of the recovery region that hears of ALARM and of OK; empty: none does
}
