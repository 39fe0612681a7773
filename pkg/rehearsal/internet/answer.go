package internet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
)

// aliasTTL is the TTL of an alias to a load balancer: the owner cannot set it.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
const aliasTTL = 60

// maxChain bounds CNAME and alias chains, as resolvers do.
const maxChain = 8

var (
	errNotHosted  = errors.New("no hosted zone")
	errNoSuchName = errors.New("no such name")
)

// zone is a public hosted zone as the control plane last told it.
type zone struct {
	name    string // "example.com."
	records []types.ResourceRecordSet
}

// world is all that an answer depends on. Answering is pure but for pick.
type world struct {
	zones   []zone
	names   map[string]string // AWS's own: name → address
	healthy func(check string) bool
	pick    func(total int64) int64 // in [0, total)
}

// answer resolves name, following aliases and CNAMEs as a resolver would. Wildcard
// records are not modelled. A known name without the type has an empty answer.
func (w world) answer(name string, qtype uint16) ([]dns.RR, error) {
	var chain []dns.RR
	for name = fqdn(name); len(chain) < maxChain; {
		found, err := w.one(name, qtype, 0)
		if err != nil {
			return nil, err
		}
		chain = append(chain, found...)
		if len(found) != 1 || qtype == dns.TypeCNAME {
			return chain, nil
		}
		cname, ok := found[0].(*dns.CNAME)
		if !ok {
			return chain, nil
		}
		name = fqdn(cname.Target)
	}
	return nil, fmt.Errorf("resolve %s: chain longer than %d", name, maxChain)
}

// one answers from a single record group, without following a CNAME.
func (w world) one(name string, qtype uint16, depth int) ([]dns.RR, error) {
	if depth > maxChain {
		return nil, fmt.Errorf("resolve %s: alias chain longer than %d", name, maxChain)
	}
	if address, ok := w.names[name]; ok {
		if qtype != dns.TypeA {
			return nil, nil
		}
		return render(name, "A", aliasTTL, []string{address})
	}
	z := w.zoneOf(name)
	if z == nil {
		return nil, errNotHosted
	}
	var group []types.ResourceRecordSet
	exists := false
	for _, set := range z.records {
		if fqdn(aws.ToString(set.Name)) != name {
			continue
		}
		exists = true
		if string(set.Type) == dns.TypeToString[qtype] || set.Type == types.RRTypeCname {
			group = append(group, set)
		}
	}
	switch {
	case !exists:
		return nil, errNoSuchName
	case len(group) == 0:
		return nil, nil
	}
	set, err := w.choose(group, depth)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	if set.AliasTarget != nil {
		found, err := w.one(aliased(set), qtype, depth+1)
		for _, rr := range found {
			rr.Header().Name = name // an alias answers in its own name
		}
		return found, err
	}
	var values []string
	for _, r := range set.ResourceRecords {
		values = append(values, aws.ToString(r.Value))
	}
	return render(name, string(set.Type), aws.ToInt64(set.TTL), values)
}

// choose picks one record set of a group with the same name and type.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
func (w world) choose(group []types.ResourceRecordSet, depth int) (types.ResourceRecordSet, error) {
	first := group[0]
	switch {
	case first.SetIdentifier == nil:
		return first, nil
	case first.Failover != "":
		return w.chooseFailover(group, depth), nil
	case first.Weight != nil:
		return w.chooseWeighted(group, depth), nil
	}
	return first, errors.New("routing policy is not modelled: only simple, failover and weighted are")
}

// chooseFailover follows the API reference of ResourceRecordSet.Failover: the
// primary while it is healthy, else a healthy secondary; when neither is, the
// primary again.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
func (w world) chooseFailover(group []types.ResourceRecordSet, depth int) types.ResourceRecordSet {
	var primary, secondary *types.ResourceRecordSet
	for n := range group {
		if group[n].Failover == types.ResourceRecordSetFailoverPrimary {
			primary = &group[n]
		} else {
			secondary = &group[n]
		}
	}
	switch {
	case primary == nil:
		return *secondary
	case secondary == nil || w.up(*primary, depth) || !w.up(*secondary, depth):
		return *primary
	}
	return *secondary
}

// chooseWeighted considers records of weight 0 only when all others are
// unhealthy, and every record when none is healthy at all.
func (w world) chooseWeighted(group []types.ResourceRecordSet, depth int) types.ResourceRecordSet {
	var weighted, zero []types.ResourceRecordSet
	for _, set := range group {
		switch {
		case !w.up(set, depth):
		case aws.ToInt64(set.Weight) > 0:
			weighted = append(weighted, set)
		default:
			zero = append(zero, set)
		}
	}
	candidates := weighted
	if len(candidates) == 0 {
		candidates = zero
	}
	if len(candidates) == 0 {
		candidates = group
	}
	total := int64(0)
	for _, set := range candidates {
		total += aws.ToInt64(set.Weight)
	}
	if total == 0 { // equal probability
		return candidates[w.pick(int64(len(candidates)))]
	}
	at := w.pick(total)
	for _, set := range candidates {
		if at -= aws.ToInt64(set.Weight); at < 0 {
			return set
		}
	}
	return candidates[len(candidates)-1]
}

// up is whether Route 53 counts a record as healthy. Without a health check it
// always does; an alias that evaluates its target inherits the target's health.
// What AWS itself answers for, such as a load balancer, counts as healthy here.
func (w world) up(set types.ResourceRecordSet, depth int) bool {
	if id := aws.ToString(set.HealthCheckId); id != "" && !w.healthy(id) {
		return false
	}
	if set.AliasTarget == nil || !set.AliasTarget.EvaluateTargetHealth || depth > maxChain {
		return true
	}
	target := aliased(set)
	z := w.zoneOf(target)
	if _, own := w.names[target]; own || z == nil {
		return true
	}
	for _, other := range z.records {
		if fqdn(aws.ToString(other.Name)) == target && other.Type == set.Type && w.up(other, depth+1) {
			return true
		}
	}
	return false
}

func (w world) zoneOf(name string) *zone {
	var best *zone
	for n := range w.zones {
		z := &w.zones[n]
		if dns.IsSubDomain(z.name, name) && (best == nil || len(z.name) > len(best.name)) {
			best = z
		}
	}
	return best
}

// aliased is an alias's target. "dualstack." is the console's spelling of a load
// balancer's name that has both A and AAAA records.
func aliased(set types.ResourceRecordSet) string {
	return strings.TrimPrefix(fqdn(aws.ToString(set.AliasTarget.DNSName)), "dualstack.")
}

func fqdn(name string) string { return dns.CanonicalName(name) }

func render(name, rrtype string, ttl int64, values []string) ([]dns.RR, error) {
	var out []dns.RR
	for _, v := range values {
		rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", name, ttl, rrtype, v))
		if err != nil {
			return nil, fmt.Errorf("resolve %s: record %s %q: %w", name, rrtype, v, err)
		}
		out = append(out, rr)
	}
	return out, nil
}
