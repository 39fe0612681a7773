package replication

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// uploads is a pair of buckets that replicate as they should, until a test
// changes something.
type uploads struct {
	*cloud
	pair
	input protect.Input
}

func newUploads(c *cloud) *uploads {
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-", "'", "").Replace(c.t.Name()))
	if len(name) > 50 { // of 63 that S3 allows
		name = name[len(name)-50:]
	}
	name = strings.Trim(name, "-")
	u := &uploads{cloud: c, pair: pair{name, name + "-replica"}, input: protect.Input{
		Plan: "storefront", Primary: east, Recovery: west,
		Policy: plan.Policy{
			Name: "uploads", Bucket: &plan.Bucket{Name: name, Replica: name + "-replica"},
			Every: plan.Duration(15 * time.Minute), RPO: plan.Duration(time.Hour),
		},
	}}
	u.makes(east, u.source)
	u.makes(west, u.replica)
	u.puts(east, u.source, good(u.replica))
	u.lags(2*time.Minute, 30, 4)
	return u
}

func (u *uploads) in(region string) *s3.Client { return s3.NewFromConfig(u.config(region, "team")) }

func (u *uploads) makes(region, bucket string) {
	u.t.Helper()
	in := &s3.CreateBucketInput{Bucket: aws.String(bucket)}
	if region != east {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	_, err := u.in(region).CreateBucket(u.t.Context(), in)
	u.must(err)
	u.versions(region, bucket, types.BucketVersioningStatusEnabled)
}

func (u *uploads) versions(region, bucket string, status types.BucketVersioningStatus) {
	u.t.Helper()
	_, err := u.in(region).PutBucketVersioning(u.t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	u.must(err)
}

func (u *uploads) puts(region, bucket string, rules ...types.ReplicationRule) {
	u.t.Helper()
	_, err := u.in(region).PutBucketReplication(u.t.Context(), &s3.PutBucketReplicationInput{
		Bucket:                   aws.String(bucket),
		ReplicationConfiguration: &types.ReplicationConfiguration{Role: aws.String("arn:aws:iam::123456789012:role/replication"), Rules: rules},
	})
	u.must(err)
}

// lags is what S3 publishes of a rule in the replica's region.
func (u *uploads) lags(ago time.Duration, seconds, operations float64) {
	u.t.Helper()
	u.says(west, ago, u.series(latency, "", 0, "all"), seconds)
	u.says(west, ago, u.series(pending, "", 0, "all"), operations)
}

func good(destination string) types.ReplicationRule {
	return types.ReplicationRule{
		ID: aws.String("all"), Priority: aws.Int32(1), Status: types.ReplicationRuleStatusEnabled,
		Filter:                  &types.ReplicationRuleFilter{Prefix: aws.String("")},
		DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: types.DeleteMarkerReplicationStatusEnabled},
		Destination: &types.Destination{
			Bucket:  aws.String("arn:aws:s3:::" + destination),
			Metrics: &types.Metrics{Status: types.MetricsStatusEnabled},
		},
	}
}

// passes makes a pass and the same look for ages, and answers both. Neither may
// change anything.
func passes(c *cloud, in protect.Input) (protect.Result, protect.Source) {
	c.t.Helper()
	raw, err := json.Marshal(in)
	c.must(err)
	watch := New(c.config(west, "function"), c)
	result, err := watch.Handle(c.t.Context(), raw)
	c.must(err)
	pass, err := protect.WatchReplication.Begin(c.t.Context(), c, raw)
	c.must(err)
	sources, err := Inspect(c.t.Context(), watch.cfg, pass)
	c.must(err)
	if len(sources) != 1 || sources[0].Problem != strings.Join(result.Problems, "; ") {
		c.t.Errorf("the pass found %q, ages find %+v", result.Problems, sources)
	}
	if calls, changing := c.changes(); len(changing) != 0 || calls == 0 {
		c.t.Errorf("of %d calls some change what belongs to the team: %+v", calls, changing)
	}
	return result, sources[0]
}

func TestBucket_thatReplicatesIsAsOldAsItsLag(t *testing.T) {
	u := newUploads(newCloud(t))
	result, source := passes(u.cloud, u.input)
	if result.Status != protect.Reconciled || len(result.Problems) != 0 {
		t.Errorf("%+v", result)
	}
	// CloudWatch dates a value by the minute in which it falls.
	age := u.now().Sub(source.Newest)
	if source.ID != u.source || source.Usable != 1 || age < 2*time.Minute || age > 3*time.Minute+30*time.Second {
		t.Errorf("%+v, %s old", source, age)
	}
	if calls, _ := u.changes(); calls != 14 {
		t.Errorf("two looks took %d calls, want 2 x (versioning, list, figures there; versioning, rules, encryption, failures here)", calls)
	}
}

func TestBucket_saysWhatIsWrongAndWhatToWrite(t *testing.T) {
	part := func(filter types.ReplicationRuleFilter) func(*uploads) {
		return func(u *uploads) {
			rule := good(u.replica)
			rule.Filter = &filter
			u.puts(east, u.source, rule)
		}
	}
	changed := func(change func(*types.ReplicationRule)) func(*uploads) {
		return func(u *uploads) {
			rule := good(u.replica)
			change(&rule)
			u.puts(east, u.source, rule)
		}
	}
	tag := types.Tag{Key: aws.String("tier"), Value: aws.String("data")}
	for name, c := range map[string]struct {
		breaks func(*uploads)
		says   string
		usable int
	}{
		"no versions here":   {func(u *uploads) { u.versions(east, u.source, types.BucketVersioningStatusSuspended) }, "enable its versioning", 1},
		"no versions there":  {func(u *uploads) { u.versions(west, u.replica, types.BucketVersioningStatusSuspended) }, "enable its versioning", 1},
		"no replica":         {func(u *uploads) { u.input.Policy.Bucket.Replica += "-2" }, "make it, with versioning", 0},
		"another's rule":     {func(u *uploads) { u.puts(east, u.source, good("elsewhere")) }, "add one without a filter", 0},
		"a disabled rule":    {changed(func(r *types.ReplicationRule) { r.Status = types.ReplicationRuleStatusDisabled }), "rule all is disabled", 0},
		"a prefix":           {part(types.ReplicationRuleFilter{Prefix: aws.String("invoices/")}), `only objects under "invoices/"`, 0},
		"a tag":              {part(types.ReplicationRuleFilter{Tag: &tag}), "only objects with certain tags", 0},
		"a prefix and a tag": {part(types.ReplicationRuleFilter{And: &types.ReplicationRuleAndOperator{Prefix: aws.String("a/"), Tags: []types.Tag{tag}}}), "only objects with certain tags", 0},
		"no delete markers": {changed(func(r *types.ReplicationRule) {
			r.DeleteMarkerReplication.Status = types.DeleteMarkerReplicationStatusDisabled
		}), "enable DeleteMarkerReplication", 1},
		"no metrics":     {changed(func(r *types.ReplicationRule) { r.Destination.Metrics = nil }), "enable Metrics", 0},
		"a silent rule":  {changed(func(r *types.ReplicationRule) { r.ID = aws.String("quiet") }), "no replication latency", 0},
		"failures":       {func(u *uploads) { u.says(east, 5*time.Hour, u.series(failed, "", 0, "all"), 3) }, "3 operations of bucket", 1},
		"a long way off": {func(u *uploads) { u.lags(30*time.Second, 7300, 120000) }, "the RPO is 1h", 1},
		"encrypted": {func(u *uploads) {
			_, err := u.in(east).PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
				Bucket: aws.String(u.source),
				ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
					ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms},
				}}},
			})
			u.must(err)
		}, "enable SseKmsEncryptedObjects", 1},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUploads(newCloud(t))
			c.breaks(u)
			result, source := passes(u.cloud, u.input)
			if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], c.says) {
				t.Errorf("want one problem that says %q: %q", c.says, result.Problems)
			}
			if source.Usable != c.usable || source.Newest.IsZero() != (c.usable == 0) {
				t.Errorf("%+v", source)
			}
		})
	}
}

