package resizeinstances

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// remember writes on an instance what it is, once a run.
func (k *Kind) remember(ctx context.Context, r step.Run, i types.Instance) error {
	if _, ok := r.Remembered(tagsOf(i)); ok {
		return nil
	}
	was := fmt.Sprintf("%s %s", i.InstanceType, settled(i.State.Name))
	_, err := k.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{aws.ToString(i.InstanceId)}, Tags: []types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(r.Remember(was))}},
	})
	if err != nil {
		return fmt.Errorf("note what %s is: %w", aws.ToString(i.InstanceId), err)
	}
	return nil
}

// settled is the state that an instance is on its way to.
func settled(state types.InstanceStateName) types.InstanceStateName {
	if state == types.InstanceStateNamePending || state == types.InstanceStateNameRunning {
		return types.InstanceStateNameRunning
	}
	return types.InstanceStateNameStopped
}

// Undo gives every instance that has a note of this step the type and the state that
// the note says. What a drill launched is taken back by the step that launched it.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.ResizeInstances) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("a drill resizes nothing but what it launched"), nil
	}
	found, err := k.look(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	open := 0
	for _, i := range found {
		note, ours := r.Remembered(tagsOf(i))
		if !ours {
			continue
		}
		kind, state, _ := strings.Cut(note, " ")
		open++
		if err := k.giveBack(ctx, i, wish{types.InstanceType(kind), state == string(types.InstanceStateNameRunning)}); err != nil {
			return step.Progress{}, err
		}
	}
	if open > 0 {
		return step.Pending(fmt.Sprintf("%d instances are being given back their type", open)), nil
	}
	return step.Nothing("every instance is as it was"), nil
}

func (k *Kind) giveBack(ctx context.Context, i types.Instance, was wish) error {
	switch {
	case !met(i, was):
		return k.move(ctx, i, was)
	default:
		_, err := k.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{aws.ToString(i.InstanceId)}, Tags: []types.Tag{{Key: aws.String(lineage.Before)}}})
		return err
	}
}

func tagsOf(i types.Instance) map[string]string {
	tags := map[string]string{}
	for _, tag := range i.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}
