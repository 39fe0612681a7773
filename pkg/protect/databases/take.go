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

// world is what a pass sees of its policy.
type world struct {
	sources []lineage.Point // where the database serves
	copies  []lineage.Point // on the other side
	taken   map[string]snapshot
}

// points are the policy's own on both sides.
func (p *pass) points(ctx context.Context) (world, error) {
	seen := world{taken: map[string]snapshot{}}
	there, err := p.from.snapshots(ctx)
	if err != nil {
		return seen, fmt.Errorf("list the snapshots of policy %s in %s: %w", p.Policy.Name, p.From.Region, err)
	}
	for _, s := range there {
		// A copy that came here is no source.
		if one := s.point(p.From.Region); p.owns(s) && one.Source == "" {
			seen.sources = append(seen.sources, one)
			seen.taken[one.ID] = s
		}
	}
	seen.copies, err = p.copies(ctx)
	return seen, err
}

func (p *pass) copies(ctx context.Context) ([]lineage.Point, error) {
	here, err := p.to.snapshots(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the snapshots of policy %s in %s: %w", p.Policy.Name, p.To.Region, err)
	}
	var copies []lineage.Point
	for _, s := range here {
		if one := s.point(p.To.Region); p.owns(s) && one.Source != "" {
			copies = append(copies, one)
		}
	}
	return copies, nil
}

func (p *pass) owns(s snapshot) bool {
	return s.tags[lineage.Plan] == p.Plan && s.tags[lineage.Policy] == p.Policy.Name
}

// take snapshots the database when a snapshot of it is due. Its tags say when the
// call was made: data of that moment is in the snapshot, while the time that RDS
// gives is the end of the work, and comes late.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html
func (p *pass) take(ctx context.Context, source *database, sources []lineage.Point) error {
	if source == nil || !backlog.Due(sources, p.Policy.Every.D(), p.Now) {
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
// than any two needs are apart, and more than a call and its repetition.
func (p *pass) slot() string {
	began := p.Now.UTC().Truncate(max(p.Policy.Every.D()/2, time.Minute))
	return name("pilotlight", p.Plan, p.Policy.Name, began.Format("20060102t150405"))
}

// name is an identifier as RDS takes them: no two hyphens follow each other.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func name(parts ...string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.Join(parts, "-")), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(words, "-")
}

// mostTags is how many a resource may have.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
const mostTags = 50

// with adds the user's tags to lineage. RDS copies none when the call brings some,
// CopyTags or not. Those of AWS cannot be written, and those of a database that
// Pilotlight itself restored are not its snapshots'.
func with(theirs, ours map[string]string) map[string]string {
	for _, key := range sorted(theirs) {
		if !strings.HasPrefix(key, "aws:") && !strings.HasPrefix(key, lineage.Prefix) && len(ours) < mostTags {
			ours[key] = theirs[key]
		}
	}
	return ours
}
