package databases

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// slots is how many copies an account may have under way to one region. Accounts
// of before 2021 may have 5: then RDS refuses the sixth, and it waits.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
const slots = 20

// defaultKey encrypts the copy of an encrypted snapshot when the policy has none:
// RDS wants one of the destination region to be named.
const defaultKey = "alias/aws/rds"

func (p *pass) missing(from, to holding) backlog.Copies {
	policy := backlog.Policy{Every: p.Policy.Every.D(), RPO: p.Policy.RPO.D()}
	return backlog.Missing(from.own, to.copies, policy, p.Now)
}

// copy begins what is missing, most urgent first, up to the free slots.
func (p *pass) copy(ctx context.Context, missing backlog.Copies, from, to holding) error {
	p.result.Waiting += missing.Held
	if len(missing.Wanted) == 0 {
		return nil
	}
	room := p.room()
	if room.Free > 0 {
		missing.Wanted = p.usable(ctx, missing.Wanted, from.own, to.copies)
	}
	start := missing.Start(room, p.Now)
	p.result.Waiting += len(missing.Wanted) - len(start)
	var failed []error
	for i, source := range start {
		err := p.begin(ctx, from.of[source.ID], source.Point)
		switch {
		case err == nil:
			p.result.Copied++
			p.log.Info("copy begun", "region", p.To.Region, "source", source.ID, "deadline", source.Deadline)
		case failure.Code(err) == keyless:
			p.result.Waiting++
			p.problem("%s cannot be encrypted in %s with %s: %v", source.ID, p.To.Region, p.key(from.of[source.ID]), err)
		case protect.Later(err):
			p.result.Waiting += len(start) - i
			if failure.Code(err) == full && room.Free == slots { // then it is not the copies under way
				p.problem("%s holds as many manual snapshots as RDS allows, %d of them: keep fewer, or have its quota raised", p.To.Region, len(*p.to.held))
			}
			return errors.Join(failed...)
		default:
			failed = append(failed, fmt.Errorf("copy %s to %s: %w", source.ID, p.To.Region, err))
			if failure.Unanswered(err) { // nor would the others be answered
				p.result.Waiting += len(start) - i
				return errors.Join(failed...)
			}
		}
	}
	return errors.Join(failed...)
}

// keyless is RDS's code for a key that is not there, disabled, or not for us.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html
const keyless = "KMSKeyNotAccessibleFault"

// begin begins one copy. Into another account it is one call too, once the
// snapshot is shared with it; to share it again changes nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
func (p *pass) begin(ctx context.Context, of snapshot, source lineage.Point) error {
	options, err := p.options(ctx, of)
	if err != nil {
		return err
	}
	if p.From.Account != p.To.Account {
		if err := p.from.share(ctx, of.id, p.To.Account); err != nil {
			return fmt.Errorf("share it with account %s, for which its key must be one that you manage: %w", p.To.Account, err)
		}
	}
	source.Under = p.Key()
	made, err := p.to.copy(ctx, copying{
		source: of.arn, region: p.From.Region,
		id:  name(of.id, "from", p.From.Region),
		key: p.key(of), options: options,
		tags: with(of.tags, lineage.CopyTags(p.Plan, source)),
	})
	if err != nil {
		return err
	}
	p.to.made(made)
	return nil
}

// key is what the copy is encrypted with; empty: nothing. RDS encrypts the copy of
// a plain snapshot of an instance, but never that of a cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html
func (p *pass) key(of snapshot) string {
	switch {
	case of.encrypted && p.Key() == "":
		return defaultKey
	case !of.encrypted && p.cluster():
		return ""
	}
	return p.Key()
}

// room counts what is under way in AWS, whoever began it.
func (p *pass) room() backlog.Room {
	room := backlog.Room{Slots: slots, Free: slots}
	for _, s := range *p.to.held {
		if s.state() != lineage.Pending || !s.crossed && s.tags[lineage.Source] == "" {
			continue
		}
		room.Free--
		if !p.owns(s) {
			room.Slots--
		}
	}
	return room
}

func sorted(tags map[string]string) []string { return slices.Sorted(maps.Keys(tags)) }
