package restorevolumes

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// target is an instance that volumes are attached to.
type target struct{ id, zone string }

// sorted is what this run and step have made so far.
type sorted struct {
	kept    map[string]types.Volume // by the id of the snapshot
	target  map[string]string       // by protected instance: the instance chosen for it
	surplus []types.Volume          // one too many of a snapshot
}

// sort finds the volume that counts for each point: of several, the one that is
// attached, else the one with the lowest id. The volumes of one protected
// instance count only when they are made for the same target.
func sort(points []lineage.Point, volumes []types.Volume) (sorted, error) {
	slices.SortFunc(volumes, func(a, b types.Volume) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(aws.ToString(a.VolumeId), aws.ToString(b.VolumeId)))
	})
	made := sorted{kept: map[string]types.Volume{}, target: map[string]string{}}
	point := map[string]lineage.Point{}
	for _, p := range points {
		point[p.ID] = p
	}
	for _, v := range volumes {
		if v.State == types.VolumeStateDeleting || v.State == types.VolumeStateDeleted {
			continue
		}
		source, to := tag(v, lineage.Source), tag(v, lineage.Instance)
		p, ours := point[source]
		if !ours {
			continue
		}
		// A volume in this state has failed and does not come back.
		// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html
		if v.State == types.VolumeStateError {
			return sorted{}, step.Permanent("volume %s, made from %s, has failed: delete it, then start a new run", aws.ToString(v.VolumeId), source)
		}
		if made.target[p.Instance] == "" {
			made.target[p.Instance] = to
		}
		if _, twice := made.kept[source]; twice || made.target[p.Instance] != to {
			made.surplus = append(made.surplus, v)
			continue
		}
		made.kept[source] = v
	}
	return made, nil
}

// rank puts attached volumes first.
func rank(v types.Volume) int {
	if len(v.Attachments) > 0 {
		return 0
	}
	return 1
}

// attached counts the volumes that are where they belong.
func (s sorted) attached() (n int) {
	for _, v := range s.kept {
		if isAttached(v) {
			n++
		}
	}
	return n
}

func isAttached(v types.Volume) bool {
	return len(v.Attachments) > 0 &&
		v.Attachments[0].State == types.VolumeAttachmentStateAttached &&
		aws.ToString(v.Attachments[0].InstanceId) == tag(v, lineage.Instance)
}

// match gives each protected instance a running one: the one that its volumes
// were made for, else the next free one. Short counts those that have none: too
// few run, or the chosen one does not.
func match(sources []string, running []target, before map[string]string) (chosen map[string]target, short int) {
	chosen = map[string]target{}
	var free []target
	for _, t := range running {
		taken := false
		for _, source := range sources {
			if before[source] == t.id {
				chosen[source], taken = t, true
			}
		}
		if !taken {
			free = append(free, t)
		}
	}
	for _, source := range sources {
		if before[source] == "" && len(free) > 0 {
			chosen[source], free = free[0], free[1:]
		}
	}
	return chosen, len(sources) - len(chosen)
}

func tag(v types.Volume, key string) string {
	for _, t := range v.Tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}
