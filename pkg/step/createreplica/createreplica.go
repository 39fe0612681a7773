// Package createreplica is the step kind create-replica: it makes an RDS read
// replica of a database of the other region and waits until it follows closely. That
// is how a failback seeds the side that users return to, and, with stand-by, how the
// region that is left stands by again.
//
// It guarantees one replica however often it is asked, because its name is looked
// for first, and that no database which is something else is touched. It needs
// both regions, so it belongs into no unplanned run, and it does not promote.
package createreplica

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Kind acts in the two regions of a run.
type Kind struct{ cfg aws.Config }

// New wires the kind to AWS. The regions are those of the run.
func New(cfg aws.Config) *Kind { return &Kind{cfg} }

// seats are where the source is and where the replica goes.
type seats struct {
	from, to string // regions
	source   *rds.Client
	replica  *rds.Client
	metrics  *cloudwatch.Client // where the replica is
}

func (k *Kind) seats(r step.Run, spec plan.CreateReplica) seats {
	s := seats{from: r.Primary, to: r.Recovery}
	if spec.StandBy {
		s.from, s.to = s.to, s.from
	}
	s.source = rds.NewFromConfig(k.cfg, func(o *rds.Options) { o.Region = s.from })
	s.replica = rds.NewFromConfig(k.cfg, func(o *rds.Options) { o.Region = s.to })
	s.metrics = cloudwatch.NewFromConfig(k.cfg, func(o *cloudwatch.Options) { o.Region = s.to })
	return s
}

// mostLag is how far behind a replica may be when the plan does not say.
const mostLag = time.Minute

// Advance creates the replica and waits until it follows.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.CreateReplica) (step.Progress, error) {
	switch {
	case r.Drill != nil:
		return step.Progress{Done: true, Detail: "left out in a drill: a replica is a load on " + spec.Source + ", which serves"}, nil
	case r.Mode == run.Unplanned:
		return step.Progress{}, step.Permanent("a replica needs both regions, and an unplanned run waits for none: put create-replica into failback, or skip it")
	}
	at := k.seats(r, spec)
	replica, err := find(ctx, at.replica, spec.Replica)
	if err != nil {
		return step.Progress{}, err
	}
	if replica == nil {
		return at.create(ctx, r, spec)
	}
	status := aws.ToString(replica.DBInstanceStatus)
	switch {
	case status == "deleting":
		return pending("a database %s is being deleted; the name is free once it is gone", spec.Replica), nil
	case status == "creating" && r.Mine(tagMap(replica.TagList)): // it may not name its source yet
		return pending("replica %s is %s", spec.Replica, status), nil
	case !at.follows(replica, spec.Source):
		return step.Progress{}, at.other(spec)
	case broken(status):
		return step.Progress{}, step.Permanent("replica %s is %s, which RDS does not leave by itself: delete it and retry", spec.Replica, status)
	case status != "available":
		return pending("replica %s is %s", spec.Replica, status), nil
	}
	behind, why, err := at.behind(ctx, spec.Replica, r.Now)
	most := cmp.Or(spec.Lag.D(), mostLag)
	switch {
	case err != nil:
		return step.Progress{}, err
	case why != "":
		return step.Pending(why), nil
	case behind > most:
		return pending("replica %s is %s behind %s; waiting until it is at most %s", spec.Replica, behind, spec.Source, most), nil
	}
	return step.Progress{Done: true, Detail: fmt.Sprintf("replica %s in %s follows %s, %s behind", spec.Replica, at.to, spec.Source, behind)}, nil
}

// create asks RDS for the replica. It takes no token; a name in use is refused, so
// that a call which is repeated makes nothing. The region goes with the ARN, so that
// the SDK signs the request which RDS hands on to the source's region.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
func (s seats) create(ctx context.Context, r step.Run, spec plan.CreateReplica) (step.Progress, error) {
	source, err := find(ctx, s.source, spec.Source)
	if err != nil {
		return step.Progress{}, err
	}
	if why := s.unfit(source, spec); why != "" {
		return step.Progress{}, step.Permanent("%s", why)
	}
	in := &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String(strings.ToLower(spec.Replica)), SourceDBInstanceIdentifier: source.DBInstanceArn,
		DBInstanceClass: aws.String(cmp.Or(spec.Class, aws.ToString(source.DBInstanceClass))), DBSubnetGroupName: optional(spec.SubnetGroup),
		VpcSecurityGroupIds: spec.SecurityGroups, DBParameterGroupName: optional(spec.ParameterGroup), KmsKeyId: optional(spec.Key),
		CopyTagsToSnapshot: aws.Bool(true), PubliclyAccessible: aws.Bool(false), Tags: tagList(r.Made()),
	}
	if s.from != s.to {
		in.SourceRegion = aws.String(s.from)
	}
	_, err = s.replica.CreateDBInstanceReadReplica(ctx, in)
	var twice *types.DBInstanceAlreadyExistsFault
	var state *types.InvalidDBInstanceStateFault
	if errors.As(err, &twice) || errors.As(err, &state) {
		return pending("replica %s of %s: looking again", spec.Replica, spec.Source), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("create replica %s of %s: %w", spec.Replica, spec.Source, err)
	}
	return pending("replica %s of %s is created in %s", spec.Replica, spec.Source, s.to), nil
}

// unfit is why no replica can be made of the source; empty: it can.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html
func (s seats) unfit(source *types.DBInstance, spec plan.CreateReplica) string {
	switch {
	case source == nil:
		return fmt.Sprintf("there is no database %s in %s: correct the plan's \"source\"", spec.Source, s.from)
	case aws.ToInt32(source.BackupRetentionPeriod) == 0:
		return fmt.Sprintf("automated backups of %s are off, and RDS makes no replica without them: set its backup retention period to 1 day or more", spec.Source)
	case aws.ToBool(source.StorageEncrypted) && spec.Key == "" && s.from != s.to:
		return fmt.Sprintf("%s is encrypted, and its replica in %s needs a key of that region: write \"key\"", spec.Source, s.to)
	}
	return ""
}

// follows says whether the instance is a replica of the source. RDS names a source
// in another region by ARN.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
func (s seats) follows(db *types.DBInstance, source string) bool {
	of := aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier)
	if s.from == s.to {
		return strings.EqualFold(of[strings.LastIndex(of, ":")+1:], source)
	}
	return strings.Contains(of, ":"+s.from+":") && strings.HasSuffix(strings.ToLower(of), ":db:"+strings.ToLower(source))
}

func (s seats) other(spec plan.CreateReplica) error {
	return step.Permanent("the database %s in %s is no replica of %s: write another \"replica\", or retire %s when nobody needs it, and retry", spec.Replica, s.to, spec.Source, spec.Replica)
}

// find answers nil when there is no instance of that name.
func find(ctx context.Context, in *rds.Client, name string) (*types.DBInstance, error) {
	out, err := in.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	var unknown *types.DBInstanceNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBInstances) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at database %s: %w", name, err)
	}
	return &out.DBInstances[0], nil
}

// broken is a status that only a person ends.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func broken(status string) bool {
	switch status {
	case "failed", "storage-full", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable":
		return true
	}
	return strings.HasPrefix(status, "incompatible-")
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

func pending(format string, args ...any) step.Progress {
	return step.Pending(fmt.Sprintf(format, args...))
}
