package fence

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// database is an RDS instance that the fence names.
type database struct {
	rds     databases
	by      string
	id, arn string
	vpc     string
	cluster string   // that it is a member of; empty: none
	admits  []string // security groups, sorted
	wall    string   // the one that admits nobody
	was     string
}

func (in region) lookDatabases(ctx context.Context, by string, spec plan.Fence) ([]thing, error) {
	found, err := in.present(ctx, by, spec)
	var all []thing
	for _, d := range found {
		all = append(all, d)
	}
	return all, err
}

// present are the databases that are there. A plan names both the one that serves
// today and the one that will after a failback, of which there is one at a time; that
// there is none is a mistake.
func (in region) present(ctx context.Context, by string, spec plan.Fence) ([]*database, error) {
	var all []*database
	for _, name := range spec.Databases {
		d, err := in.database(ctx, by, name, spec.SecurityGroup)
		if failure.Code(err) == "DBInstanceNotFound" {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	if len(all) == 0 && len(spec.Databases) > 0 {
		return nil, step.Permanent("there is no database %s: name one that is there under fence.databases, or take it out", strings.Join(spec.Databases, ", nor "))
	}
	return all, nil
}

func (in region) database(ctx context.Context, by, name, wall string) (*database, error) {
	out, err := in.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	if err != nil {
		return nil, fmt.Errorf("look at database %s: %w", name, err)
	}
	if len(out.DBInstances) != 1 {
		return nil, fmt.Errorf("look at database %s: RDS answered with %d", name, len(out.DBInstances))
	}
	found := out.DBInstances[0]
	d := &database{
		rds: in.databases, by: by, id: name, arn: aws.ToString(found.DBInstanceArn), cluster: aws.ToString(found.DBClusterIdentifier), wall: wall,
	}
	if found.DBSubnetGroup != nil {
		d.vpc = aws.ToString(found.DBSubnetGroup.VpcId)
	}
	for _, group := range found.VpcSecurityGroups {
		d.admits = append(d.admits, aws.ToString(group.VpcSecurityGroupId))
	}
	slices.Sort(d.admits)
	for _, t := range found.TagList {
		if aws.ToString(t.Key) == tag {
			d.was = read(by, aws.ToString(t.Value))
		}
	}
	return d, nil
}

func (d *database) name() string   { return "database " + d.id }
func (d *database) noted() string  { return d.was }
func (d *database) now() string    { return strings.Join(d.admits, " ") }
func (d *database) open() bool     { return d.now() != d.wall }
func (d *database) shut() bool     { return !d.open() }
func (d *database) restored() bool { return d.now() == d.was }

func (d *database) remember(ctx context.Context) error {
	_, err := d.rds.AddTagsToResource(ctx, &rds.AddTagsToResourceInput{
		ResourceName: aws.String(d.arn), Tags: []types.Tag{{Key: aws.String(tag), Value: aws.String(note(d.by, d.now()))}},
	})
	return err
}

func (d *database) close(ctx context.Context) error { return d.behind(ctx, d.wall) }

func (d *database) restore(ctx context.Context) error {
	return d.behind(ctx, strings.Fields(d.was)...)
}

// behind replaces all its security groups. That waits for no maintenance window, and
// restarts nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
func (d *database) behind(ctx context.Context, groups ...string) error {
	_, err := d.rds.ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: aws.String(d.id), VpcSecurityGroupIds: groups, ApplyImmediately: aws.Bool(true),
	})
	return err
}

func (d *database) forget(ctx context.Context) error {
	_, err := d.rds.RemoveTagsFromResource(ctx, &rds.RemoveTagsFromResourceInput{ResourceName: aws.String(d.arn), TagKeys: []string{tag}})
	return err
}
