package registertargets

import (
	"errors"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// absent is ELB's answer for a name that no target group has.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
func absent(err error) bool {
	var unknown *elbtypes.TargetGroupNotFoundException
	return errors.As(err, &unknown)
}
