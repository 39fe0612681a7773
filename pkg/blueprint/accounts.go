package blueprint

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Role is what the protection functions act as in the primary account, when the
// recovery side is an account of its own.
type Role struct {
	Name       string
	Functions  []string // ARNs of the roles that may take it on
	ExternalID string   // which they must say
	Grants     []Grant  // ${Account} is the primary one
}

// Trust is the role's trust policy. The account is the principal and the
// functions' roles a condition: a role that does not exist yet could not be a
// principal, and neither stack must wait for the other.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (r Role) Trust() map[string]any {
	account, _, _ := strings.Cut(r.Functions[0], ":role/")
	return map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect":    "Allow",
			"Action":    "sts:AssumeRole",
			"Principal": map[string]any{"AWS": account + ":root"},
			"Condition": map[string]any{
				"StringEquals": map[string]any{"sts:ExternalId": r.ExternalID},
				"ArnEquals":    map[string]any{"aws:PrincipalArn": r.Functions},
			},
		}},
	}
}

// divide gives the primary account's role what a function may do outside the
// recovery region, and leaves the function the rest and the right to take on that
// role. Nothing in the primary account may act in the recovery account: whoever
// breaks into the one cannot delete the copies in the other.
func (b *Blueprint) divide(p *plan.Plan, function string, grants []Grant) []Grant {
	if p.Accounts == nil {
		return grants
	}
	if b.Source == nil {
		b.Source = &Role{Name: names.Source(p.Name), ExternalID: names.ExternalID(p.Name)}
	}
	b.Source.Functions = append(b.Source.Functions,
		"arn:"+names.Partition(p.Recovery)+":iam::"+p.Accounts.Recovery+":role/"+names.Function(p.Name, function))
	own := []Grant{{
		Actions: []string{"sts:AssumeRole"}, Regions: []string{p.Recovery},
		Resources: []string{names.SourceRole(p.Name, p.Primary, p.Accounts.Primary)},
	}}
	for _, grant := range grants {
		here, there := grant, grant
		here.Regions = slices.DeleteFunc(slices.Clone(grant.Regions), func(region string) bool { return region != p.Recovery })
		there.Regions = slices.DeleteFunc(slices.Clone(grant.Regions), func(region string) bool { return region == p.Recovery })
		if copying(grant) { // by the side that it goes to, which asks the source's region too
			here.Regions, there.Regions = grant.Regions, nil
			if grant.Regions[0] != p.Recovery {
				here.Regions, there.Regions = nil, grant.Regions
			}
		}
		if len(here.Regions) > 0 {
			own = more(own, shared(here))
		}
		if len(there.Regions) > 0 {
			b.Source.Grants = more(b.Source.Grants, shared(there))
		}
	}
	// Who copies what is encrypted uses the key of the source, too.
	b.Source.Grants = more(b.Source.Grants, keysOf(function, p.Accounts.Recovery, p.Recovery)...)
	return append(own, keysOf(function, p.Accounts.Primary, p.Primary)...)
}

// more adds grants that are not there yet: the functions share some, and what the
// other account shares is not told apart.
func more(grants []Grant, others ...Grant) []Grant {
	for _, g := range others {
		if !slices.ContainsFunc(grants, func(have Grant) bool { return have.covers(g) }) {
			grants = append(grants, g)
		}
	}
	return grants
}

// covers says whether g allows all that another grant does on the same things.
func (g Grant) covers(other Grant) bool {
	for _, action := range other.Actions {
		if !slices.Contains(g.Actions, action) {
			return false
		}
	}
	return reflect.DeepEqual(g.Resources, other.Resources) && reflect.DeepEqual(g.Regions, other.Regions) && reflect.DeepEqual(g.Condition, other.Condition)
}

// keysOf are key grants on another account's keys, which its key policies must
// allow as well.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func keysOf(function, account, region string) []Grant {
	grants := append(keyGrants(region), keyTrials(region)...)
	if function == protect.ProtectDatabases.Name {
		grants = append(databaseKeys(region), keyTrials(region)...)
	}
	for i := range grants {
		resources := slices.Clone(grants[i].Resources)
		for j := range resources {
			resources[j] = strings.ReplaceAll(resources[j], "${Account}", account)
		}
		grants[i].Resources = resources
	}
	return grants
}

// shared is a grant of a copy from the other account, whose tags on what it shares
// nobody else can see: what may be copied is then what it shares with us.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
func shared(g Grant) Grant {
	if !copying(g) {
		return g
	}
	equals := maps.Clone(g.Condition["StringEquals"])
	maps.DeleteFunc(equals, func(key, _ string) bool { return strings.HasPrefix(key, "aws:ResourceTag/") })
	g.Condition = nil
	if len(equals) > 0 {
		g.Condition = map[string]map[string]string{"StringEquals": equals}
	}
	return g
}

func copying(g Grant) bool {
	return strings.HasPrefix(g.Actions[0], "ec2:Copy") || strings.HasPrefix(g.Actions[0], "rds:Copy")
}

// sharesSnapshots allows to let the plan's other account, and nobody else, copy its
// own snapshots: a group would be everybody.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func sharesSnapshots(p *plan.Plan) []Grant {
	return shares(p, "ec2:ModifySnapshotAttribute", "snapshot/*", func(with string) map[string]map[string]string {
		return map[string]map[string]string{
			"StringEquals": {"aws:ResourceTag/" + lineage.Plan: p.Name, "ec2:Add/userId": with},
			"Null":         {"ec2:Add/group": "true"},
		}
	})
}

// sharesImages allows the same for images. IAM has no key for whom an image is
// shared with: the tag is all that limits it.
func sharesImages(p *plan.Plan) []Grant {
	return shares(p, "ec2:ModifyImageAttribute", "image/*", func(string) map[string]map[string]string { return ours(p) })
}

// shares allows an action on each side, with a condition made of the account that
// what is there is shared with.
func shares(p *plan.Plan, action, resource string, condition func(with string) map[string]map[string]string) []Grant {
	if p.Accounts == nil {
		return nil
	}
	var grants []Grant
	for _, region := range sides(p) {
		with := p.Accounts.Recovery
		if region == p.Recovery {
			with = p.Accounts.Primary
		}
		grants = append(grants, Grant{
			Actions: []string{action}, Regions: []string{region}, Condition: condition(with),
			Resources: []string{unowned(region, resource)},
		})
	}
	return grants
}

// sides are the regions in which recovery points of a plan may be.
func sides(p *plan.Plan) []string {
	regions := []string{p.Primary, p.Recovery}
	if p.Next != "" {
		regions = append(regions, p.Next)
	}
	return regions
}
