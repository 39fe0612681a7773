// Package inventory reads from AWS everything that a step of a plan can make or
// change, as one line a thing, so that a test can hold AWS after a run against AWS
// before it. What a run may leave by contract is not in it: terminated instances,
// deleted stacks, the versions of a parameter, and which instances an Auto Scaling
// group has, which is the group's own business.
package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Inventory is a line a thing, by kind, region and id.
type Inventory map[string]string

// Read takes the inventory of the regions that the configurations are for, and of
// Route 53.
func Read(ctx context.Context, regions ...aws.Config) (Inventory, error) {
	all := Inventory{}
	for _, cfg := range regions {
		r := reader{cfg, all, map[string]bool{}}
		for _, read := range []func(context.Context) error{r.instances, r.volumes, r.snapshots, r.addresses, r.targets, r.scaled, r.databases, r.databaseSnapshots, r.parameters, r.stacks, r.mappings} {
			if err := read(ctx); err != nil {
				return nil, fmt.Errorf("read the inventory of %s: %w", cfg.Region, err)
			}
		}
	}
	if len(regions) == 0 {
		return all, nil
	}
	return all, reader{cfg: regions[0], all: all}.records(ctx)
}

type reader struct {
	cfg    aws.Config
	all    Inventory
	groups map[string]bool // instances of Auto Scaling groups
}

func (r reader) note(kind string, id *string, format string, args ...any) {
	r.all[kind+" "+aws.ToString(id)+" in "+r.cfg.Region] = fmt.Sprintf(format, args...)
}

// tags as one text, those of AWS's own left out.
func tags(pairs map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		if !strings.HasPrefix(key, "aws:") {
			fmt.Fprintf(&b, " %s=%s", key, pairs[key])
		}
	}
	return b.String()
}

func ec2Tags(list []types.Tag) string {
	pairs := map[string]string{}
	for _, tag := range list {
		pairs[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags(pairs)
}

func (r reader) instances(ctx context.Context) error {
	pages := ec2.NewDescribeInstancesPaginator(ec2.NewFromConfig(r.cfg), &ec2.DescribeInstancesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				for _, tag := range i.Tags {
					r.groups[aws.ToString(i.InstanceId)] = r.groups[aws.ToString(i.InstanceId)] || aws.ToString(tag.Key) == "aws:autoscaling:groupName"
				}
				if i.State.Name != types.InstanceStateNameTerminated && !r.groups[aws.ToString(i.InstanceId)] {
					r.note("instance", i.InstanceId, "%s %s%s", i.InstanceType, i.State.Name, ec2Tags(i.Tags))
				}
			}
		}
	}
	return nil
}

func (r reader) volumes(ctx context.Context) error {
	pages := ec2.NewDescribeVolumesPaginator(ec2.NewFromConfig(r.cfg), &ec2.DescribeVolumesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range page.Volumes {
			// A group's, or one that outlived an instance of it: ours all have tags.
			if len(v.Attachments) > 0 && r.groups[aws.ToString(v.Attachments[0].InstanceId)] || len(v.Attachments) == 0 && len(v.Tags) == 0 {
				continue
			}
			attached := ""
			for _, a := range v.Attachments {
				attached += " " + aws.ToString(a.InstanceId) + ":" + aws.ToString(a.Device)
			}
			r.note("volume", v.VolumeId, "%s%s%s", v.State, attached, ec2Tags(v.Tags))
		}
	}
	return nil
}

func (r reader) snapshots(ctx context.Context) error {
	pages := ec2.NewDescribeSnapshotsPaginator(ec2.NewFromConfig(r.cfg), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.Snapshots {
			r.note("snapshot", s.SnapshotId, "%s", ec2Tags(s.Tags))
		}
	}
	return nil
}

func (r reader) addresses(ctx context.Context) error {
	out, err := ec2.NewFromConfig(r.cfg).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return err
	}
	for _, a := range out.Addresses {
		r.note("address", a.AllocationId, "on %s %s%s", aws.ToString(a.InstanceId), aws.ToString(a.NetworkInterfaceId), ec2Tags(a.Tags))
	}
	return nil
}

