package snapshots

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
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
	for _, p := range seen.Sources {
		if size, first := gib[p.Origin]; first {
			seen.Subjects = append(seen.Subjects, protect.Source{ID: p.Origin, GiB: size})
			delete(gib, p.Origin)
		}
	}
	if len(nameless) > 0 {
		seen.Problems = append(seen.Problems, fmt.Sprintf("%d snapshots that policy %s adopts in %s are copies themselves and do not say of which volume (%s is one): they are not copied; let the policy adopt them in the region where they were taken",
			len(nameless), k.Policy.Name, k.From.Region, nameless[0]))
	}
	return nil
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
