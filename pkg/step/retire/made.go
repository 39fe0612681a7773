package retire

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// made removes what earlier runs of the plan made: databases and instances, then
// volumes, which are free once the instances are gone.
func (s side) made(ctx context.Context, r step.Run) (wait []string, err error) {
	names, err := s.ownDatabases(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		more, err := s.database(ctx, r, name)
		if err != nil {
			return nil, err
		}
		wait = append(wait, more...)
	}
	instances, err := s.instances(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(instances.alive) > 0 {
		return append(wait, fmt.Sprintf("%d instances are terminated", len(instances.alive))), s.terminate(ctx, r, instances)
	}
	if instances.dying > 0 {
		return append(wait, fmt.Sprintf("%d instances are terminated", instances.dying)), nil
	}
	more, err := s.volumesOf(ctx, r, instances)
	return append(wait, more...), err
}

// found are instances that earlier runs made.
type found struct {
	alive []string
	bare  []string // of those, the ones that this step has not marked
	dying int
	dead  []string // that this step has terminated, as long as EC2 shows them
	all   []string // in whatever state
}

func (s side) instances(ctx context.Context, r step.Run) (found, error) {
	var f found
	pages := ec2.NewDescribeInstancesPaginator(s.ec2, &ec2.DescribeInstancesInput{Filters: ofPlan(r)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found{}, fmt.Errorf("list the instances in %s: %w", s.region, err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				f.add(r, i)
			}
		}
	}
	return f, nil
}

func (f *found) add(r step.Run, i ec2types.Instance) {
	tags := ec2Tags(i.Tags)
	if !earlier(r, tags) {
		return
	}
	f.all = append(f.all, aws.ToString(i.InstanceId))
	switch i.State.Name {
	case ec2types.InstanceStateNameTerminated:
		if tags[lineage.Before] == mark(r) {
			f.dead = append(f.dead, aws.ToString(i.InstanceId))
		}
	case ec2types.InstanceStateNameShuttingDown:
		f.dying++
	default:
		f.alive = append(f.alive, aws.ToString(i.InstanceId))
		if tags[lineage.Before] != mark(r) {
			f.bare = append(f.bare, aws.ToString(i.InstanceId))
		}
	}
}

// terminate marks the instances and then ends them, so that Undo knows which were
// this step's: a terminated instance keeps its tags for an hour or so.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
func (s side) terminate(ctx context.Context, r step.Run, f found) error {
	if len(f.bare) > 0 {
		_, err := s.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: f.bare, Tags: []ec2types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(mark(r))}}})
		if err != nil {
			return fmt.Errorf("mark instances: %w", err)
		}
	}
	_, err := s.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: f.alive})
	if failure.Code(err) == "OperationNotPermitted" { // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
		return step.Permanent("an instance of %v is protected from termination: turn the protection off when it may go, and retry: %v", f.alive, err)
	}
	if err != nil {
		return fmt.Errorf("terminate %v: %w", f.alive, err)
	}
	return nil
}

func mark(r step.Run) string { return "removed by " + r.ID + "/" + r.Step }

func ofPlan(r step.Run) []ec2types.Filter {
	return []ec2types.Filter{
		{Name: aws.String("tag:" + lineage.Plan), Values: []string{r.Plan}},
		{Name: aws.String("tag-key"), Values: []string{lineage.Run}},
	}
}

func ec2Tags(tags []ec2types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}

func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
