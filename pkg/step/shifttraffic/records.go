package shifttraffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// way is one way in which a record moves users. How a record stands is a text, which
// the note keeps and which is all that it takes to put the record there again.
type way interface {
	// stands is how the record is. An error: it is nothing that can be moved this way.
	stands(sets []types.ResourceRecordSet) (string, error)
	// wanted is how the run wants it; mine: the note is this run's.
	wanted(r step.Run, n note, mine bool, now string) string
	// changes put the record somewhere and keep whatever else it says.
	changes(sets []types.ResourceRecordSet, to string) []types.Change
}

func wayOf(spec plan.ShiftTraffic, record string) way {
	if spec.Via == plan.ViaWeights {
		return weights{spec, record}
	}
	return cname{spec, record}
}

// record is a name in a zone, as Route 53 has it now.
type record struct {
	zone, name string
	way        way
	sets       []types.ResourceRecordSet
	now        string
	txt        *types.ResourceRecordSet // nil: there is none
	note       note
}

// move changes the record, and waits until every name server answers so and every
// resolver has forgotten what it was told before.
func (k *Kind) move(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	rec, err := k.look(ctx, spec, moved(r, spec))
	if err != nil {
		return step.Progress{}, err
	}
	if rec.note.Epoch > r.Epoch {
		return step.Progress{}, step.Permanent("run %s, which is newer, has moved %s: nothing was changed", rec.note.Run, rec.name)
	}
	mine := rec.note.Run == r.ID
	to := rec.way.wanted(r, rec.note, mine, rec.now)
	if !mine || rec.now != to || rec.note.Change == "" {
		next := note{Epoch: r.Epoch, Run: r.ID, Before: rec.now, To: to}
		if mine {
			next.Before = rec.note.Before
		}
		return k.change(ctx, rec, next)
	}
	synced, err := k.synced(ctx, rec)
	if err != nil || !synced {
		return step.Pending(fmt.Sprintf("%s is changed to %s; not all name servers have it yet", rec.name, to)), err
	}
	var known time.Duration
	if !r.Good.IsZero() {
		known = r.Now.Sub(r.Good)
	}
	ttl := rec.ttl()
	return step.Progress{
		Good: true, Done: known >= ttl,
		Detail: fmt.Sprintf("%s is %s on all name servers; resolvers may keep the old answer for %s of %s", rec.name, to, max(ttl-known, 0), ttl),
	}, nil
}

// moveBack puts the record where it was before the run. The note stays and keeps the
// epoch, but in a drill, whose record nobody sees.
func (k *Kind) moveBack(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	rec, err := k.look(ctx, spec, moved(r, spec))
	if err != nil {
		return step.Progress{}, err
	}
	if rec.note.Run != r.ID {
		return step.Nothing(rec.name + " was not moved"), nil
	}
	before := rec.note.Before
	if rec.now != before || rec.note.To != before || rec.note.Change == "" {
		return k.change(ctx, rec, note{Epoch: max(r.Epoch, rec.note.Epoch), Run: r.ID, Before: before, To: before})
	}
	synced, err := k.synced(ctx, rec)
	if err != nil || !synced {
		return step.Pending(rec.name + " is changed back; not all name servers have it yet"), err
	}
	if r.Drill != nil {
		if _, err := k.batch(ctx, rec, []types.Change{{Action: types.ChangeActionDelete, ResourceRecordSet: rec.txt}}); err != nil {
			return step.Progress{}, err
		}
	}
	return step.Progress{Done: true, Detail: fmt.Sprintf("%s is as before; resolvers follow within %s", rec.name, rec.ttl())}, nil
}

// moved is the record that a run moves.
func moved(r step.Run, spec plan.ShiftTraffic) string {
	if r.Drill != nil {
		return spec.DrillRecord
	}
	return spec.Record
}

