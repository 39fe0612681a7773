package protect

import (
	"cmp"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Site is a region of an account, and how to act there.
type Site struct {
	Region  string
	Account string // empty: the functions' own
	// Role is the ARN of the role to take on, with ExternalID; empty: the
	// function's own does.
	Role       string
	ExternalID string
}

// direction says where a pass takes recovery points and where it copies them:
// from the side that serves to the other one, which is the next region, if the
// plan has one, while the recovery side serves. So the same input protects the
// plan before and after a failover, without a deployment.
func (in Input) direction(serving run.Side) (from, to Site) {
	primary, recovery := in.at(in.Primary), Site{Region: in.Recovery}
	if in.Accounts != nil {
		recovery.Account = in.Accounts.Recovery
	}
	if serving == run.RecoverySide {
		return recovery, in.at(cmp.Or(in.Next, in.Primary))
	}
	return primary, recovery
}

// at is a site of the primary account. The functions live in the recovery
// account: they act elsewhere in a role that trusts theirs alone.
func (in Input) at(region string) Site {
	site := Site{Region: region}
	if in.Accounts != nil {
		site.Account = in.Accounts.Primary
		site.Role = names.SourceRole(in.Plan, region, site.Account)
		site.ExternalID = names.ExternalID(in.Plan)
	}
	return site
}

// Sites are all of the plan's: the primary one, the recovery one and, if the
// plan has one, the next.
func (in Input) Sites() []Site {
	primary, recovery := in.direction(run.PrimarySide)
	sites := []Site{primary, recovery}
	if in.Next != "" {
		sites = append(sites, in.at(in.Next))
	}
	return sites
}

// Key is the KMS key that copies are encrypted with: the policy's, when it can be
// meant. An alias is a name that every region may give to a key of its own; an id
// or an ARN is a key of the recovery region, and elsewhere empty stands for the
// region's default key.
func (p Pass) Key() string {
	if key := p.Policy.Key; strings.HasPrefix(key, "alias/") || p.To.Region == p.Recovery {
		return key
	}
	return ""
}
