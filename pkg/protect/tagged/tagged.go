// Package tagged is EC2's side of lineage: tags as EC2 writes, lists and filters
// them, and the mark of retention. Snapshots and images share it.
//
// It guarantees that only points which a listing by lineage tags found are ever
// marked: it takes points, never a filter.
package tagged

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// Of is tags as a map.
func Of(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}

// On are the tags that a create or copy call writes on what it makes.
func On(resource types.ResourceType, tags map[string]string) types.TagSpecification {
	list := make([]types.Tag, 0, len(tags))
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return types.TagSpecification{ResourceType: resource, Tags: list}
}

// Filters select what carries all these tags.
func Filters(tags map[string]string) []types.Filter {
	filters := make([]types.Filter, 0, len(tags)+1)
	for key, value := range tags {
		filters = append(filters, Filter("tag:"+key, value))
	}
	slices.SortFunc(filters, func(a, b types.Filter) int { return cmp.Compare(*a.Name, *b.Name) })
	return filters
}

// Filter selects by one property.
func Filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// Lineage selects what Pilotlight made for a policy.
func Lineage(plan, policy string) []types.Filter {
	return Filters(map[string]string{lineage.Plan: plan, lineage.Policy: policy})
}

// marking is what Mark and Unmark need of EC2.
type marking interface {
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
}

// perCall is how many resources one CreateTags or DeleteTags call takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
const perCall = 1000

// Mark writes the time of deletion on points, an image's snapshots included: a
// person who looks at one of them alone should see it too.
func Mark(ctx context.Context, api marking, verdicts []retention.Verdict, now time.Time) error {
	at := now.Add(retention.Grace).UTC().Format(time.RFC3339)
	for ids := range slices.Chunk(idsOf(verdicts), perCall) {
		if _, err := api.CreateTags(ctx, &ec2.CreateTagsInput{
			Resources: ids,
			Tags:      []types.Tag{{Key: aws.String(lineage.Retire), Value: aws.String(at)}},
		}); err != nil {
			return fmt.Errorf("mark %d points for deletion: %w", len(ids), err)
		}
	}
	return nil
}

// Unmark takes the time of deletion off points.
func Unmark(ctx context.Context, api marking, verdicts []retention.Verdict) error {
	for ids := range slices.Chunk(idsOf(verdicts), perCall) {
		if _, err := api.DeleteTags(ctx, &ec2.DeleteTagsInput{
			Resources: ids,
			Tags:      []types.Tag{{Key: aws.String(lineage.Retire)}},
		}); err != nil {
			return fmt.Errorf("take the mark off %d points: %w", len(ids), err)
		}
	}
	return nil
}

func idsOf(verdicts []retention.Verdict) []string {
	var ids []string
	for _, v := range verdicts {
		ids = append(append(ids, v.Point.ID), v.Point.Parts...)
	}
	return ids
}
