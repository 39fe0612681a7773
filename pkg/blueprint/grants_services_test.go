package blueprint

import (
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestTemplateObject_isTheBucketAndKeyOfAURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://templates.s3.us-west-2.amazonaws.com/a/web.yaml": "templates/a/web.yaml",
		"https://templates.s3.amazonaws.com/web.yaml":             "templates/web.yaml",
		"https://s3.us-west-2.amazonaws.com/templates/web.yaml":   "templates/web.yaml",
		"https://example.com/web.yaml":                            "",
		"https://templates.s3.amazonaws.com":                      "",
	} {
		if got := templateObject(url); got != want {
			t.Errorf("%s: %q; want %q", url, got, want)
		}
	}
}

// What a step of this file makes in a drill, or changes, is granted by its name.
func TestGrants_ofServiceStepsNameWhatThePlanNames(t *testing.T) {
	p := &plan.Plan{Name: "shop", Primary: "us-east-1", Recovery: "us-west-2", Drill: &plan.Drill{Suffix: "drill"}}
	for _, c := range []struct {
		kind   plan.Kind
		spec   any
		action string
		want   string // in the resources, or the conditions
	}{
		{plan.KindSetParameter, &plan.SetParameter{Name: "/shop/host"}, "ssm:PutParameter", ":parameter/drill/shop/host"},
		{plan.KindSetParameter, &plan.SetParameter{Name: "/shop/host"}, "ssm:DeleteParameter", ":parameter/shop/host"},
		{plan.KindCreateStack, &plan.CreateStack{Stack: "web"}, "cloudformation:DeleteStack", ":stack/web-drill/*"},
		{plan.KindCreateStack, &plan.CreateStack{Stack: "web", Role: "maker"}, "iam:PassRole", ":role/maker"},
		{plan.KindRunCommand, &plan.RunCommand{Document: "AWS-RunShellScript", Instances: "db"}, "ssm:SendCommand", "us-west-2::document/AWS-RunShellScript"},
		{plan.KindRunCommand, &plan.RunCommand{Document: "promote", Instances: "db"}, "ssm:SendCommand", "db-drill"},
		{plan.KindInvokeFunction, &plan.InvokeFunction{Function: "warm"}, "lambda:InvokeFunction", ":function:warm"},
		{plan.KindEventSource, &plan.EventSource{Function: "orders"}, "lambda:UpdateEventSourceMapping", ":function:orders"},
		{plan.KindEventSource, &plan.EventSource{Function: "orders"}, "lambda:UpdateEventSourceMapping", ":function:orders:*"},
		{plan.KindShiftTraffic, &plan.ShiftTraffic{Via: plan.ViaWeights, Record: "Shop.example.com.", Zone: "Z1"}, "route53:ChangeResourceRecordSets", "*shop.example.com"},
		{plan.KindShiftTraffic, &plan.ShiftTraffic{Via: plan.ViaRoutingControl, RecoveryControl: "arn:b"}, "route53-recovery-cluster:UpdateRoutingControlStates", "arn:b"},
	} {
		grants := stepGrants[c.kind](p, []*plan.Step{{Spec: c.spec}})
		if !slices.ContainsFunc(grants, func(g Grant) bool { return slices.Contains(g.Actions, c.action) && mentions(g, c.want) }) {
			t.Errorf("%s: %s names no %s: %+v", c.kind, c.action, c.want, grants)
		}
	}
}

func mentions(g Grant, text string) bool {
	all := slices.Clone(g.Resources)
	for _, keys := range g.Condition {
		for _, value := range keys {
			all = append(all, value)
		}
	}
	return slices.ContainsFunc(all, func(s string) bool { return strings.HasSuffix(s, text) })
}
