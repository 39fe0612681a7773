package blueprint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Who may give grants on a key may give the key away.
func TestGrants_giveAKeyToNobodyButAWSAndThemselves(t *testing.T) {
	themselves := map[string]map[string]string{
		"StringEquals":              {"kms:GranteePrincipal": "${aws:PrincipalArn}"},
		"ForAllValues:StringEquals": {"kms:GrantOperations": "DescribeKey"},
	}
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			for _, g := range f.Grants {
				if !slices.Contains(g.Actions, "kms:CreateGrant") {
					continue
				}
				through, _, _ := strings.Cut(g.Condition["StringEquals"]["kms:ViaService"], ".")
				ofAWS := g.Condition["Bool"]["kms:GrantIsForAWSResource"] == "true" && (through == "ec2" || through == "rds")
				if !ofAWS && !cmp.Equal(g.Condition, themselves) {
					t.Errorf("%s may call %v under the condition %v", f.Name, g.Actions, g.Condition)
				}
			}
		}
	})
}

func TestGrants_letDatabasesTryTheKeysOfEverySide(t *testing.T) {
	key := func(region, account string) string {
		return "arn:${Partition}:kms:" + region + ":" + account + ":key/*"
	}
	_, f := databaseFunction(t, "next: eu-west-1")
	for _, region := range []string{"us-east-1", "us-west-2", "eu-west-1"} {
		if !granted(f.Grants, "kms:GetKeyPolicy", key(region, "${Account}"), region) || !granted(f.Grants, "sts:GetCallerIdentity", "*", region) {
			t.Errorf("the keys of %s cannot be tried", region)
		}
	}
	_, f = databaseFunction(t, betweenAccounts)
	if !granted(f.Grants, "kms:GetKeyPolicy", key("us-east-1", "111111111111"), "us-east-1") {
		t.Error("the keys of the other account cannot be tried")
	}
}

func TestGrants_askAboutKeysNoMoreThanThePoliciesNeed(t *testing.T) {
	asks := func(policy plan.Policy) []string {
		policy.Name = "data"
		b, err := blueprint.Compile(&plan.Plan{Name: "storefront", Primary: "us-east-1", Recovery: "us-west-2", Protect: []plan.Policy{policy},
			Recover: []plan.Step{{ID: "verify", Kind: plan.KindVerify, Spec: &plan.Verify{URL: "https://dr.example.com"}}}})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, g := range b.Functions[slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == protect.FunctionOf(policy).Name })].Grants {
			for _, action := range g.Actions {
				if action == "ec2:GetEbsDefaultKmsKeyId" || action == "autoscaling:DescribeAutoScalingGroups" || action == "kms:ListGrants" {
					found = append(found, action+" "+strings.Join(g.Regions, " "))
				}
			}
		}
		return found
	}
	volumes, images := &plan.Selector{Tags: map[string]string{"a": "b"}}, &plan.Selector{Tags: map[string]string{"a": "b"}}
	for name, c := range map[string]struct {
		policy plan.Policy
		want   []string
	}{
		"an alias":              {plan.Policy{Volumes: volumes, Key: "alias/dr"}, nil},
		"no key":                {plan.Policy{Volumes: volumes}, []string{"ec2:GetEbsDefaultKmsKeyId us-east-1", "ec2:GetEbsDefaultKmsKeyId us-west-2"}},
		"a key of one region":   {plan.Policy{Volumes: volumes, Key: "k"}, []string{"ec2:GetEbsDefaultKmsKeyId us-east-1", "ec2:GetEbsDefaultKmsKeyId us-west-2"}},
		"a parameter to launch": {plan.Policy{Images: images, Key: "alias/dr", Point: &plan.Point{Parameter: "/web"}}, []string{"autoscaling:DescribeAutoScalingGroups us-west-2", "kms:ListGrants us-west-2"}},
		"an image for nothing":  {plan.Policy{Images: images, Key: "alias/dr"}, nil},
		"a template to launch":  {plan.Policy{Images: images, Key: "alias/dr", Point: &plan.Point{LaunchTemplate: "web"}}, []string{"autoscaling:DescribeAutoScalingGroups us-west-2", "kms:ListGrants us-west-2"}},
	} {
		if diff := cmp.Diff(c.want, asks(c.policy)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
