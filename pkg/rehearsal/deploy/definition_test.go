package deploy_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// The CDK app's template has the blueprint's definition byte for byte, which a
// test in infra checks. So the rehearsal runs what is deployed when its own
// differs from the blueprint's in the functions' ARNs alone.
func TestDefinition_isTheTemplatesWithTheFunctionsFilledIn(t *testing.T) {
	for _, file := range []string{"../../../plans/storefront.yaml", "../../plan/testdata/nested.yaml", "../../plan/testdata/ledgerline.yaml"} {
		p, findings := plan.LoadFile(file)
		if p == nil {
			t.Fatalf("%s:\n%s", file, findings)
		}
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		rehearsed := deploy.Definition(b, b.Machines[0], cloud.Account)
		for _, token := range regexp.MustCompile(`\$\{[A-Za-z0-9]+\}`).FindAllString(rehearsed, -1) {
			t.Errorf("%s: %s stands for nothing", file, token)
		}
		for _, function := range b.Functions {
			version := "arn:aws:lambda:" + p.Recovery + ":123456789012:function:" + function.Deployed + ":1"
			rehearsed = strings.ReplaceAll(rehearsed, version, workflow.Token(function.Name))
		}
		if diff := cmp.Diff(b.Machines[0].Definition, rehearsed); diff != "" {
			t.Errorf("%s (-template +rehearsal):\n%s", file, diff)
		}
	}
}
