package shifttraffic

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// cname is one record: "60 old.example.com" is how a name stands that leads there,
// with its TTL. It stands at "" while it does not exist.
type cname struct {
	spec   plan.ShiftTraffic
	record string
}

// cnameTTL is that of a record that is made: as short as Route 53 advises for a
// record that failover changes.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html
const cnameTTL = 60

func (c cname) stands(sets []types.ResourceRecordSet) (string, error) {
	state := ""
	for _, set := range sets {
		if set.Type != types.RRTypeCname || set.SetIdentifier != nil || set.AliasTarget != nil || len(set.ResourceRecords) != 1 {
			return "", step.Permanent("%s in zone %s is no plain CNAME (%s): make it one, or move it via \"weights\" or \"health-check\"", c.record, c.spec.Zone, set.Type)
		}
		state = point(aws.ToInt64(set.TTL), aws.ToString(set.ResourceRecords[0].Value))
	}
	return state, nil
}

func point(ttl int64, target string) string { return fmt.Sprintf("%d %s", ttl, plain(target)) }

func (c cname) wanted(_ step.Run, _ note, _ bool, now string) string {
	ttl, _, found := strings.Cut(now, " ")
	seconds, err := strconv.ParseInt(ttl, 10, 64)
	if !found || err != nil {
		seconds = cnameTTL
	}
	return point(seconds, c.spec.Target)
}

func (c cname) changes(sets []types.ResourceRecordSet, to string) []types.Change {
	ttl, target, _ := strings.Cut(to, " ")
	seconds, err := strconv.ParseInt(ttl, 10, 64)
	if err != nil { // it is to be gone
		var changes []types.Change
		for _, set := range sets {
			changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &set})
		}
		return changes
	}
	set := types.ResourceRecordSet{Name: aws.String(c.record), Type: types.RRTypeCname}
	if len(sets) > 0 {
		set = sets[0]
	}
	set.TTL, set.ResourceRecords = aws.Int64(seconds), []types.ResourceRecord{{Value: aws.String(target)}}
	return []types.Change{{Action: types.ChangeActionUpsert, ResourceRecordSet: &set}}
}
