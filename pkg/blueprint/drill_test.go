package blueprint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
)

func TestReaper_mayAskThePlansStepsAndDeleteNothing(t *testing.T) {
	p := plans(t)["storefront.yaml"]
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == "reap-drills" })
	if at < 0 {
		t.Fatal("a plan with a drill has no reaper")
	}
	asked := map[string]bool{}
	for _, grant := range b.Functions[at].Grants {
		for _, action := range grant.Actions {
			service, verb, _ := strings.Cut(action, ":")
			reads := strings.HasPrefix(verb, "Describe") || strings.HasPrefix(verb, "Get") || verb == "Query"
			if !reads && action != "dynamodb:PutItem" && action != "lambda:InvokeFunction" {
				t.Errorf("the reaper may %s", action)
			}
			if service == "lambda" {
				for _, function := range grant.Resources {
					asked[function[strings.LastIndex(function, ":")+1:]] = true
				}
			}
		}
	}
	for s := range p.Steps() {
		delete(asked, names.Function(p.Name, string(s.Kind)))
	}
	if len(asked) > 0 {
		t.Errorf("the reaper may also invoke %v", asked)
	}
}

func TestReaper_isThereForPlansThatCanBeDrilledAlone(t *testing.T) {
	p := plans(t)["storefront.yaml"]
	for _, drilled := range []bool{true, false} {
		if !drilled {
			p.Drill = nil
		}
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		reaper := slices.ContainsFunc(b.Schedules, func(s blueprint.Schedule) bool { return s.Function == "reap-drills" })
		alarm := slices.ContainsFunc(b.Alarms, func(a blueprint.Alarm) bool { return a.Name == names.DrillAlarm(p.Name) })
		if reaper != drilled || alarm != drilled {
			t.Errorf("with a drill section: %t; with a reaper: %t; with its alarm: %t", drilled, reaper, alarm)
		}
	}
}

func TestDecide_hearsOfTheAlarmsThatStopADrill(t *testing.T) {
	p := plans(t)["storefront.yaml"]
	p.Detect.Alarms, p.Drill.Alarms = nil, []string{"checkout-of-the-drill"}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(b.Rules, func(r blueprint.Rule) bool { return r.Function == "decide-failover" })
	if at < 0 || !strings.Contains(b.Rules[at].Input, "checkout-of-the-drill") {
		t.Errorf("the rules are %+v", b.Rules)
	}
}
