package internet

import (
	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

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
