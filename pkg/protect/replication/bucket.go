package replication

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// remembered is for how long a failed operation is told. S3 does not try again
// and tells of it once; the object stays behind until somebody acts.
const remembered = 24 * time.Hour

// bucket looks at the pair of a policy. While the recovery side serves, the pair
// is turned round: the replica then needs a rule that leads back.
func (f *sight) bucket(ctx context.Context, from, to side, pass protect.Pass) error {
	named := pass.Policy.Bucket
	p := pair{named.Name, named.Replica}
	if pass.From.Region == pass.Recovery {
		p = pair{named.Replica, named.Name}
	}
	f.ID = p.source
	if to.region != pass.Primary && to.region != pass.Recovery {
		f.say("while %s serves, copies go to %s, and policy %s names no bucket there: leave next out of the plan, or protect bucket %s by a plan of its own",
			from.region, to.region, pass.Policy.Name, p.source)
		return nil
	}
	there, unseen := lookAtReplica(ctx, to, p, pass.Now)
	here, err := lookAtSource(ctx, from, p, pass.Now)
	switch {
	case unseen != nil:
		return f.unseen(pass, unseen, err)
	case err != nil:
		f.Unseen = true
		f.say("bucket %s cannot be read in %s, so its rules are not known: %v", p.source, from.region, err)
		f.measured(there.worst(), pass)
		return nil
	}
	f.judge(p, here, there, pass)
	return nil
}

func (f *sight) judge(p pair, here source, there replica, pass protect.Pass) {
	if !here.versioned {
		f.say("bucket %s keeps no versions, without which nothing is replicated: enable its versioning", p.source)
	}
	switch {
	case there.absent:
		f.say("there is no bucket %s in %s: make it, with versioning, and replicate bucket %s to it", p.replica, pass.To.Region, p.source)
		return
	case !there.versioned:
		f.say("bucket %s keeps no versions, without which nothing is replicated to it: enable its versioning", p.replica)
	}
	rule, why := p.whole(here.rules)
	if rule == nil {
		f.say("%s", why)
		return
	}
	f.problems = append(f.problems, p.lacks(rule, here.encrypted)...)
	if here.failed > 0 {
		f.say("%.0f operations of bucket %s failed to replicate in the last %s, and S3 does not try again: find the objects whose replication status is FAILED, mend the cause, and replicate them with S3 Batch Replication",
			here.failed, p.source, plan.Duration(remembered))
	}
	if metrics := rule.Destination.Metrics; metrics != nil && metrics.Status == types.MetricsStatusEnabled {
		f.measured(there.lags[aws.ToString(rule.ID)], pass)
	}
}

// measured dates the replica by what CloudWatch says of it. S3 goes on publishing
// the latency while there is nothing to replicate, so silence is no good news: of
// a replica that nobody measures nobody can say that it meets an objective.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
func (f *sight) measured(l *lag, pass protect.Pass) {
	if l == nil {
		f.say("CloudWatch in %s has no replication latency of bucket %s from the last %s, so how far behind its replica is cannot be told: see whether the rule replicates at all; new metrics take 15 minutes to appear",
			pass.To.Region, f.ID, plan.Duration(lately))
		return
	}
	f.Newest, f.Usable = l.complete, 1
	if age := pass.Now.Sub(l.complete); age > pass.Policy.RPO.D() {
		f.say("the replica of bucket %s is %s behind, and the RPO is %s: %.0f operations wait", f.ID, plan.Duration(age.Round(time.Second)), pass.Policy.RPO, l.waiting)
	}
}

// source is what the side that serves knows.
type source struct {
	versioned bool
	encrypted bool // with a KMS key, by default
	rules     []types.ReplicationRule
	failed    float64
}

