package snapshots

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// resource is the tag in which AWS Backup says what a backup is of. A copy that it
// makes in another region keeps the original's tags.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/tags-on-backups.html
const resource = "aws:backup:source-resource"

// adopt lists the complete snapshots that other tools took as sources. Each is a
// set of its own, because nothing says which of them were taken together, and its
// subject is its volume, whose id stands where an instance's would.
//
// They are sources alone: nothing here marks, tags or deletes one, and the pile
// that retention judges never holds one.
func (k kind) adopt(ctx context.Context, seen *ebs.Seen) error {
	snapshots, err := ebs.Snapshots(ctx, k.In(k.From), append(tagged.Filters(k.Policy.Snapshots.Tags),
		tagged.Filter("status", string(types.SnapshotStateCompleted))))
	if err != nil {
		return fmt.Errorf("list the snapshots to adopt: %w", err)
	}
	var nameless []string
	gib := map[string]int{}
	for _, s := range snapshots {
		tags := tagged.Of(s.Tags)
		if _, ours := tags[lineage.Plan]; ours {
			continue // of some plan: a copy carries its source's tags
		}
		volume := origin(s, tags)
		if volume == "" {
			nameless = append(nameless, aws.ToString(s.SnapshotId))
			continue
		}
		p := point(s, k.From.Region)
		if p.State != lineage.Complete {
			continue // archived: nothing can copy it
		}
		p.Policy, p.Set, p.SetSize = k.Policy.Name, p.ID, 1
		p.Origin, p.Instance, p.Device = volume, volume, ""
		p.Tags = lineage.Own(tags)
		seen.Sources = append(seen.Sources, p)
		gib[volume] = max(gib[volume], p.SizeGiB)
	}
	gone, err := k.gone(ctx, seen.Sources)
	if err != nil {
		return err
	}
	for _, p := range seen.Sources {
		if size, first := gib[p.Origin]; first && !gone[p.Origin] {
			seen.Subjects = append(seen.Subjects, protect.Source{ID: p.Origin, GiB: size})
			delete(gib, p.Origin)
		}
	}
	if len(gone) > 0 {
		one := slices.Min(slices.Collect(maps.Keys(gone)))
		seen.Problems = append(seen.Problems, fmt.Sprintf("%d volumes of policy %s in %s are taken for ended and hold no RPO any more (%s is one): EC2 does not know them, and the newest snapshot of each is older than the RPO and %s; what was copied of them stays",
			len(gone), k.Policy.Name, k.From.Region, one, plan.Duration(ebs.Abandoned)))
	}
	if len(nameless) > 0 {
		seen.Problems = append(seen.Problems, fmt.Sprintf("%d snapshots that policy %s adopts in %s are copies themselves and do not say of which volume (%s is one): they are not copied; let the policy adopt them in the region where they were taken",
			len(nameless), k.Policy.Name, k.From.Region, nameless[0]))
	}
	return nil
}

// named is the most values that a filter takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
const named = 200

// gone are the volumes that nobody protects any more, though the other tool keeps
// its snapshots of them, maybe for years: nothing new came for longer than the RPO
// and a day, and EC2 does not know them. One that is there and quiet is late, and
// stays so. EC2 never knew those of a storage gateway or of another region: of these
// the time alone decides, after a day of alarm. Only the quiet ones are asked for.
func (k kind) gone(ctx context.Context, sources []lineage.Point) (map[string]bool, error) {
	newest := map[string]time.Time{}
	for _, p := range sources {
		if p.TakenAt.After(newest[p.Origin]) {
			newest[p.Origin] = p.TakenAt
		}
	}
	gone := map[string]bool{}
	for volume, at := range newest {
		if k.Now.Sub(at) > k.Policy.RPO.D()+ebs.Abandoned {
			gone[volume] = true
		}
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(gone)), named) {
		pages := ec2.NewDescribeVolumesPaginator(k.In(k.From), &ec2.DescribeVolumesInput{
			Filters: []types.Filter{{Name: aws.String("volume-id"), Values: some}},
		})
		for pages.HasMorePages() {
			page, err := ebs.Page(ctx, pages.NextPage)
			if err != nil {
				return nil, fmt.Errorf("list the volumes whose snapshots are adopted: %w", err)
			}
			for _, v := range page.Volumes {
				delete(gone, aws.ToString(v.VolumeId))
			}
		}
	}
	return gone, nil
}

// origin is the volume that another tool's snapshot is of. The volume id of a
// snapshot that was copied means nothing, and is the same for all of them: taken
// for a volume, the newest of any would pass for the newest of every one, and the
// others would never be copied. So of a copy only the tag counts, which may hold an
// ARN or an id; empty: nobody can tell.
func origin(s types.Snapshot, tags map[string]string) string {
	id := aws.ToString(s.VolumeId)
	if s.TransferType == "" && !strings.HasPrefix(id, ebs.NoVolume) {
		return id
	}
	of := tags[resource]
	return of[strings.LastIndex(of, "/")+1:]
}
