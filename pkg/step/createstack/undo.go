package createstack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo deletes the stack that the step made, also one that is being created: its
// creation ends there. While one rolls back, it waits.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.CreateStack) (step.Progress, error) {
	name := r.Drill.Named(spec.Stack)
	stack, err := k.find(ctx, name)
	switch {
	case err != nil:
		return step.Progress{}, err
	case stack == nil:
		return step.Nothing("there is no stack " + name), nil
	case !r.Mine(tags(stack)):
		return step.Nothing("stack " + name + " was not made by the step"), nil
	}
	switch stack.StackStatus {
	case types.StackStatusRollbackInProgress, types.StackStatusDeleteInProgress:
		return step.Pending(fmt.Sprintf("stack %s is %s", name, stack.StackStatus)), nil
	case types.StackStatusDeleteFailed:
		why, err := k.why(ctx, stack)
		if err != nil {
			return step.Progress{}, err
		}
		return step.Progress{Done: true, Left: fmt.Sprintf("Stack %s could not be deleted: %s. Mend that and delete the stack.", name, why)}, nil
	}
	return k.delete(ctx, r, stack)
}

// why is the first resource of the newest attempt that failed. Events come newest
// first, a page of them at a time; what follows the first failure is cancelled and
// says nothing of its own.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
func (k *Kind) why(ctx context.Context, stack *types.Stack) (string, error) {
	why := aws.ToString(stack.StackStatusReason)
	var newest *string // token of the operation that failed
	pages := cloudformation.NewDescribeStackEventsPaginator(k.stacks, &cloudformation.DescribeStackEventsInput{StackName: stack.StackId})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("read the events of stack %s: %w", aws.ToString(stack.StackName), err)
		}
		for _, event := range page.StackEvents {
			if !slices.Contains(failures, event.ResourceStatus) {
				continue
			}
			if newest == nil {
				newest = event.ClientRequestToken
			}
			if aws.ToString(event.ClientRequestToken) == aws.ToString(newest) && event.ResourceStatusReason != nil {
				why = fmt.Sprintf("%s (%s): %s", aws.ToString(event.LogicalResourceId), aws.ToString(event.ResourceType), aws.ToString(event.ResourceStatusReason))
			}
		}
	}
	return strings.TrimSuffix(why, "."), nil
}

var failures = []types.ResourceStatus{types.ResourceStatusCreateFailed, types.ResourceStatusDeleteFailed}

// Check has CloudFormation read the template, and compares what it takes with what
// the plan gives. Whether the role may make the resources shows only in making them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.CreateStack) ([]string, error) {
	var problems []string
	if spec.Role == "" {
		problems = append(problems, fmt.Sprintf("Stack %s would be made with the step's own rights, which make no resources: write the \"role\" that CloudFormation takes on.", spec.Stack))
	}
	out, err := k.stacks.ValidateTemplate(ctx, &cloudformation.ValidateTemplateInput{TemplateURL: aws.String(spec.Template)})
	if err != nil {
		return append(problems, fmt.Sprintf("The template %s is not valid, or cannot be read: %v.", spec.Template, err)), nil
	}
	problems = append(problems, unfit(spec, out)...)
	names := []string{spec.Stack}
	if r.Drill != nil {
		names = append(names, r.Drill.Named(spec.Stack))
	}
	for _, name := range names {
		stack, err := k.find(ctx, name)
		if err != nil {
			return problems, err
		}
		if stack != nil && tags(stack)[lineage.Plan] != r.Plan {
			problems = append(problems, fmt.Sprintf("A stack %s is there that no run of the plan made: give the plan's stack another name.", name))
		}
	}
	return problems, nil
}

// unfit is where the template and the plan do not fit together.
func unfit(spec plan.CreateStack, template *cloudformation.ValidateTemplateOutput) []string {
	var problems []string
	known := map[string]bool{}
	for _, p := range template.Parameters {
		key := aws.ToString(p.ParameterKey)
		known[key] = true
		if _, given := spec.Parameters[key]; !given && p.DefaultValue == nil {
			problems = append(problems, fmt.Sprintf("The template needs a value of %s: write it under \"parameters\".", key))
		}
	}
	for key := range spec.Parameters {
		if !known[key] {
			problems = append(problems, fmt.Sprintf("The template has no parameter %s: correct the plan's \"parameters\".", key))
		}
	}
	for _, needed := range template.Capabilities {
		if !slices.Contains(spec.Capabilities, string(needed)) && !slices.Contains(spec.Capabilities, string(types.CapabilityCapabilityNamedIam)) {
			problems = append(problems, fmt.Sprintf("The template needs %s: %s. Write it under \"capabilities\" if that is meant.", needed, aws.ToString(template.CapabilitiesReason)))
		}
	}
	slices.Sort(problems)
	return problems
}
