package scalegroup

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// service is an ECS service.
type service struct {
	api     services
	cluster string
	found   types.Service
}

// active is the status of a service that is not being deleted.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
const active = "ACTIVE"

func (k *Kind) service(ctx context.Context, cluster, name string) (fleet, error) {
	out, err := k.services.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(cluster), Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil {
		return nil, fmt.Errorf("look at service %s: %w", name, err)
	}
	if len(out.Services) == 0 || aws.ToString(out.Services[0].Status) != active {
		return nil, step.Permanent("there is no active ECS service %s in cluster %s of the region: make it before the disaster, or correct the plan's \"service\"", name, cluster)
	}
	return service{k.services, cluster, out.Services[0]}, nil
}

func (s service) size() size   { return size{desired: int(s.found.DesiredCount)} }
func (s service) serving() int { return int(s.found.RunningCount) }

func (s service) tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range s.found.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

func (s service) remember(ctx context.Context, note string) error {
	_, err := s.api.TagResource(ctx, &ecs.TagResourceInput{
		ResourceArn: s.found.ServiceArn, Tags: []types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(note)}},
	})
	if err != nil {
		return fmt.Errorf("note the size of service %s: %w", aws.ToString(s.found.ServiceName), err)
	}
	return nil
}

func (s service) resize(ctx context.Context, to size) error {
	_, err := s.api.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: aws.String(s.cluster), Service: s.found.ServiceName, DesiredCount: aws.Int32(int32(to.desired)),
	})
	if err != nil {
		return fmt.Errorf("give service %s %s: %w", aws.ToString(s.found.ServiceName), to.words(), err)
	}
	return nil
}

func (s service) forget(ctx context.Context) error {
	_, err := s.api.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: s.found.ServiceArn, TagKeys: []string{lineage.Before}})
	if err != nil {
		return fmt.Errorf("remove the note of the size of service %s: %w", aws.ToString(s.found.ServiceName), err)
	}
	return nil
}
