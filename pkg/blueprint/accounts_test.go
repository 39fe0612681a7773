package blueprint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func vault(t *testing.T) *blueprint.Blueprint {
	t.Helper()
	p, findings := plan.LoadFile(repository.Path(t, "pkg", "rehearsal", "testdata", "vault.yaml"))
	if p == nil {
		t.Fatal(findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What the functions do outside the recovery region they do as the primary
// account's role, so that its owner sees, and can end, all of it in one place.
func TestAccounts_functionsActInThePrimaryOneThroughItsRoleAlone(t *testing.T) {
	b := vault(t)
	for _, f := range b.Functions {
		assumes := false
		for _, g := range f.Grants {
			assumes = assumes || slices.Contains(g.Actions, "sts:AssumeRole")
			if !slices.Contains(g.Regions, b.Primary) || slices.Equal(g.Regions, []string{b.Recovery, b.Primary}) && copies(g) {
				continue
			}
			for _, action := range g.Actions {
				if !strings.HasPrefix(action, "kms:") {
					t.Errorf("%s may %s in %s by itself", f.Name, action, b.Primary)
				}
			}
			for _, resource := range g.Resources {
				if !strings.Contains(resource, ":"+b.Accounts.Primary+":") {
					t.Errorf("%s may use %s: the source's keys are the primary account's", f.Name, resource)
				}
			}
		}
		if looks := f.Name == "rotate-snapshots" || f.Name == "refresh-images" || f.Name == "publish-ages"; assumes != looks {
			t.Errorf("%s may take on the source role: %t", f.Name, assumes)
		}
	}
}

func TestAccounts_nothingOfThePrimaryOneMayActInTheRecoveryOne(t *testing.T) {
	b := vault(t)
	for _, g := range b.Source.Grants {
		if !slices.Contains(g.Regions, b.Recovery) {
			continue
		}
		for _, action := range g.Actions {
			// A copy that comes back is decrypted with the key that it has there, and
			// asked for there.
			if !strings.HasPrefix(action, "kms:") && !(slices.Equal(g.Regions, []string{b.Primary, b.Recovery}) && copies(g)) {
				t.Errorf("the source role may %s in %s", action, b.Recovery)
			}
		}
	}
}

// copies: who copies asks the source's region for what it copies.
func copies(g blueprint.Grant) bool {
	return strings.HasPrefix(g.Actions[0], "ec2:Copy") || strings.HasPrefix(g.Actions[0], "rds:Copy")
}

func TestAccounts_whoCopiesMayAskTheSourcesRegion(t *testing.T) {
	b := vault(t)
	asks := func(grants []blueprint.Grant, action, from, to string) bool {
		return slices.ContainsFunc(grants, func(g blueprint.Grant) bool {
			return slices.Contains(g.Actions, action) && slices.Contains(g.Resources, "arn:${Partition}:ec2:"+from+"::snapshot/*") && slices.Equal(g.Regions, []string{to, from})
		})
	}
	for function, action := range map[string]string{"rotate-snapshots": "ec2:CopySnapshot", "refresh-images": "ec2:CopyImage"} {
		f := b.Functions[slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == function })]
		if !asks(f.Grants, action, b.Primary, b.Recovery) || !asks(b.Source.Grants, action, b.Recovery, b.Primary) {
			t.Errorf("%s may not ask the source's region for what it copies", function)
		}
		if asks(f.Grants, action, b.Recovery, b.Primary) || asks(b.Source.Grants, action, b.Primary, b.Recovery) {
			t.Errorf("%s may copy in the name of the wrong account", function)
		}
	}
}

// A function that is broken into must not be able to hand the plan's disks to an
// account of the intruder's.
func TestAccounts_snapshotsAreSharedWithTheOtherAccountAlone(t *testing.T) {
	b := vault(t)
	check := func(who, with string, grants []blueprint.Grant) {
		found := false
		for _, g := range grants {
			if !slices.Contains(g.Actions, "ec2:ModifySnapshotAttribute") {
				continue
			}
			found = true
			if g.Condition["StringEquals"]["ec2:Add/userId"] != with || g.Condition["Null"]["ec2:Add/group"] != "true" ||
				g.Condition["StringEquals"]["aws:ResourceTag/pilotlight:plan"] != "vault" || len(g.Actions) != 1 {
				t.Errorf("%s may share snapshots in %v on condition %v", who, g.Regions, g.Condition)
			}
		}
		if !found {
			t.Errorf("%s may not share snapshots", who)
		}
	}
	check("the source role", b.Accounts.Recovery, b.Source.Grants)
	for _, f := range b.Functions {
		if f.Name == "rotate-snapshots" || f.Name == "refresh-images" {
			check(f.Name, b.Accounts.Primary, f.Grants)
		}
	}
}

func TestAccounts_theRoleTrustsTheFunctionsThatSayTheExternalID(t *testing.T) {
	b := vault(t)
	want := []string{
		"arn:aws:iam::444455556666:role/pilotlight-vault-rotate-snapshots",
		"arn:aws:iam::444455556666:role/pilotlight-vault-refresh-images",
		"arn:aws:iam::444455556666:role/pilotlight-vault-publish-ages",
	}
	if !slices.Equal(b.Source.Functions, want) || b.Source.ExternalID != "pilotlight-vault" {
		t.Errorf("trusts %v with %q", b.Source.Functions, b.Source.ExternalID)
	}
}