func TestBucket_withAConfigurationOfTheEarlierVersionReplicatesDeleteMarkers(t *testing.T) {
	u := newUploads(newCloud(t))
	rule := good(u.replica)
	//lint:ignore SA1019 that is the earlier version
	rule.Filter, rule.DeleteMarkerReplication, rule.Prefix = nil, nil, aws.String("")
	u.puts(east, u.source, rule)
	if result, source := passes(u.cloud, u.input); len(result.Problems) != 0 || source.Usable != 1 {
		t.Errorf("%q, %+v", result.Problems, source)
	}
}

func TestBucket_needsARuleThatLeadsBackAfterAFailover(t *testing.T) {
	u := newUploads(newCloud(t))
	u.serving, u.posture = run.RecoverySide, run.Active
	result, source := passes(u.cloud, u.input)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "no rule of bucket "+u.replica+" replicates to "+u.source) || source.Usable != 0 {
		t.Errorf("%q, %+v", result.Problems, source)
	}
	u.puts(west, u.replica, good(u.source))
	back := pair{u.replica, u.source}
	u.says(east, time.Minute, back.series(latency, "", 0, "all"), 0)
	if result, source = passes(u.cloud, u.input); len(result.Problems) != 0 || source.ID != u.replica || source.Usable != 1 {
		t.Errorf("%q, %+v", result.Problems, source)
	}
	u.input.Next = "eu-west-1"
	if result, source = passes(u.cloud, u.input); len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "names no bucket there") || source.Usable != 0 {
		t.Errorf("%q, %+v", result.Problems, source)
	}
}

func TestBucket_isJudgedFromTheReplicaWhileTheOtherRegionIsSilent(t *testing.T) {
	u := newUploads(newCloud(t))
	u.front.Strike(east)
	result, source := passes(u.cloud, u.input)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "cannot be read in us-east-1") || !source.Unseen {
		t.Errorf("%q", result.Problems)
	}
	if source.Usable != 1 || source.Newest.IsZero() {
		t.Errorf("what is there is not told: %+v", source)
	}
}
