// Package replication watches what AWS copies by itself and without a pause: S3
// buckets with a replication rule, and DynamoDB global tables.
//
// It looks and says, and changes nothing, in either region. Buckets and tables
// belong to the team's own infrastructure as code, and the one call that could
// mend a bucket, PutBucketReplication, replaces the whole configuration: a rule
// that somebody wrote for another purpose would be gone without a word, and the
// next deployment of the team would take ours away again. So what is missing is
// told, with what to write, and a person writes it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
//
// It guarantees an answer from the side that copies go to, whether the side that
// serves answers or not. It reads no object and no item: that a rule works is
// AWS's word, in CloudWatch.
package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// buckets, tables and metrics are every action that a look takes: all of them
// read, and the grants in pkg/blueprint list the same.
type (
	buckets interface {
		GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
		GetBucketReplication(context.Context, *s3.GetBucketReplicationInput, ...func(*s3.Options)) (*s3.GetBucketReplicationOutput, error)
		GetBucketEncryption(context.Context, *s3.GetBucketEncryptionInput, ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error)
	}
	tables interface {
		DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
		DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	}
	metrics interface {
		ListMetrics(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
		GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	}
)

// patience is how long all calls to one side may take together. In a disaster each
// of them hangs, and the answer from the other side must still fit into the
// function's minute.
const patience = 20 * time.Second

// Watch is the watch-replication function.
type Watch struct {
	cfg    aws.Config
	ledger protect.Ledger
}

// New wires a watch to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Watch { return &Watch{access.Once(cfg), ledger} }

// Handle makes one pass over the policy in the input, and logs what a person has
// to mend.
func (w *Watch) Handle(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
	pass, err := protect.WatchReplication.Begin(ctx, w.ledger, raw)
	if err != nil {
		return protect.Result{}, err
	}
	if pass.Ignored != "" {
		return protect.Result{Status: protect.Ignored, Reason: pass.Ignored}, nil
	}
	found, err := look(ctx, w.cfg, pass)
	if err != nil {
		return protect.Result{}, err
	}
	for _, problem := range found.problems {
		slog.WarnContext(ctx, "replication needs a person", "plan", pass.Plan, "policy", pass.Policy.Name, "region", pass.To.Region, "reason", problem)
	}
	return protect.Result{Status: protect.Reconciled, Problems: found.problems}, nil
}

// Inspect says how well the bucket or the table of a pass is protected. It only
// reads, and answers from the side that copies go to when the other one is silent.
func Inspect(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
	found, err := look(ctx, cfg, pass)
	if err != nil {
		return nil, err
	}
	found.Problem = strings.Join(found.problems, "; ")
	return []protect.Source{found.Source}, nil
}

// sight is what a look found.
type sight struct {
	protect.Source
	problems []string // each says what to do
}

func (f *sight) say(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// unseen: without the side that copies go to, nobody knows how far behind it is. That
// it does not answer is no failure of the look, as long as the side that serves does:
// to look again at once would see no more.
func (f *sight) unseen(pass protect.Pass, there, here error) error {
	if here != nil || !failure.Unanswered(there) {
		return errors.Join(there, here)
	}
	f.Unseen = true
	f.say("%s does not answer, so how far behind the replica of %s is cannot be told; the next pass looks again", pass.To.Region, f.ID)
	return nil
}

func look(ctx context.Context, cfg aws.Config, pass protect.Pass) (sight, error) {
	from, to := side{pass.From.Region, access.At(cfg, pass.From)}, side{pass.To.Region, access.At(cfg, pass.To)}
	found := sight{Source: protect.Source{Policy: pass.Policy.Name}}
	var err error
	if pass.Policy.Bucket != nil {
		err = found.bucket(ctx, from, to, pass)
	} else {
		err = found.table(ctx, from, to, pass)
	}
	return found, err
}

// side is a region as far as a look needs it.
type side struct {
	region string
	cfg    aws.Config
}

func (s side) s3() buckets         { return s3.NewFromConfig(s.cfg) }
func (s side) dynamodb() tables    { return dynamodb.NewFromConfig(s.cfg) }
func (s side) cloudwatch() metrics { return cloudwatch.NewFromConfig(s.cfg) }