func lookAtSource(ctx context.Context, from side, p pair, now time.Time) (source, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api, bucket := from.s3(), aws.String(p.source)
	versioning, err := api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
	if err != nil {
		return source{}, err
	}
	seen := source{versioned: versioning.Status == types.BucketVersioningStatusEnabled}
	replication, err := api.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: bucket})
	switch {
	case failure.Code(err) == "ReplicationConfigurationNotFoundError": // it has none
	case err != nil:
		return source{}, err
	default:
		seen.rules = replication.ReplicationConfiguration.Rules
	}
	encryption, err := api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	switch {
	case failure.Code(err) == "ServerSideEncryptionConfigurationNotFoundError": // S3's own keys
	case err != nil:
		return source{}, err
	default:
		seen.encrypted = byKMS(encryption.ServerSideEncryptionConfiguration.Rules)
	}
	// Published in the source's region, unlike the others, and only when there is
	// one: no value is no failure.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
	var all []series
	for _, rule := range seen.rules {
		all = append(all, p.series(failed, "Sum", time.Hour, aws.ToString(rule.ID)))
	}
	if len(all) == 0 {
		return seen, nil
	}
	values, err := read(ctx, from.cloudwatch(), now.Add(-remembered), now, all...)
	for _, rule := range values {
		for _, hour := range rule {
			seen.failed += hour.Amount
		}
	}
	return seen, err
}

func byKMS(rules []types.ServerSideEncryptionRule) bool {
	for _, rule := range rules {
		if by := rule.ApplyServerSideEncryptionByDefault; by != nil && by.SSEAlgorithm != types.ServerSideEncryptionAes256 {
			return true
		}
	}
	return false
}

// replica is what the side that copies go to knows.
type replica struct {
	absent, versioned bool
	lags              map[string]*lag // by rule
}

// lag is how far a rule was behind when it was last measured.
type lag struct {
	complete time.Time // everything that was written before is in the replica
	waiting  float64   // operations
}

// worst is the lag of the rule that is the furthest behind; nil: none is known.
func (r replica) worst() *lag {
	var worst *lag
	for _, l := range r.lags {
		if worst == nil || l.complete.Before(worst.complete) {
			worst = l
		}
	}
	return worst
}

func lookAtReplica(ctx context.Context, to side, p pair, now time.Time) (replica, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	versioning, err := to.s3().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(p.replica)})
	switch code := failure.Code(err); {
	case code == "NoSuchBucket" || code == "PermanentRedirect": // the other one: it is in another region
		return replica{absent: true}, nil
	case err != nil:
		return replica{}, fmt.Errorf("read bucket %s in %s: %w", p.replica, to.region, err)
	}
	seen := replica{versioned: versioning.Status == types.BucketVersioningStatusEnabled, lags: map[string]*lag{}}
	rules, err := p.measuredRules(ctx, to.cloudwatch())
	if err != nil || len(rules) == 0 {
		return seen, err
	}
	var all []series
	for _, rule := range rules {
		all = append(all, p.series(latency, "Maximum", resolution, rule), p.series(pending, "Maximum", resolution, rule))
	}
	values, err := read(ctx, to.cloudwatch(), now.Add(-lately), now, all...)
	if err != nil {
		return replica{}, err
	}
	for i, rule := range rules {
		late, waiting := values[2*i], values[2*i+1]
		if len(late) == 0 {
			continue
		}
		// The longest lag of the minute that began then: at its beginning no write
		// that is older than this was missing.
		l := &lag{complete: late[0].At.Add(-time.Duration(late[0].Amount * float64(time.Second)))}
		if len(waiting) > 0 {
			l.waiting = waiting[0].Amount
		}
		seen.lags[rule] = l
	}
	return seen, nil
}

// measuredRules are the rules that S3 publishes figures of in the replica's
// region. Asked there, and not read from the configuration, because that is
// where the source is, and the source may be gone.
func (p pair) measuredRules(ctx context.Context, region metrics) ([]string, error) {
	var rules []string
	pages := cloudwatch.NewListMetricsPaginator(region, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/S3"), MetricName: aws.String(latency),
		Dimensions: []cloudwatchtypes.DimensionFilter{
			{Name: aws.String("SourceBucket"), Value: aws.String(p.source)},
			{Name: aws.String("DestinationBucket"), Value: aws.String(p.replica)},
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the replication metrics of bucket %s: %w", p.source, err)
		}
		for _, metric := range page.Metrics {
			for _, d := range metric.Dimensions {
				if aws.ToString(d.Name) == "RuleId" {
					rules = append(rules, aws.ToString(d.Value))
				}
			}
		}
	}
	return rules, nil
}

func (p pair) series(name, statistic string, period time.Duration, rule string) series {
	return series{"AWS/S3", name, statistic, period, []cloudwatchtypes.Dimension{
		dimension("SourceBucket", p.source), dimension("DestinationBucket", p.replica), dimension("RuleId", rule),
	}}
}
