package ebs

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// slow is a region that takes its time for each page: what the simulator, which
// keeps real time, could only show by waiting as long.
type slow struct {
	pages int
	each  time.Duration
}

func (s slow) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	answered, cancel := context.WithTimeout(context.Background(), s.each)
	defer cancel()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-answered.Done():
	}
	at := len(aws.ToString(in.NextToken)) + 1
	out := &ec2.DescribeSnapshotsOutput{Snapshots: make([]types.Snapshot, page)}
	if at < s.pages {
		out.NextToken = aws.String(fmt.Sprintf("%*s", at, "."))
	}
	return out, nil
}

// lister is a kind that lists a slow region, and nothing in the other one.
type lister struct {
	Kind
	slow slow
	seen *int
}

func (k lister) Look(ctx context.Context, at protect.Site) (Seen, error) {
	if at.Region != "us-east-1" {
		return Seen{}, nil
	}
	snapshots, err := Snapshots(ctx, k.slow, nil)
	*k.seen = len(snapshots)
	return Seen{}, err
}

func TestLook_isPatientWithAnAnswerAndNotWithAListing(t *testing.T) {
	for name, tt := range map[string]struct {
		region slow
		took   time.Duration
		seen   int
	}{
		"many pages":                {slow{20, 2 * time.Second}, 40 * time.Second, 20_000},
		"no answer":                 {slow{1, time.Hour}, patience, 0},
		"more than a pass can list": {slow{1000, 2 * time.Second}, looking, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, seen := time.Now(), 0
				sides := passOver(lister{slow: tt.region, seen: &seen}).look(t.Context())
				if took := time.Since(began); took != tt.took || seen != tt.seen || (sides[0].err == nil) != (seen > 0) {
					t.Errorf("%d snapshots after %s, error %v", seen, took, sides[0].err)
				}
				if sides[0].err != nil && !failure.Unanswered(sides[0].err) {
					t.Errorf("%v is not told as a region that does not answer", sides[0].err)
				}
			})
		})
	}
}