// change makes the record and its note what the next note says, in one batch, and
// then notes the batch's id. A crash between the two costs one batch more, which
// changes nothing.
func (k *Kind) change(ctx context.Context, rec *record, next note) (step.Progress, error) {
	id, err := k.batch(ctx, rec, append(rec.renote(next), rec.way.changes(rec.sets, next.To)...))
	if err != nil {
		return step.Progress{}, err
	}
	rec.txt = next.set(noted(rec.name))
	next.Change = id
	if _, err := k.batch(ctx, rec, rec.renote(next)); err != nil {
		return step.Progress{}, err
	}
	return step.Pending(fmt.Sprintf("%s is changed to %s", rec.name, next.To)), nil
}

// renote replaces the note that was read, and no other: Route 53 refuses a batch
// whose DELETE does not match what is there in every value, and whose CREATE finds
// something there.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func (rec *record) renote(next note) []types.Change {
	var changes []types.Change
	if rec.txt != nil {
		changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: rec.txt})
	}
	return append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: next.set(noted(rec.name))})
}

func (k *Kind) batch(ctx context.Context, rec *record, changes []types.Change) (id string, err error) {
	out, err := k.zones.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(rec.zone), ChangeBatch: &types.ChangeBatch{Changes: changes, Comment: aws.String("Pilotlight")},
	})
	if err != nil {
		return "", fmt.Errorf("change %s: %w", rec.name, err)
	}
	return strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/"), nil
}

// synced says whether every name server of Route 53 has the change.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html
func (k *Kind) synced(ctx context.Context, rec *record) (bool, error) {
	out, err := k.zones.GetChange(ctx, &route53.GetChangeInput{Id: aws.String(rec.note.Change)})
	if err != nil {
		return false, fmt.Errorf("follow the change of %s: %w", rec.name, err)
	}
	return out.ChangeInfo.Status == types.ChangeStatusInsync, nil
}

// aliasTTL is how long resolvers keep the answer of an alias: that of what it points
// at, which is a minute for the load balancers and distributions that users reach.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
const aliasTTL = time.Minute

func (rec *record) ttl() time.Duration {
	var longest time.Duration
	for _, set := range rec.sets {
		ttl := aliasTTL
		if set.TTL != nil {
			ttl = time.Duration(*set.TTL) * time.Second
		}
		longest = max(longest, ttl)
	}
	return longest
}

func (k *Kind) look(ctx context.Context, spec plan.ShiftTraffic, name string) (*record, error) {
	rec := &record{zone: spec.Zone, name: name, way: wayOf(spec, name)}
	var err error
	if rec.sets, err = k.list(ctx, spec.Zone, name); err != nil {
		return nil, err
	}
	notes, err := k.list(ctx, spec.Zone, noted(name))
	if err != nil {
		return nil, err
	}
	for _, set := range notes {
		if set.Type == types.RRTypeTxt {
			rec.txt, rec.note = &set, read(set)
		}
	}
	rec.now, err = rec.way.stands(rec.sets)
	return rec, err
}

// list is every record set of a name. Answers begin at the name and go on beyond it.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
func (k *Kind) list(ctx context.Context, zone, name string) ([]types.ResourceRecordSet, error) {
	var all []types.ResourceRecordSet
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(zone), StartRecordName: aws.String(name)}
	for {
		out, err := k.zones.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list the records %s of zone %s: %w", name, zone, err)
		}
		for _, set := range out.ResourceRecordSets {
			if !same(aws.ToString(set.Name), name) {
				return all, nil
			}
			all = append(all, set)
		}
		if !out.IsTruncated {
			return all, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
}

// same compares names as DNS does. Route 53 shows an asterisk by its code.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
func same(a, b string) bool { return plain(a) == plain(b) }

func plain(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(name, ".")), `\052`, "*")
}

// checkRecords looks at the records of users, and at those of drills.
func (k *Kind) checkRecords(ctx context.Context, r step.Run, spec plan.ShiftTraffic) ([]string, error) {
	names := []string{spec.Record}
	if r.Drill != nil && spec.DrillRecord != "" {
		names = append(names, spec.DrillRecord)
	}
	var problems []string
	for _, name := range names {
		sets, err := k.list(ctx, spec.Zone, name)
		if err != nil {
			return problems, err
		}
		if _, err := wayOf(spec, name).stands(sets); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems, nil
}
