// Package createstack is the step kind create-stack: it creates a CloudFormation
// stack from a template in S3 and hands its outputs to later steps.
//
// It guarantees that the run makes one stack at most, by a client token, and that
// only a stack which carries the run's tags is ever deleted. A stack that fails is
// rolled back and kept, so that its events can be read; a retry deletes it first.
// It updates no stack: one of an earlier run that still fits is used as it is.
package createstack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
	CreateStack(context.Context, *cloudformation.CreateStackInput, ...func(*cloudformation.Options)) (*cloudformation.CreateStackOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
	ValidateTemplate(context.Context, *cloudformation.ValidateTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.ValidateTemplateOutput, error)
}

// identity tells the account, which the ARN of a role has. It needs no grant.
type identity interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Kind acts in one region.
type Kind struct {
	stacks api
	self   identity
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind {
	return &Kind{cloudformation.NewFromConfig(cfg), sts.NewFromConfig(cfg)}
}

// Advance creates the stack if it is not there and waits until it is complete.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.CreateStack) (step.Progress, error) {
	parameters, err := expanded(r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	name := r.Drill.Named(spec.Stack)
	stack, err := k.find(ctx, name)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case stack == nil:
		return k.create(ctx, r, spec, name, parameters)
	case !r.Mine(tags(stack)):
		return adopted(r, spec, stack, parameters)
	case stack.StackStatus == types.StackStatusCreateComplete:
		return complete(stack, spec)
	case stack.StackStatus == types.StackStatusCreateInProgress || stack.StackStatus == types.StackStatusDeleteInProgress:
		return step.Pending(fmt.Sprintf("stack %s is %s", name, stack.StackStatus)), nil
	}
	return k.failed(ctx, r, stack)
}

// create asks for the stack. OnFailure stays ROLLBACK: with DELETE the stack, and
// with its name the events that say why, would be gone before anybody reads them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func (k *Kind) create(ctx context.Context, r step.Run, spec plan.CreateStack, name string, parameters map[string]string) (step.Progress, error) {
	in := &cloudformation.CreateStackInput{
		StackName: aws.String(name), TemplateURL: aws.String(spec.Template), OnFailure: types.OnFailureRollback,
		ClientRequestToken: token(r, "create"),
	}
	var err error
	if in.RoleARN, err = k.role(ctx, spec.Role); err != nil {
		return step.Progress{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(parameters[key])})
	}
	for _, capability := range spec.Capabilities {
		in.Capabilities = append(in.Capabilities, types.Capability(capability))
	}
	made := r.Made()
	for _, key := range slices.Sorted(maps.Keys(made)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(made[key])})
	}
	if _, err := k.stacks.CreateStack(ctx, in); err != nil {
		return step.Progress{}, fmt.Errorf("create stack %s: %w", name, err)
	}
	return step.Pending("stack " + name + " is created"), nil
}

// role is the ARN of a role of the account; nil: none is named.
func (k *Kind) role(ctx context.Context, name string) (*string, error) {
	if name == "" {
		return nil, nil
	}
	out, err := k.self.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("find the account of role %s: %w", name, err)
	}
	self, err := arn.Parse(aws.ToString(out.Arn))
	if err != nil {
		return nil, fmt.Errorf("find the account of role %s: %w", name, err)
	}
	return aws.String(arn.ARN{Partition: self.Partition, Service: "iam", AccountID: self.AccountID, Resource: "role/" + name}.String()), nil
}

// token of one request of an attempt: a person's retry makes another stack of the
// same name. It has to begin with a letter.
func token(r step.Run, of string) *string {
	return aws.String("p-" + r.Token(of, fmt.Sprint(r.Attempt)))
}

