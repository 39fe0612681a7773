// Command infra is the CDK app: for every plan in plans/ it synthesizes the
// recovery stack, the traffic stack, the small primary stack, unless it is on
// premises, and a vantage stack in each other region that it probes from. What they
// hold is decided by pkg/blueprint; nothing is decided here.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Where the app finds the plans and the functions' arm64 binaries, relative to
// the repository's root, where `cdk` runs it.
const (
	plansPattern = "plans/*.yaml"
	binaries     = "bin/arm64"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	if err := build(app, plansPattern, binaries); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	app.Synth(nil)
}

// build adds the stacks of every plan that the pattern matches. Functions'
// binaries are in binaries/<function>/bootstrap.
func build(scope constructs.Construct, pattern, binaries string) error {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return fmt.Errorf("find the plans: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("no plan matches %s: nothing would be deployed", pattern)
	}
	plans, findings := plan.LoadFiles(files)
	for i, p := range plans {
		if p == nil {
			return fmt.Errorf("%s is not a valid plan:\n%v", files[i], findings)
		}
	}
	for _, p := range plans {
		b, err := blueprint.Compile(p)
		if err != nil {
			return err
		}
		if b.Primary != plan.OnPremises { // where nothing of ours could be deployed
			newPrimaryStack(scope, b)
		}
		newRecoveryStack(scope, b, binaries)
		for _, vantage := range b.Vantages {
			newVantageStack(scope, vantage, binaries)
		}
		if b.Traffic != nil {
			newTrafficStack(scope, b)
		}
	}
	return nil
}

// newStack is a stack of one plan in one region, in the account that the plan
// names for it, or in whatever account it is deployed with.
func newStack(scope constructs.Construct, b *blueprint.Blueprint, role, region, description string) awscdk.Stack {
	env := &awscdk.Environment{Region: jsii.String(region)}
	if b.Accounts != nil {
		env.Account = jsii.String(b.Accounts.Recovery)
		if region == b.Primary {
			env.Account = jsii.String(b.Accounts.Primary)
		}
	}
	stack := awscdk.NewStack(scope, jsii.String("pilotlight-"+b.Plan+"-"+role), &awscdk.StackProps{
		Env:         env,
		Description: jsii.String(description),
	})
	awscdk.Tags_Of(stack).Add(jsii.String("pilotlight:plan"), jsii.String(b.Plan), nil)
	return stack
}
