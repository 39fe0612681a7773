// Package eventsource is the step kind event-source: it turns the event source
// mapping of a Lambda function on or off, so that a queue or a stream is worked off
// on one side alone.
//
// It guarantees that what the mapping was before the run can be put back: before
// the first change, a tag says so. It makes no mapping, and no event is lost or
// delivered twice because of it. A drill leaves it out: the events are production's.
package eventsource

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	ListEventSourceMappings(context.Context, *lambda.ListEventSourceMappingsInput, ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error)
	UpdateEventSourceMapping(context.Context, *lambda.UpdateEventSourceMappingInput, ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error)
	ListTags(context.Context, *lambda.ListTagsInput, ...func(*lambda.Options)) (*lambda.ListTagsOutput, error)
	TagResource(context.Context, *lambda.TagResourceInput, ...func(*lambda.Options)) (*lambda.TagResourceOutput, error)
	UntagResource(context.Context, *lambda.UntagResourceInput, ...func(*lambda.Options)) (*lambda.UntagResourceOutput, error)
}

// Kind acts in one region.
type Kind struct{ lambda api }

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{lambda.NewFromConfig(cfg)} }

// The states in which a mapping stays; all others are on the way to one of them.
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
const (
	on  = "Enabled"
	off = "Disabled"
)

func wanted(enabled bool) string {
	if enabled {
		return on
	}
	return off
}

// Advance turns every mapping of the function and the source that is not as wanted,
// and waits until all are.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.EventSource) (step.Progress, error) {
	if r.Drill != nil {
		return step.Progress{Done: true, Detail: "left out in a drill: the events of " + spec.Source + " are production's"}, nil
	}
	mappings, err := k.find(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if len(mappings) == 0 {
		return step.Progress{}, step.Permanent("function %s has no event source mapping of %s: make one, turned off", spec.Function, spec.Source)
	}
	done := true
	for _, m := range mappings {
		there, err := k.turn(ctx, m, spec.Enabled, func() error { return k.remember(ctx, r, m) })
		if err != nil {
			return step.Progress{}, err
		}
		done = done && there
	}
	return step.Progress{Done: done, Detail: fmt.Sprintf("%s of %s: %s", spec.Source, spec.Function, states(mappings))}, nil
}

// turn makes the next move to a state and says whether the mapping is there. One
// that is being changed cannot be changed.
func (k *Kind) turn(ctx context.Context, m types.EventSourceMappingConfiguration, enabled bool, first func() error) (there bool, err error) {
	switch aws.ToString(m.State) {
	case wanted(enabled):
		return true, nil
	case on, off:
	default:
		return false, nil
	}
	if err := first(); err != nil {
		return false, err
	}
	_, err = k.lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(enabled)})
	if err != nil {
		return false, fmt.Errorf("turn event source mapping %s: %w", aws.ToString(m.UUID), err)
	}
	return false, nil
}

// Undo turns back what the run turned, and waits for that too.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.EventSource) (step.Progress, error) {
	mappings, err := k.find(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	done := true
	for _, m := range mappings {
		there, err := k.restore(ctx, r, m)
		if err != nil {
			return step.Progress{}, err
		}
		done = done && there
	}
	return step.Progress{Done: done, Detail: fmt.Sprintf("%s of %s: %s", spec.Source, spec.Function, states(mappings))}, nil
}

func (k *Kind) restore(ctx context.Context, r step.Run, m types.EventSourceMappingConfiguration) (there bool, err error) {
	before, changed, err := k.before(ctx, r, m)
	if err != nil || !changed {
		return !changed, err
	}
	there, err = k.turn(ctx, m, before == on, func() error { return nil })
	if err != nil || !there {
		return false, err
	}
	_, err = k.lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: m.EventSourceMappingArn, TagKeys: []string{lineage.Before}})
	if err != nil {
		return false, fmt.Errorf("remove the tag %s of event source mapping %s: %w", lineage.Before, aws.ToString(m.UUID), err)
	}
	return true, nil
}

// Check finds what the step would turn.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.EventSource) ([]string, error) {
	mappings, err := k.find(ctx, spec)
	if err != nil {
		return nil, err
	}
	if len(mappings) == 0 {
		return []string{fmt.Sprintf("Function %s in %s has no event source mapping of %s: make one, turned off.", spec.Function, r.Recovery, spec.Source)}, nil
	}
	return nil, nil
}

// find reads every mapping of the source and takes the function's, also those of its
// versions and aliases: whether a list by the function's name has these, AWS does not
// say.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
func (k *Kind) find(ctx context.Context, spec plan.EventSource) ([]types.EventSourceMappingConfiguration, error) {
	var all []types.EventSourceMappingConfiguration
	pages := lambda.NewListEventSourceMappingsPaginator(k.lambda, &lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(spec.Source)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the event source mappings of %s: %w", spec.Source, err)
		}
		for _, m := range page.EventSourceMappings {
			if name(aws.ToString(m.FunctionArn)) == spec.Function {
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// name is that of the function in its ARN, or in a version's or an alias's:
// arn:aws:lambda:us-west-2:111122223333:function:NAME:live
func name(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 {
		return ""
	}
	return parts[6]
}

// remember tags a mapping with what it is now, unless the run has done so: a tag of
// this run tells how it was before all of the run's steps.
func (k *Kind) remember(ctx context.Context, r step.Run, m types.EventSourceMappingConfiguration) error {
	if _, known, err := k.before(ctx, r, m); known || err != nil {
		return err
	}
	_, err := k.lambda.TagResource(ctx, &lambda.TagResourceInput{
		Resource: m.EventSourceMappingArn, Tags: map[string]string{lineage.Before: r.ID + "/" + aws.ToString(m.State)},
	})
	if err != nil {
		return fmt.Errorf("remember how event source mapping %s was: %w", aws.ToString(m.UUID), err)
	}
	return nil
}

// before is the state that the mapping had before the run changed it.
func (k *Kind) before(ctx context.Context, r step.Run, m types.EventSourceMappingConfiguration) (state string, changed bool, err error) {
	out, err := k.lambda.ListTags(ctx, &lambda.ListTagsInput{Resource: m.EventSourceMappingArn})
	if err != nil {
		return "", false, fmt.Errorf("read the tags of event source mapping %s: %w", aws.ToString(m.UUID), err)
	}
	state, changed = strings.CutPrefix(out.Tags[lineage.Before], r.ID+"/")
	return state, changed, nil
}

func states(mappings []types.EventSourceMappingConfiguration) string {
	var all []string
	for _, m := range mappings {
		all = append(all, aws.ToString(m.State))
	}
	return strings.Join(all, ", ")
}
