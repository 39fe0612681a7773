package fence

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// server is an instance that the fence's tags choose.
type server struct {
	ec2   servers
	by    string
	id    string
	group string // Auto Scaling group that it belongs to; empty: none
	state types.InstanceStateName
	was   string
}

// running is all that a note on an instance says.
const running = "running"

func (in region) lookServers(ctx context.Context, by string, spec plan.Fence) ([]thing, error) {
	if spec.Instances == nil {
		return nil, nil
	}
	found, err := in.chosen(ctx, by, *spec.Instances)
	if err != nil {
		return nil, err
	}
	var all []thing
	for _, s := range found {
		if !slices.Contains(spec.Groups, s.group) { // those the group itself ends
			all = append(all, s)
		}
	}
	return all, nil
}

// chosen are the instances that the tags choose, in whatever state but gone.
func (in region) chosen(ctx context.Context, by string, selector plan.Selector) ([]*server, error) {
	filters := []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "stopping", "stopped"}}}
	for _, key := range slices.Sorted(maps.Keys(selector.Tags)) {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{selector.Tags[key]}})
	}
	var found []*server
	pages := ec2.NewDescribeInstancesPaginator(in.servers, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for the instances to stop: %w", err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				s := &server{ec2: in.servers, by: by, id: aws.ToString(i.InstanceId), state: i.State.Name}
				for _, t := range i.Tags {
					switch aws.ToString(t.Key) {
					case tag:
						s.was = read(by, aws.ToString(t.Value))
					case "aws:autoscaling:groupName": // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
						s.group = aws.ToString(t.Value)
					}
				}
				found = append(found, s)
			}
		}
	}
	return found, nil
}

func (s *server) name() string  { return "instance " + s.id }
func (s *server) noted() string { return s.was }
func (s *server) shut() bool    { return s.state == types.InstanceStateNameStopped }

// open: one that is still starting cannot be stopped yet.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
func (s *server) open() bool { return s.state == types.InstanceStateNameRunning }

func (s *server) restored() bool { return s.state == types.InstanceStateNameRunning }

func (s *server) remember(ctx context.Context) error {
	_, err := s.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{s.id}, Tags: []types.Tag{{Key: aws.String(tag), Value: aws.String(note(s.by, running))}},
	})
	return err
}

func (s *server) close(ctx context.Context) error {
	_, err := s.ec2.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{s.id}})
	return err
}

// restore starts it; one that is still stopping cannot be started yet.
func (s *server) restore(ctx context.Context) error {
	if s.state != types.InstanceStateNameStopped {
		return nil
	}
	_, err := s.ec2.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{s.id}})
	return err
}

func (s *server) forget(ctx context.Context) error {
	_, err := s.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{s.id}, Tags: []types.Tag{{Key: aws.String(tag)}}})
	return err
}
