package shifttraffic

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// weights are two records of one name and type, one a side: "A:100:0 AAAA:100:0" is
// how a name stands whose users of both types all go to the primary side.
type weights struct {
	spec   plan.ShiftTraffic
	record string
}

// all is the weight of the side that serves. The other's is zero: it gets no users
// for as long as the first is healthy.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
const all = 100

func (w weights) stands(sets []types.ResourceRecordSet) (string, error) {
	primary, recovery := map[types.RRType]int64{}, map[types.RRType]int64{}
	for _, set := range sets {
		switch id := aws.ToString(set.SetIdentifier); {
		case set.Weight == nil:
		case id == w.spec.PrimarySet:
			primary[set.Type] = *set.Weight
		case id == w.spec.RecoverySet:
			recovery[set.Type] = *set.Weight
		}
	}
	var each []string
	for kind, weight := range primary {
		other, ok := recovery[kind]
		if !ok {
			return "", step.Permanent("%s has no weighted %s record %q in zone %s: make it, or correct the plan's \"recovery-set\"", w.record, kind, w.spec.RecoverySet, w.spec.Zone)
		}
		each = append(each, fmt.Sprintf("%s:%d:%d", kind, weight, other))
	}
	if len(each) == 0 || len(recovery) > len(primary) {
		return "", step.Permanent("%s has no weighted record %q in zone %s: make it, or correct the plan's \"primary-set\"", w.record, w.spec.PrimarySet, w.spec.Zone)
	}
	slices.Sort(each)
	return strings.Join(each, " "), nil
}

// wanted is everybody on one side. A failback goes to how the record was before the
// failover, when the note of that still tells: two sides that both served do again.
func (w weights) wanted(r step.Run, n note, mine bool, now string) string {
	to, _ := sides(r)
	switch {
	case to == run.PrimarySide && mine:
		return n.To
	case to == run.PrimarySide && n.To == now && serves(n.Before):
		return n.Before
	}
	var each []string
	for _, s := range parse(now) {
		s.primary, s.recovery = all, 0
		if to == run.RecoverySide {
			s.primary, s.recovery = 0, all
		}
		each = append(each, s.String())
	}
	return strings.Join(each, " ")
}

// serves says whether the primary side gets users.
func serves(state string) bool {
	return slices.ContainsFunc(parse(state), func(s share) bool { return s.primary > 0 })
}

func (w weights) changes(sets []types.ResourceRecordSet, to string) []types.Change {
	var changes []types.Change
	for _, set := range sets {
		for _, s := range parse(to) {
			weight := s.primary
			if aws.ToString(set.SetIdentifier) == w.spec.RecoverySet {
				weight = s.recovery
			} else if aws.ToString(set.SetIdentifier) != w.spec.PrimarySet {
				continue
			}
			if set.Type == s.kind {
				set.Weight = aws.Int64(weight)
				changes = append(changes, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &set})
			}
		}
	}
	slices.SortFunc(changes, func(a, b types.Change) int {
		return cmp.Compare(aws.ToString(a.ResourceRecordSet.SetIdentifier), aws.ToString(b.ResourceRecordSet.SetIdentifier))
	})
	return changes
}

// share is how the users of one type of record are divided.
type share struct {
	kind              types.RRType
	primary, recovery int64
}

func (s share) String() string { return fmt.Sprintf("%s:%d:%d", s.kind, s.primary, s.recovery) }

// parse reads what stands answers, and nothing from anything else.
func parse(state string) []share {
	var shares []share
	for _, each := range strings.Fields(state) {
		parts := strings.Split(each, ":")
		if len(parts) != 3 {
			return nil
		}
		primary, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return nil
		}
		recovery, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return nil
		}
		shares = append(shares, share{types.RRType(parts[0]), primary, recovery})
	}
	return shares
}
