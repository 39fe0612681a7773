package blueprint_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// may says whether a function is granted an action in a region on a resource, with
// what condition.
func may(f blueprint.Function, action, region, resource string, equals map[string]string) bool {
	return slices.ContainsFunc(f.Grants, func(g blueprint.Grant) bool {
		return slices.Contains(g.Actions, action) && slices.Contains(g.Regions, region) && slices.Contains(g.Resources, resource) &&
			maps.Equal(g.Condition["StringEquals"], equals)
	})
}

// After a failover nobody deploys: what protection does then is granted today.
func TestGrants_ofProtectionAreThereForBothDirections(t *testing.T) {
	every := plan.Duration(15 * time.Minute)
	for next, back := range map[string]string{"": "us-east-1", "eu-west-1": "eu-west-1"} {
		b, err := blueprint.Compile(&plan.Plan{
			Name: "storefront", Primary: "us-east-1", Recovery: "us-west-2", Next: next,
			Protect: []plan.Policy{
				{Name: "data", Volumes: &plan.Selector{Tags: map[string]string{"tier": "data"}}, Every: every, RPO: every},
				{Name: "theirs", Snapshots: &plan.Selector{Tags: map[string]string{"backup-plan": "nightly", "app": "shop"}}, Every: every, RPO: every},
				{Name: "web", Images: &plan.Selector{Tags: map[string]string{"tier": "web"}}, Every: every, RPO: every},
			},
			Recover: []plan.Step{{ID: "verify", Kind: plan.KindVerify, Spec: &plan.Verify{URL: "https://dr.example.com"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		made := map[string]string{"aws:RequestTag/pilotlight:plan": "storefront"}
		ours := map[string]string{"aws:ResourceTag/pilotlight:plan": "storefront"}
		theirs := map[string]string{"aws:ResourceTag/backup-plan": "nightly", "aws:ResourceTag/app": "shop"}
		for _, way := range [][2]string{{"us-east-1", "us-west-2"}, {"us-west-2", back}} {
			from, to := way[0], way[1]
			for name, acts := range map[string][3]string{
				"rotate-snapshots": {"ec2:CreateSnapshots", "ec2:CopySnapshot", "snapshot/*"},
				"refresh-images":   {"ec2:CreateImage", "ec2:CopyImage", "image/*"},
			} {
				f := b.Functions[slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == name })]
				source, copied := "arn:${Partition}:ec2:"+from+"::"+acts[2], "arn:${Partition}:ec2:"+to+"::"+acts[2]
				if !may(f, acts[0], from, source, made) {
					t.Errorf("next %q: %s may not make points in %s", next, name, from)
				}
				if !may(f, acts[1], to, copied, made) || !may(f, acts[1], to, source, ours) {
					t.Errorf("next %q: %s may not copy from %s to %s", next, name, from, to)
				}
				if got := may(f, acts[1], to, source, theirs); got != (name == "rotate-snapshots") {
					t.Errorf("next %q: %s may copy what other tools took in %s: %t", next, name, from, got)
				}
				for _, region := range []string{from, to} {
					through := map[string]string{"kms:ViaService": "ec2." + region + ".amazonaws.com"}
					keys := "arn:${Partition}:kms:" + region + ":${Account}:key/*"
					if !may(f, "kms:CreateGrant", region, keys, through) || !may(f, "kms:DescribeKey", region, keys, nil) || !may(f, "sts:GetCallerIdentity", region, "*", nil) {
						t.Errorf("next %q: %s may not use and try the keys of %s", next, name, region)
					}
				}
				for _, region := range []string{"us-east-1", from, to} {
					points := "arn:${Partition}:ec2:" + region + "::" + acts[2]
					if !may(f, "ec2:CreateTags", region, points, ours) || !may(f, "ec2:DescribeVolumes", region, "*", nil) {
						t.Errorf("next %q: %s may not retire in %s", next, name, region)
					}
				}
			}
		}
	}
}
