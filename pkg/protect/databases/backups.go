package databases

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// keptDays is how long replicated backups are kept when the policy does not say.
const keptDays = 7

// Statuses of an automated backup: one that is replicated, and one that no
// instance adds to any more, because it was deleted or replication was stopped.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.Describe.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceAutomatedBackup.html
const (
	replicating = "replicating"
	retained    = "retained"
)

// replicate starts the replication of the database's automated backups, unless
// something stands in its way or it is there. It is never stopped and never
// started anew: RDS would begin with a full copy, and be without a point until then.
func (p *pass) replicate(ctx context.Context) error {
	backups, unlisted := p.replicated(ctx)
	source, unreachable := p.source(ctx)
	if unlisted != nil || source == nil {
		return p.settle(ctx, unlisted, unreachable)
	}
	if why := p.unhealthy(source, backups); why != "" {
		p.problem("%s", why)
	}
	if p.obstacle(source) != "" || running(backups, source) != nil {
		return nil
	}
	if !p.encryptable(ctx, source) {
		return nil
	}
	return p.settle(ctx, p.start(ctx, source))
}

// replicated are the backups of the policy's database on the other side. They are
// known by its name and region, also when nobody can be asked for the database.
func (p *pass) replicated(ctx context.Context) ([]types.DBInstanceAutomatedBackup, error) {
	all, err := p.to.automated(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the automated backups in %s: %w", p.To.Region, err)
	}
	return slices.DeleteFunc(slices.Clone(all), func(b types.DBInstanceAutomatedBackup) bool {
		return !strings.EqualFold(aws.ToString(b.DBInstanceIdentifier), p.name()) || aws.ToString(b.Region) != p.From.Region
	}), nil
}

// running is the replication of this very database: one that had its name before
// has another resource id.
func running(backups []types.DBInstanceAutomatedBackup, source *database) *types.DBInstanceAutomatedBackup {
	for i, b := range backups {
		if aws.ToString(b.DbiResourceId) == source.resource && aws.ToString(b.Status) != retained {
			return &backups[i]
		}
	}
	return nil
}

// newest is the backup that holds the newest data; nil: there is none.
func newest(backups []types.DBInstanceAutomatedBackup) *types.DBInstanceAutomatedBackup {
	var found *types.DBInstanceAutomatedBackup
	for i, b := range backups {
		if found == nil || latest(&b).After(latest(found)) {
			found = &backups[i]
		}
	}
	return found
}

// latest is the latest moment that a backup can be restored to; zero: none yet.
func latest(b *types.DBInstanceAutomatedBackup) time.Time {
	if b == nil || b.RestoreWindow == nil {
		return time.Time{}
	}
	return aws.ToTime(b.RestoreWindow.LatestTime)
}

// obstacle is why no replication can be started.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.Enable.html
func (p *pass) obstacle(source *database) string {
	switch {
	case strings.HasPrefix(source.engine, "aurora"):
		return fmt.Sprintf("%s is part of an Aurora cluster, whose backups RDS does not replicate: write cluster: NAME and by: snapshots", source.name)
	case p.From.Account != p.To.Account:
		return fmt.Sprintf("RDS replicates the backups of %s within its account alone: write by: snapshots", source.name)
	case source.days == 0:
		return fmt.Sprintf("automated backups of %s are off: set its backup retention period to 1 day or more, or write by: snapshots", source.name)
	}
	return ""
}

// unhealthy is what is wrong with the replication, in words; empty: nothing.
func (p *pass) unhealthy(source *database, backups []types.DBInstanceAutomatedBackup) string {
	if why := p.obstacle(source); why != "" {
		return why
	}
	b := running(backups, source)
	switch {
	case b == nil && len(backups) > 0:
		return fmt.Sprintf("the replication of %s to %s was stopped, or was of a database that is gone: it is started again from nothing", source.name, p.To.Region)
	case b == nil:
		return ""
	case aws.ToInt32(b.BackupRetentionPeriod) != p.days():
		return fmt.Sprintf("backups of %s in %s are kept for %d days, and the policy says %d: RDS sets this when the replication starts, so stop it by hand when you can be without it, or write within: %dd",
			source.name, p.To.Region, aws.ToInt32(b.BackupRetentionPeriod), p.days(), aws.ToInt32(b.BackupRetentionPeriod))
	case !slices.Contains([]string{replicating, "active", "creating", "pending"}, strings.ToLower(aws.ToString(b.Status))):
		return fmt.Sprintf("the replication of %s to %s is %q: RDS's events say why", source.name, p.To.Region, aws.ToString(b.Status))
	}
	return ""
}

func (p *pass) start(ctx context.Context, source *database) error {
	in := &rds.StartDBInstanceAutomatedBackupsReplicationInput{
		SourceDBInstanceArn:   aws.String(source.arn),
		BackupRetentionPeriod: aws.Int32(p.days()),
		Tags:                  tagList(with(source.tags, lineage.DatabaseTags(p.Plan, lineage.Point{Policy: p.Policy.Name, Origin: source.arn, TakenAt: p.Now}))),
	}
	if source.encrypted {
		in.KmsKeyId = aws.String(keyARN(cmp.Or(p.Key(), defaultKey), source.arn, p.To.Region))
	}
	_, err := p.to.StartDBInstanceAutomatedBackupsReplication(ctx, in)
	switch {
	case err == nil:
		p.result.Copied++
		p.log.Info("replication of backups started", "region", p.To.Region, "database", source.name)
	case failure.Code(err) == keyless:
		p.problem("backups of %s cannot be encrypted in %s with %s: %v", source.name, p.To.Region, aws.ToString(in.KmsKeyId), err)
	case protect.Later(err):
		p.result.Waiting++
	case unsupported[failure.Code(err)]:
		p.problem("RDS does not replicate the backups of %s (%s %s) from %s to %s: write by: snapshots, unless its answer says otherwise: %v", source.name, source.engine, source.version, p.From.Region, p.To.Region, err)
	default:
		return fmt.Errorf("start the replication of the backups of %s to %s: %w", source.name, p.To.Region, err)
	}
	return nil
}

// unsupported are the codes with which RDS says that it does not do this engine,
// version, storage or pair of regions.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.RDS_Fea_Regions_DB-eng.Feature.CrossRegionAutomatedBackups.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
var unsupported = map[string]bool{
	"InvalidParameterValue":       true,
	"InvalidParameterCombination": true,
	"StorageTypeNotSupported":     true,
	"UnsupportedOperation":        true,
}

// days is how long replicated backups are kept.
func (p *pass) days() int32 {
	if within := p.Policy.Keep.Within.D(); within > 0 {
		return int32((within + 24*time.Hour - 1) / (24 * time.Hour))
	}
	return keptDays
}

// keyARN is a key as this one call wants it: by ARN, in the source's account.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
func keyARN(key, source, region string) string {
	of, err := arn.Parse(source)
	if err != nil || arn.IsARN(key) {
		return key
	}
	if !strings.HasPrefix(key, "alias/") {
		key = "key/" + key
	}
	return arn.ARN{Partition: of.Partition, Service: "kms", Region: region, AccountID: of.AccountID, Resource: key}.String()
}