// adopted is a stack that this step did not make. What an earlier run of the plan
// left, complete and with the same parameters, is what the step would make. A drill
// takes nothing but its own.
func adopted(r step.Run, spec plan.CreateStack, stack *types.Stack, parameters map[string]string) (step.Progress, error) {
	name, of := aws.ToString(stack.StackName), tags(stack)
	switch {
	case of[lineage.Plan] != r.Plan || r.Drill != nil || of[lineage.Drill] != "":
		return step.Progress{}, step.Permanent("a stack %s is there that this run did not make: give the plan's stack another name, or delete that one", name)
	case stack.StackStatus != types.StackStatusCreateComplete && stack.StackStatus != types.StackStatusUpdateComplete:
		return step.Progress{}, step.Permanent("stack %s, which run %s made, is %s: delete it and say retry", name, of[lineage.Run], stack.StackStatus)
	}
	if other := differing(stack, parameters); len(other) > 0 {
		return step.Progress{}, step.Permanent("stack %s, which run %s made, has other values of %s: delete it, or update it, and say retry",
			name, of[lineage.Run], strings.Join(other, ", "))
	}
	return complete(stack, spec)
}

// differing are the parameters whose values are others in the stack. A value that
// CloudFormation does not show (NoEcho) is taken for the same.
func differing(stack *types.Stack, parameters map[string]string) []string {
	var other []string
	for _, p := range stack.Parameters {
		key, value := aws.ToString(p.ParameterKey), aws.ToString(p.ParameterValue)
		if wanted, given := parameters[key]; given && value != wanted && value != "****" {
			other = append(other, key)
		}
	}
	return other
}

func complete(stack *types.Stack, spec plan.CreateStack) (step.Progress, error) {
	has := map[string]string{}
	for _, output := range stack.Outputs {
		has[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	outputs := map[string]string{}
	for _, name := range spec.Outputs {
		value, ok := has[name]
		if !ok {
			return step.Progress{}, step.Permanent("stack %s has no output %s; it has %s: correct the plan's \"outputs\" or the template",
				aws.ToString(stack.StackName), name, strings.Join(slices.Sorted(maps.Keys(has)), ", "))
		}
		outputs[name] = value
	}
	return step.Progress{Done: true, Detail: "stack " + aws.ToString(stack.StackName) + " is complete", Outputs: outputs}, nil
}

// failed deletes what an earlier attempt left, and tells of this attempt's own why
// it failed.
func (k *Kind) failed(ctx context.Context, r step.Run, stack *types.Stack) (step.Progress, error) {
	name := aws.ToString(stack.StackName)
	if stack.StackStatus == types.StackStatusRollbackInProgress {
		return step.Pending("stack " + name + " failed and is rolled back"), nil
	}
	if aws.ToTime(stack.CreationTime).Before(r.Began) && stack.StackStatus != types.StackStatusDeleteFailed {
		return k.delete(ctx, r, stack)
	}
	why, err := k.why(ctx, stack)
	if err != nil {
		return step.Progress{}, err
	}
	return step.Progress{}, step.Permanent("stack %s is %s: %s", name, stack.StackStatus, why)
}

func (k *Kind) delete(ctx context.Context, r step.Run, stack *types.Stack) (step.Progress, error) {
	name := aws.ToString(stack.StackName)
	// The name could have become another stack's since; the id could not.
	in := &cloudformation.DeleteStackInput{StackName: stack.StackId, ClientRequestToken: token(r, "delete "+aws.ToString(stack.StackId))}
	if _, err := k.stacks.DeleteStack(ctx, in); err != nil {
		return step.Progress{}, fmt.Errorf("delete stack %s: %w", name, err)
	}
	return step.Pending("stack " + name + " is deleted"), nil
}

func expanded(r step.Run, spec plan.CreateStack) (map[string]string, error) {
	values := map[string]string{}
	for key, value := range spec.Parameters {
		text, err := r.Expand(value)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", key, err)
		}
		values[key] = text
	}
	return values, nil
}

// find answers nil when there is no such stack, which CloudFormation calls a
// validation error. One that is deleted is not found by its name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (k *Kind) find(ctx context.Context, name string) (*types.Stack, error) {
	out, err := k.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "ValidationError" && strings.Contains(refused.ErrorMessage(), "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at stack %s: %w", name, err)
	}
	if len(out.Stacks) == 0 {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

func tags(stack *types.Stack) map[string]string {
	all := map[string]string{}
	for _, tag := range stack.Tags {
		all[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return all
}
