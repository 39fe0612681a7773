package rehearsal_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// published is what CloudWatch last had of a policy, and what AWS's own dates say.
type published struct {
	at             time.Time
	oldest, beyond float64 // as published; seconds, sources
	want           float64 // seconds
}

// agesOf reads the metrics of every policy while the primary region still answers.
func agesOf(t *testing.T, c *cloud.Cloud, p *plan.Plan) map[string]published {
	t.Helper()
	all := map[string]published{}
	for _, policy := range p.Protect {
		var said published
		var found bool
		// What a function wrote may be on its way to CloudWatch.
		for range 100 {
			if said, found = last(t, c, p, policy.Name); found || c.Clock.Wait(t.Context(), 3*time.Second) != nil {
				break
			}
		}
		if !found {
			t.Errorf("CloudWatch has no ages of policy %s", policy.Name)
			continue
		}
		said.want = said.at.Sub(oldestData(t, c, p, policy, said.at)).Seconds()
		all[policy.Name] = said
	}
	return all
}

// last are the two metrics of a policy where both have a datapoint.
func last(t *testing.T, c *cloud.Cloud, p *plan.Plan, policy string) (said published, found bool) {
	t.Helper()
	oldest, beyond := datapoints(t, c, p, policy, age.Oldest), datapoints(t, c, p, policy, age.Beyond)
	for at, value := range oldest {
		if count, both := beyond[at]; both && at.After(said.at) {
			said, found = published{at: at, oldest: value, beyond: count}, true
		}
	}
	return said, found
}

func datapoints(t *testing.T, c *cloud.Cloud, p *plan.Plan, policy, metric string) map[time.Time]float64 {
	t.Helper()
	now := c.Clock.Now()
	out, err := cloudwatch.NewFromConfig(c.As("tester", p.Recovery)).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(age.Namespace(p.Name)), MetricName: aws.String(metric),
		Dimensions: []cwtypes.Dimension{{Name: aws.String(age.Dimension), Value: aws.String(policy)}},
		StartTime:  aws.Time(now.Add(-2 * plan.PassEvery.D())), EndTime: aws.Time(now),
		Period: aws.Int32(1), Statistics: []cwtypes.Statistic{cwtypes.StatisticMaximum},
	})
	if err != nil {
		t.Error(err)
		return nil
	}
	points := map[time.Time]float64{}
	for _, point := range out.Datapoints {
		points[aws.ToTime(point.Timestamp).UTC()] = aws.ToFloat64(point.Maximum)
	}
	return points
}

// oldestData is the oldest of the newest data that was complete in the recovery
// region at a time, by the dates of the source snapshots and images themselves.
func oldestData(t *testing.T, c *cloud.Cloud, p *plan.Plan, policy plan.Policy, at time.Time) time.Time {
	t.Helper()
	taken := map[string]time.Time{} // newest by volume
	var err error
	if policy.Images != nil {
		err = imagesTaken(t.Context(), c, p, taken)
	} else {
		err = snapshotsTaken(t.Context(), c, p, at, taken)
	}
	if err != nil || len(taken) == 0 {
		t.Errorf("policy %s has %d sources, error %v", policy.Name, len(taken), err)
	}
	oldest := at
	for _, data := range taken {
		if data.Before(oldest) {
			oldest = data
		}
	}
	return oldest
}

func snapshotsTaken(ctx context.Context, c *cloud.Cloud, p *plan.Plan, at time.Time, taken map[string]time.Time) error {
	copies, err := ec2.NewFromConfig(c.As("tester", p.Recovery)).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	if err != nil {
		return err
	}
	for _, snapshot := range copies.Snapshots {
		source, region, copied := c.Front.SourceOf(aws.ToString(snapshot.SnapshotId))
		if !copied || snapshot.State != "completed" || aws.ToTime(snapshot.CompletionTime).After(at) {
			continue
		}
		out, err := ec2.NewFromConfig(c.Upstream(region)).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{source}})
		if err != nil {
			return err
		}
		volume, started := aws.ToString(out.Snapshots[0].VolumeId), aws.ToTime(out.Snapshots[0].StartTime)
		if started.After(taken[volume]) {
			taken[volume] = started
		}
	}
	return nil
}

// imagesTaken: one image stands for the whole policy.
func imagesTaken(ctx context.Context, c *cloud.Cloud, p *plan.Plan, taken map[string]time.Time) error {
	copies, err := ec2.NewFromConfig(c.As("tester", p.Recovery)).DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}})
	if err != nil {
		return err
	}
	for _, image := range copies.Images {
		source, region, copied := c.Front.SourceOf(aws.ToString(image.ImageId))
		if !copied || image.State != "available" {
			continue
		}
		out, err := ec2.NewFromConfig(c.Upstream(region)).DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{source}})
		if err != nil {
			return err
		}
		made, err := time.Parse(time.RFC3339, aws.ToString(out.Images[0].CreationDate))
		if err != nil {
			return err
		}
		if made.After(taken["image"]) {
			taken["image"] = made
		}
	}
	return nil
}

// rightAges: what was published is the age that AWS's own dates give.
func rightAges(t *testing.T, p *plan.Plan, ages map[string]published) {
	for _, policy := range p.Protect {
		said, ok := ages[policy.Name]
		if !ok {
			continue // said already
		}
		if policy.Continuous() { // what follows by itself has no date of its own: RDS's backups are minutes behind
			if limit := 10 * time.Minute; said.oldest <= 0 || said.oldest > limit.Seconds() || said.beyond != 0 {
				t.Errorf("policy %s: %v s, %v sources beyond the RPO", policy.Name, said.oldest, said.beyond)
			}
			continue
		}
		if said.oldest <= 0 || said.oldest != said.want || said.beyond != 0 {
			t.Errorf("policy %s at %s: %v s, %v sources beyond the RPO; AWS's dates say %v s and none",
				policy.Name, said.at.Format(time.RFC3339), said.oldest, said.beyond, said.want)
		}
	}
}
