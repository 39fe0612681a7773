package databases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// holding is what one site holds of a policy: points that were taken there, and
// copies that came there.
type holding struct {
	at          *side
	own, copies []lineage.Point
	of          map[string]snapshot // by point
	err         error               // why nothing is known of it
}

// look looks at every site: the first answer is of the one that serves, the second
// of the one that copies go to.
func (p *pass) look(ctx context.Context) []holding {
	held := []holding{{at: p.from}, p.hold(ctx, p.to)}
	for _, site := range p.Sites() {
		if site.Region != p.From.Region && site.Region != p.To.Region {
			held = append(held, p.hold(ctx, p.shared.at(site, p.cluster())))
		}
	}
	held[0] = p.hold(ctx, p.from) // last: it is the one that may be gone
	return held
}

func (p *pass) hold(ctx context.Context, at *side) holding {
	h := holding{at: at, of: map[string]snapshot{}}
	all, err := at.snapshots(ctx)
	if err != nil {
		h.err = fmt.Errorf("list the snapshots of policy %s in %s: %w", p.Policy.Name, at.Region, err)
	}
	for _, s := range all {
		if !p.owns(s) {
			continue
		}
		one := s.point(at.Region)
		h.of[one.ID] = s
		if one.Source == "" {
			h.own = append(h.own, one)
		} else {
			h.copies = append(h.copies, one)
		}
	}
	return h
}

func (p *pass) owns(s snapshot) bool {
	return s.tags[lineage.Plan] == p.Plan && s.tags[lineage.Policy] == p.Policy.Name
}

// take snapshots the database when a snapshot of it is due. Its tags say when the
// call was made: data of that moment is in the snapshot, while the time that RDS
// gives is the end of the work, and comes late.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html
func (p *pass) take(ctx context.Context, source *database, sources []lineage.Point) error {
	if source == nil || !backlog.Due(p.Counted(sources), p.Policy.Every.D(), p.Now) {
		return nil
	}
	id := p.slot()
	point := lineage.Point{Policy: p.Policy.Name, Set: id, Origin: source.arn, TakenAt: p.Now}
	made, err := p.from.take(ctx, source.name, id, with(source.tags, lineage.DatabaseTags(p.Plan, point)))
	switch {
	case err == nil:
		p.from.made(made)
		p.result.Taken++
		p.log.Info("snapshot taken", "region", p.From.Region, "database", source.name, "snapshot", id)
	case failure.Code(err) == full:
		p.result.Waiting++
		p.problem("%s holds as many manual snapshots as RDS allows, %d of them: keep fewer, or have its quota raised", p.From.Region, len(*p.from.held))
	case protect.Later(err):
		p.result.Waiting++
	default:
		return fmt.Errorf("snapshot %s %s in %s: %w", p.from.noun(), source.name, p.From.Region, err)
	}
	return nil
}

// full is RDS's code for too many manual snapshots in a region, and for too many
// copies under way to one.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html
const full = "SnapshotQuotaExceeded"

// slot names the snapshot of now. CreateDBSnapshot takes no token, but it refuses
// a name that is in use: a second call for the same need asks for the same name,
// whether or not the first one's snapshot is listed yet. Half an interval is less
// than any two needs are apart, and more than a call and its repetition. What a run
// wants beside them has a name of its own.
func (p *pass) slot() string {
	began := p.Now.UTC().Truncate(max(p.Policy.Every.D()/2, time.Minute))
	if began.Before(p.Wanted) {
		began = p.Wanted.UTC()
	}
	return name("pilotlight", p.Plan, p.Policy.Name, began.Format("20060102t150405"))
}

// name is an identifier as RDS takes them: no two hyphens follow each other.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func name(parts ...string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.Join(parts, "-")), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(words, "-")
}

// mostTags is how many a snapshot may be made with: RDS allows fifty, and the mark
// of retention is one more. One that could not be marked would never go.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
const mostTags = 50 - 1

// with adds the user's tags to lineage. RDS copies none when the call brings some,
// CopyTags or not. Those of AWS and RDS cannot be written, and those of a database that
// Pilotlight itself restored are not its snapshots'.
func with(theirs, ours map[string]string) map[string]string {
	for _, key := range sorted(theirs) {
		reserved := strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "rds:") || strings.HasPrefix(key, lineage.Prefix)
		if !reserved && len(ours) < mostTags {
			ours[key] = theirs[key]
		}
	}
	return ours
}