func (r reader) targets(ctx context.Context) error {
	client := elb.NewFromConfig(r.cfg)
	out, err := client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{})
	if err != nil {
		return err
	}
	for _, g := range out.TargetGroups {
		health, err := client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
		if err != nil {
			return err
		}
		var targets []string
		for _, t := range health.TargetHealthDescriptions {
			targets = append(targets, aws.ToString(t.Target.Id))
		}
		slices.Sort(targets)
		r.note("target group", g.TargetGroupName, "%v", targets)
	}
	return nil
}

func (r reader) scaled(ctx context.Context) error {
	out, err := autoscaling.NewFromConfig(r.cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil {
		return err
	}
	for _, g := range out.AutoScalingGroups {
		pairs := map[string]string{}
		for _, tag := range g.Tags {
			pairs[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		r.note("group", g.AutoScalingGroupName, "%d to %d, %d wanted, %d suspended%s",
			aws.ToInt32(g.MinSize), aws.ToInt32(g.MaxSize), aws.ToInt32(g.DesiredCapacity), len(g.SuspendedProcesses), tags(pairs))
	}
	return nil
}

func (r reader) databases(ctx context.Context) error {
	client := rds.NewFromConfig(r.cfg)
	out, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	if err != nil {
		return err
	}
	for _, db := range out.DBInstances {
		var groups []string
		for _, g := range db.VpcSecurityGroups {
			groups = append(groups, aws.ToString(g.VpcSecurityGroupId))
		}
		pairs := map[string]string{}
		for _, tag := range db.TagList {
			pairs[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		r.note("database", db.DBInstanceIdentifier, "%s %s, replica of %s, Multi-AZ %t, %v%s", aws.ToString(db.DBInstanceStatus), aws.ToString(db.DBInstanceClass),
			aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier), aws.ToBool(db.MultiAZ), groups, tags(pairs))
	}
	clusters, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil {
		return err
	}
	for _, c := range clusters.DBClusters {
		r.note("database cluster", c.DBClusterIdentifier, "%s, %d members", aws.ToString(c.Status), len(c.DBClusterMembers))
	}
	return nil
}

func (r reader) databaseSnapshots(ctx context.Context) error {
	out, err := rds.NewFromConfig(r.cfg).DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	if err != nil {
		return err
	}
	for _, s := range out.DBSnapshots {
		r.note("database snapshot", s.DBSnapshotIdentifier, "of %s", aws.ToString(s.DBInstanceIdentifier))
	}
	return nil
}

func (r reader) parameters(ctx context.Context) error {
	client := ssm.NewFromConfig(r.cfg)
	pages := ssm.NewDescribeParametersPaginator(client, &ssm.DescribeParametersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.Parameters {
			value, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: p.Name, WithDecryption: aws.Bool(true)})
			if err != nil {
				return err
			}
			tagged, err := client.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: p.Name})
			if err != nil {
				return err
			}
			pairs := map[string]string{}
			for _, tag := range tagged.TagList {
				pairs[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			r.note("parameter", p.Name, "%s%s", aws.ToString(value.Parameter.Value), tags(pairs))
		}
	}
	return nil
}

func (r reader) stacks(ctx context.Context) error {
	out, err := cloudformation.NewFromConfig(r.cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
	if err != nil {
		return err
	}
	for _, s := range out.Stacks {
		if s.StackStatus != cfntypes.StackStatusDeleteComplete {
			r.note("stack", s.StackName, "%s", s.StackStatus)
		}
	}
	return nil
}

func (r reader) records(ctx context.Context) error {
	client := route53.NewFromConfig(r.cfg)
	zones, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	if err != nil {
		return fmt.Errorf("read the inventory of Route 53: %w", err)
	}
	for _, zone := range zones.HostedZones {
		out, err := client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: zone.Id})
		if err != nil {
			return fmt.Errorf("read the inventory of Route 53: %w", err)
		}
		for _, set := range out.ResourceRecordSets {
			if strings.HasPrefix(aws.ToString(set.Name), "_pilotlight.") {
				continue // the note of the newest epoch stays: it fences older runs off
			}
			var values []string
			for _, record := range set.ResourceRecords {
				values = append(values, aws.ToString(record.Value))
			}
			if set.AliasTarget != nil {
				values = append(values, "alias "+aws.ToString(set.AliasTarget.DNSName))
			}
			id := fmt.Sprintf("%s %s %s", aws.ToString(set.Name), set.Type, aws.ToString(set.SetIdentifier))
			r.note("record", &id, "%v, weight %d", values, aws.ToInt64(set.Weight))
		}
	}
	return nil
}
