package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/visit"
)

// group is good when it has targets and all of them are healthy, but for those that
// are leaving.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
func (k *Kind) group(ctx context.Context, name string) (look, error) {
	arn, err := k.groupARN(ctx, name)
	if err != nil {
		return look{}, err
	}
	if arn == "" {
		return look{detail: "there is no target group " + name}, nil
	}
	out, err := k.targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return look{}, fmt.Errorf("look at the targets of %s: %w", name, err)
	}
	healthy, of := 0, 0
	for _, target := range out.TargetHealthDescriptions {
		switch {
		case target.TargetHealth == nil:
			of++
		case target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy:
			of, healthy = of+1, healthy+1
		case target.TargetHealth.State != elbtypes.TargetHealthStateEnumDraining:
			of++
		}
	}
	return look{of > 0 && healthy == of, fmt.Sprintf("%d of %d targets of %s healthy", healthy, of, name)}, nil
}

// groupARN is "" when there is no such group.
func (k *Kind) groupARN(ctx context.Context, name string) (string, error) {
	out, err := k.targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
	var unknown *elbtypes.TargetGroupNotFoundException
	if errors.As(err, &unknown) || err == nil && len(out.TargetGroups) == 0 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find target group %s: %w", name, err)
	}
	return aws.ToString(out.TargetGroups[0].TargetGroupArn), nil
}

// quiet is good when every alarm is OK. One that has not enough data is a miss: it
// says nothing of what it watches.
func (k *Kind) quiet(ctx context.Context, names []string) (look, error) {
	states, err := k.states(ctx, names)
	if err != nil {
		return look{}, err
	}
	var loud []string
	for _, name := range names {
		switch state, known := states[name]; {
		case !known:
			loud = append(loud, "there is no alarm "+name)
		case state != cwtypes.StateValueOk:
			loud = append(loud, fmt.Sprintf("alarm %s is %s", name, state))
		}
	}
	if len(loud) > 0 {
		return look{detail: strings.Join(loud, "; ")}, nil
	}
	return look{true, fmt.Sprintf("%d alarms OK", len(names))}, nil
}

// states of the alarms, plain and composite, which an answer has only when both
// types are asked for; a call takes a hundred names.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (k *Kind) states(ctx context.Context, names []string) (map[string]cwtypes.StateValue, error) {
	states := map[string]cwtypes.StateValue{}
	for some := range slices.Chunk(names, 100) {
		out, err := k.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: some, AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}, MaxRecords: aws.Int32(100),
		})
		if err != nil {
			return nil, fmt.Errorf("look at alarms: %w", err)
		}
		for _, a := range out.MetricAlarms {
			states[aws.ToString(a.AlarmName)] = a.StateValue
		}
		for _, a := range out.CompositeAlarms {
			states[aws.ToString(a.AlarmName)] = a.StateValue
		}
	}
	return states, nil
}

// Check says what could never become good: in standby nothing has to answer yet.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.Verify) ([]string, error) {
	var problems []string
	for _, page := range []string{spec.URL, spec.DrillURL} {
		if page != "" && !visit.Secure(page) {
			problems = append(problems, fmt.Sprintf("%q is not an https URL: correct it in the plan.", page))
		}
	}
	if spec.Targets != "" {
		arn, err := k.groupARN(ctx, spec.Targets)
		if err != nil {
			return problems, err
		}
		if arn == "" {
			problems = append(problems, fmt.Sprintf("There is no target group %s in %s: make it, or correct the plan's \"targets\".", spec.Targets, r.Recovery))
		}
	}
	states, err := k.states(ctx, spec.Alarms)
	if err != nil {
		return problems, err
	}
	for _, name := range spec.Alarms {
		if _, known := states[name]; !known {
			problems = append(problems, fmt.Sprintf("There is no alarm %s in %s: make it, or correct the plan's \"alarms\".", name, r.Recovery))
		}
	}
	return problems, nil
}
