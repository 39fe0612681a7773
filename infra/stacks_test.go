package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestBuild_makesTheStacksOfAPlanInTheirRegions(t *testing.T) {
	got, want := map[string]string{}, map[string]string{}
	for _, s := range stacks {
		got[s.name] = s.region
		name := "pilotlight-" + s.blueprint.Plan
		for _, vantage := range s.blueprint.Vantages {
			want[name+"-vantage-"+vantage.Recovery] = vantage.Recovery
		}
		if s.role == "vantage" {
			continue
		}
		want[name+"-recovery"] = s.blueprint.Recovery
		if s.blueprint.Primary != plan.OnPremises {
			want[name+"-primary"] = s.blueprint.Primary
		}
		if s.blueprint.Traffic != nil {
			want[name+"-traffic"] = s.blueprint.Recovery
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stacks and their regions (-want +got):\n%s", diff)
	}
	if _, ok := want["pilotlight-mill-primary"]; ok || want["pilotlight-mill-recovery"] == "" {
		t.Error("no plan with its primary on premises is among them")
	}
	if want["pilotlight-everything-vantage-eu-west-1"] == "" {
		t.Error("no plan that probes from a third region is among them")
	}
}

func TestBuild_refusesAnInvalidPlanByItsName(t *testing.T) {
	const file = "../pkg/plan/testdata/broken.yaml"
	if err := build(awscdk.NewApp(nil), file, "bin"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("build = %v, want an error that names %s", err, file)
	}
}

func TestBuild_refusesToDeployNothing(t *testing.T) {
	if err := build(awscdk.NewApp(nil), "testdata/*.yaml", "bin"); err == nil {
		t.Error("a pattern that matches no plan gives an empty app, which would delete nothing and protect nothing")
	}
}

// With the feature flag in cdk.json, `cdk deploy` stops at these too.
func TestBuild_leavesTheCDKsOwnValidatorNothingToSay(t *testing.T) {
	if len(report.PluginReports) == 0 {
		t.Error("no validator has looked at the templates")
	}
	for _, plugin := range report.PluginReports {
		for _, violation := range plugin.Violations {
			t.Errorf("%s %s: %s", plugin.PluginName, violation.RuleName, violation.Description)
		}
	}
}

// The recovery stack must deploy while the primary region is down, and the other
// way round: no stack may look at another one, by whatever means.
func TestStacks_lookAtNoOtherStack(t *testing.T) {
	inside := []string{"Fn::GetAtt", "Fn::Join", "Fn::Sub"} // Sub: the name of the bootstrap bucket
	forEvery(t, func(t *testing.T, s stack) {
		for _, dependency := range s.dependencies {
			if dependency != s.name+".assets" {
				t.Errorf("deploys after %s", dependency)
			}
		}
		for id, r := range s.Resources {
			for _, function := range intrinsics(r.Properties) {
				if !slices.Contains(inside, function) {
					t.Errorf("%s uses %s", id, function)
				}
			}
		}
		for id, output := range s.Outputs {
			if output["Export"] != nil {
				t.Errorf("output %s is exported, so a stack that imports it ties the two together", id)
			}
		}
	})
}

// A custom resource is a function of the CDK's with a role that nobody reviewed,
// and a deployment that hangs when it fails.
func TestStacks_haveNoCustomResources(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, r := range s.Resources {
			if strings.HasPrefix(r.Type, "Custom::") || r.Type == "AWS::CloudFormation::CustomResource" {
				t.Errorf("%s is a %s", id, r.Type)
			}
		}
	})
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
func TestStacks_keepNamesWithinSixtyFourCharacters(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, r := range s.Resources {
			for _, property := range []string{"FunctionName", "RoleName", "Name"} {
				if name, _ := r.Properties[property].(string); len(name) > 64 {
					t.Errorf("%s %s is called %s, which has %d characters", r.Type, id, name, len(name))
				}
			}
		}
	})
}

// With two accounts it also has the role that the functions act as there.
func TestPrimary_holdsNothingButRulesThatForward(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		account := "${AWS::AccountId}"
		if s.blueprint.Accounts != nil {
			account = s.blueprint.Accounts.Recovery
		}
		bus := "arn:${AWS::Partition}:events:" + s.blueprint.Recovery + ":" + account + ":event-bus/default"
		got, want := map[string][]string{}, map[string][]string{}
		for id, r := range s.Resources {
			switch r.Type {
			case "AWS::Events::Rule":
				target := r.Properties["Targets"].([]any)[0].(map[string]any)
				got[s.nameOf(id)] = []string{asJSON(t, r.Properties["EventPattern"]), s.render(target["Arn"])}
			case "AWS::IAM::Role", "AWS::IAM::ManagedPolicy": // of the role
			default:
				t.Errorf("%s is a %s", id, r.Type)
			}
		}
		for _, forward := range s.blueprint.Forwards {
			want[forward.Name] = []string{asJSON(t, forward.Pattern), bus}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "primary")
}

// A vantage goes on asking whatever becomes of the region that it asks about. Its
// schedule has the plan's words in its input, which may name any region.
func TestVantage_holdsAProbeThatNeedsNoOtherRegion(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, r := range s.Resources {
			if r.Type != "AWS::Scheduler::Schedule" && strings.Contains(asJSON(t, r.Properties), s.blueprint.Primary) {
				t.Errorf("%s speaks of %s", id, s.blueprint.Primary)
			}
		}
		for _, kind := range []string{"AWS::Lambda::Function", "AWS::Scheduler::Schedule", "AWS::CloudWatch::Alarm"} {
			s.only(t, kind)
		}
	}, "vantage")
}

// A health check that is made anew counts as healthy until it has data, and
// would send users back to the dead region.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
func TestTraffic_isNotDeletedByAccident(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		if !s.protected {
			t.Error("the stack can be deleted in one call")
		}
		for _, kind := range []string{"AWS::Route53::HealthCheck", "AWS::CloudWatch::Alarm"} {
			if !s.only(t, kind).retained() {
				t.Errorf("the %s is deleted or replaced with the stack", kind)
			}
		}
	}, "traffic")
}

func TestTraffic_followsThePostureAsTheBlueprintSays(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		b := s.blueprint.Traffic
		alarm, want := s.seen(s.only(t, "AWS::CloudWatch::Alarm")), s.wanted(b.Alarm)
		if diff := cmp.Diff(want, alarm); diff != "" {
			t.Errorf("alarm (-blueprint +template):\n%s", diff)
		}
		check := s.only(t, "AWS::Route53::HealthCheck").Properties["HealthCheckConfig"]
		want = map[string]any{
			"Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": b.NoData,
			"AlarmIdentifier": map[string]any{"Name": b.Alarm.Name, "Region": s.blueprint.Recovery},
		}
		if diff := cmp.Diff(want, check); diff != "" {
			t.Errorf("health check (-blueprint +template):\n%s", diff)
		}
	}, "traffic")
}

// intrinsics are the CloudFormation functions that a value uses.
func intrinsics(value any) []string {
	found := map[string]bool{}
	var visit func(any)
	visit = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, inner := range v {
				if strings.HasPrefix(key, "Fn::") {
					found[key] = true
				}
				visit(inner)
			}
		case []any:
			for _, inner := range v {
				visit(inner)
			}
		}
	}
	visit(value)
	return slices.Sorted(maps.Keys(found))
}
