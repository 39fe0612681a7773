// Package remains finds what drills have made, by reading AWS by the drill's tag:
// no list of our own can go stale, and what somebody else removed is not in it.
//
// It changes nothing. It sees what carries tags, in one region: a record in a hosted
// zone has none, and is the shift-traffic step's own to take back and to look at.
package remains

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Remains looks in any region.
type Remains struct{ in func(region string) look }

// New looks with cfg's credentials.
func New(cfg aws.Config) Remains {
	return Remains{func(region string) look {
		there := cfg.Copy()
		there.Region = region
		return look{ec2.NewFromConfig(there), rds.NewFromConfig(there), autoscaling.NewFromConfig(there), tagging.NewFromConfig(there)}
	}}
}

// look is one look at one region.
type look struct {
	ec2 interface {
		ec2.DescribeInstancesAPIClient
		ec2.DescribeVolumesAPIClient
	}
	rds interface {
		rds.DescribeDBInstancesAPIClient
		rds.DescribeDBClustersAPIClient
	}
	groups autoscaling.DescribeAutoScalingGroupsAPIClient
	tagged tagging.GetResourcesAPIClient
}

// List is what any drill of a plan has made and is there now. Everything that is
// paid for by the hour is asked of its own service: the tagging API also tells of what
// is gone already, an instance for an hour, and knows no Auto Scaling groups.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
func (r Remains) List(ctx context.Context, region, plan string) ([]drill.Leftover, error) {
	at := r.in(region)
	var all []drill.Leftover
	for _, kind := range []func(context.Context, found) error{at.instances, at.volumes, at.databases, at.clusters, at.scaling, at.others} {
		err := kind(ctx, func(resource string, tags map[string]string) {
			if tags[lineage.Plan] == plan && tags[lineage.Drill] != "" {
				all = append(all, leftover(resource, tags))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Of is what one drill has left in a region.
func (r Remains) Of(ctx context.Context, region, plan, run string) ([]drill.Leftover, error) {
	all, err := r.List(ctx, region, plan)
	of := []drill.Leftover{}
	for _, l := range all {
		if l.Run == run {
			of = append(of, l)
		}
	}
	return of, err
}

// found is told of one thing and its tags.
type found func(resource string, tags map[string]string)

func leftover(resource string, tags map[string]string) drill.Leftover {
	expires, err := time.Parse(time.RFC3339, tags[lineage.Expires])
	if err != nil {
		expires = time.Time{} // it does not say: its time is over
	}
	return drill.Leftover{Resource: resource, Run: tags[lineage.Drill], Step: tags[lineage.Step], Expires: expires}
}
