package internet

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

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
