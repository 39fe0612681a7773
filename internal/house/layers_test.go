package house

import (
	"slices"
	"testing"
)

// domain are the packages that hold decisions.
var domain = []string{
	"pkg/age", "pkg/answering", "pkg/backlog", "pkg/blueprint", "pkg/closing", "pkg/decide", "pkg/drill", "pkg/failure", "pkg/holding", "pkg/input", "pkg/lineage",
	"pkg/names", "pkg/opening", "pkg/plan", "pkg/posture", "pkg/probe", "pkg/protect", "pkg/report", "pkg/reserve", "pkg/retention",
	"pkg/run", "pkg/signal", "pkg/step", "pkg/visit", "pkg/workflow",
}

// pure are the domain packages that the CDK app may use: what a plan says and
// what it compiles to.
var pure = []string{"pkg/blueprint", "pkg/names", "pkg/plan", "pkg/workflow"}

// support are packages that only tests import.
var support = []string{"internal/certified", "internal/discrete", "internal/inputs", "internal/inventory", "internal/repository", "internal/simulated", "pkg/ledger/ledgertest", "pkg/protect/internal/simulated"}

// rehearsal is all that knows that there is a simulated AWS.
var rehearsal = append([]string{"pkg/rehearsal", "bench", "cmd"}, support...)

// layer is a rule on what some packages may import.
type layer struct {
	rule    string
	because string
	holds   func(path string) bool       // for this package
	allows  func(path, into string) bool // this import of it
}

var layers = []layer{
	{
		rule: "the domain imports the standard library and the domain; plan may decode YAML, report may draw tables",
		because: "a decision that needs an SDK, or the environment, can only be tested with one; adapters such as " +
			"pkg/ledger and pkg/alarm are named by their technology and meet the domain at an interface that the domain declares",
		holds: func(path string) bool { return slices.Contains(domain, path) },
		allows: func(path, into string) bool {
			return standard(into) || slices.Contains(domain, into) ||
				path == "pkg/plan" && under(into, "go.yaml.in/yaml/v4") ||
				path == "pkg/report" && under(into, "github.com/jedib0t/go-pretty/v6")
		},
	},
	{
		rule: "a step kind imports the domain, the SDKs that it acts with and pkg/quota, never another step kind",
		because: "each is a function with a role of its own: what two kinds share belongs into pkg/step, or, where it calls " +
			"AWS, into an adapter beside it, and a kind that needs another's outcome reads its outputs in the journal",
		holds: func(path string) bool { return under(path, "pkg/step") && path != "pkg/step" },
		allows: func(_, into string) bool {
			return standard(into) || slices.Contains(domain, into) || into == "pkg/quota" ||
				under(into, "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go")
		},
	},
	{
		rule: "nothing but the rehearsal, the bench and cmd imports the rehearsal",
		because: "a rehearsal runs the product and not a model of it: code that knows that it is being rehearsed " +
			"behaves differently on the day",
		holds: func(path string) bool { return !under(path, rehearsal...) },
		allows: func(_, into string) bool {
			return !under(into, rehearsal...)
		},
	},
	{
		rule:    "a function wires packages together and imports no other function",
		because: "behaviour in a main package can be neither imported nor tested",
		holds:   func(path string) bool { return under(path, "functions") },
		allows: func(_, into string) bool {
			return under(into, "pkg") || into == "github.com/aws/aws-sdk-go-v2/aws"
		},
	},
	{
		rule: "infra imports the CDK and the pure packages",
		because: "the templates are a rendering of the blueprint; with an SDK client in hand a synthesis could " +
			"depend on what an account looks like today",
		holds: func(path string) bool { return under(path, "infra") },
		allows: func(_, into string) bool {
			return standard(into) || slices.Contains(pure, into) || under(into, "infra",
				"github.com/aws/aws-cdk-go/awscdk/v2", "github.com/aws/jsii-runtime-go", "github.com/aws/constructs-go/constructs/v10")
		},
	},
	{
		rule:    "only edge knows that it runs in Lambda",
		because: "a handler is a function of its input: that is why the rehearsal, a test and a person can each invoke it",
		holds:   func(path string) bool { return !under(path, "pkg/edge", "pkg/rehearsal") },
		allows:  func(_, into string) bool { return !under(into, "github.com/aws/aws-lambda-go") },
	},
}

func TestImports_runOneWay(t *testing.T) {
	all := units(t)
	for _, layer := range layers {
		held := 0
		for path, unit := range all {
			if !layer.holds(path) {
				continue
			}
			held++
			for _, into := range unit.Imports {
				if !layer.allows(path, into) {
					t.Errorf("%s imports %s\n\trule: %s\n\tbecause %s", path, into, layer.rule, layer.because)
				}
			}
		}
		if held == 0 {
			t.Errorf("no package is held to this rule any more: %s", layer.rule)
		}
	}
}

func TestImports_nameOnlyPackagesThatExist(t *testing.T) {
	all := units(t)
	for _, path := range slices.Concat(domain, pure, support) {
		if _, ok := all[path]; !ok {
			t.Errorf("%s is named in a rule and does not exist", path)
		}
	}
}

func TestPackages_areNamedAfterWhatTheyProvide(t *testing.T) {
	for path, unit := range units(t) {
		if slices.Contains([]string{"utils", "util", "common", "helpers", "types", "models", "interfaces", "manager", "base", "misc"}, unit.Name) {
			t.Errorf("package %s in %s\n\trule: a package is named after what it provides\n\tbecause a name that fits everything attracts everything", unit.Name, path)
		}
	}
}
