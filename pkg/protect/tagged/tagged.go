// Package tagged is EC2's side of lineage: tags as EC2 writes, lists and filters
// them, and the mark of retention. Snapshots and images share it.
//
// It guarantees that only points which a listing by lineage tags found are ever
// marked: it takes points, never a filter.
package tagged

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
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
