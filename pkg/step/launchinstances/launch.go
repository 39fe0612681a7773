package launchinstances

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// noRoom are the errors that another instance type, or the same one later, may
// not meet. "Unsupported" is a type that the zone does not offer; the limits are
// counted a family of types.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var noRoom = []string{
	"InsufficientInstanceCapacity", "InsufficientCapacity", "Unsupported",
	"VcpuLimitExceeded", "InstanceLimitExceeded",
}

// request is the launch of n instances in one subnet, without its type and token.
// All or none: with a smaller minimum, a repeated call that found less room would
// be another launch.
func request(r step.Run, spec plan.LaunchInstances, image, subnet string, n int) ec2.RunInstancesInput {
	input := ec2.RunInstancesInput{
		LaunchTemplate: &types.LaunchTemplateSpecification{
			LaunchTemplateName: aws.String(spec.Template),
			Version:            aws.String(version),
		},
		MinCount: aws.Int32(int32(n)),
		MaxCount: aws.Int32(int32(n)),
		SubnetId: aws.String(subnet),
	}
	if image != "" {
		input.ImageId = aws.String(image)
	}
	if r.Drill != nil {
		input.SecurityGroupIds = r.Drill.SecurityGroups
		input.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String(r.Drill.InstanceProfile)}
	}
	tags := []types.Tag{{Key: aws.String("Name"), Value: aws.String(r.Drill.Named(spec.Template))}}
	made := r.Made()
	for _, key := range slices.Sorted(maps.Keys(made)) {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(made[key])})
	}
	for _, kind := range []types.ResourceType{types.ResourceTypeInstance, types.ResourceTypeVolume} {
		input.TagSpecifications = append(input.TagSpecifications, types.TagSpecification{ResourceType: kind, Tags: tags})
	}
	return input
}

// launch tries the types in order; false: there is room for none of them now.
//
// Its token comes from the instances that this step has already had in the zone,
// dead ones included. So a call repeated after a crash, before EC2 shows what the
// first one launched, is the same call and answers the same instances; and the
// replacement of a terminated instance is another call. A token made of the run
// and zone alone would answer IdempotentParameterMismatch to the replacement, or
// the dead instance itself: tokens outlive their instances.
//
// Subnet and type are part of the token: EC2 does not promise that a refused
// call leaves its token free for a different one, and a token that stays refused
// would keep a zone empty. The price is that a call repeated while EC2 does not
// show the first, and with another subnet roomiest or another type in stock by
// then, launches again. That is a surplus, as is EC2 showing half a launch.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
func (k *Kind) launch(ctx context.Context, r step.Run, spec plan.LaunchInstances, call ec2.RunInstancesInput, before []string) (bool, error) {
	kinds := spec.Types
	if len(kinds) == 0 {
		kinds = []string{""} // the template's
	}
	for _, kind := range kinds {
		call.InstanceType = types.InstanceType(kind)
		parts := []string{"launch", aws.ToString(call.SubnetId), kind, aws.ToString(call.ImageId), strconv.Itoa(int(aws.ToInt32(call.MinCount)))}
		call.ClientToken = aws.String(r.Token(append(parts, before...)...))
		_, err := k.ec2.RunInstances(ctx, &call)
		if err == nil {
			return true, nil
		}
		var refused smithy.APIError
		if !errors.As(err, &refused) || !slices.Contains(noRoom, refused.ErrorCode()) {
			return false, err
		}
	}
	return false, nil
}
