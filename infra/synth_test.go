package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// plans are synthesized once for all tests: the one that people read first, one
// with nested groups, one without images, alarms or a database, one of two accounts,
// one with every kind of policy, one with every kind of step, the other published
// ones, of which one has its primary on premises, and two that need the most that
// any role is granted.
var plans = []string{
	"../plans/storefront.yaml",
	"../plans/kiosk.yaml",
	"../plans/mill.yaml",
	"../plans/tickets.yaml",
	"../pkg/plan/testdata/everything.yaml",
	"../pkg/plan/testdata/nested.yaml",
	"../pkg/plan/testdata/ledgerline.yaml",
	"../pkg/rehearsal/testdata/vault.yaml",
	"../plans/almanac.yaml",
	"testdata/full/threefold.yaml",
	"testdata/full/twofold.yaml",
}

// stacks are what the app synthesized for plans.
var stacks []stack

// report is what the CDK's own validator says of them.
var report struct {
	PluginReports []struct {
		PluginName string
		Violations []struct{ RuleName, Description string }
	}
}

type stack struct {
	blueprint    *blueprint.Blueprint
	role         string // primary, recovery, traffic or vantage
	name         string
	region       string
	account      string   // "unknown-account": whichever it is deployed with
	protected    bool     // from termination
	dependencies []string // other artifacts that deploy first
	size         int      // of the template, in characters
	template
}

type template struct {
	Resources map[string]resource
	Outputs   map[string]map[string]any
}

type resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
}

func (r resource) retained() bool {
	return r.DeletionPolicy == "Retain" && r.UpdateReplacePolicy == "Retain"
}

func TestMain(m *testing.M) {
	code, err := run(m)
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "pilotlight-infra-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	if stacks, err = synthesize(folder); err != nil {
		return 0, fmt.Errorf("synthesize the plans: %w", err)
	}
	return m.Run(), nil
}

// synthesize runs the app in this process. The CDK reports errors by panicking.
func synthesize(folder string) (found []stack, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%v", cause)
		}
	}()
	binaries := filepath.Join(folder, "bin")
	if err := writeBinaries(binaries); err != nil {
		return nil, err
	}
	out := filepath.Join(folder, "cdk.out")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out)})
	blueprints := map[string]*blueprint.Blueprint{}
	for _, file := range plans {
		p, findings := plan.LoadFile(file)
		if p == nil {
			return nil, fmt.Errorf("%s is not a valid plan:\n%v", file, findings)
		}
		b, err := blueprint.Compile(p)
		if err != nil {
			return nil, err
		}
		blueprints[b.Plan] = b
		if err := build(app, file, binaries); err != nil {
			return nil, err
		}
	}
	app.Synth(nil)
	if err := decode(filepath.Join(out, "validation-report.json"), &report); err != nil {
		return nil, err
	}
	return read(out, blueprints)
}

// writeBinaries gives every function a stand-in for its bootstrap.
func writeBinaries(folder string) error {
	functions, err := filepath.Glob("../functions/*")
	if err != nil {
		return err
	}
	for _, function := range functions {
		path := filepath.Join(folder, filepath.Base(function))
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(path, "bootstrap"), []byte(function), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// read takes the stacks from the files that `cdk deploy` would deploy.
func read(out string, blueprints map[string]*blueprint.Blueprint) ([]stack, error) {
	var manifest struct {
		Artifacts map[string]struct {
			Type         string
			Environment  string // aws://unknown-account/us-west-2
			Dependencies []string
			Properties   struct {
				TemplateFile          string
				TerminationProtection bool
			}
		}
	}
	if err := decode(filepath.Join(out, "manifest.json"), &manifest); err != nil {
		return nil, err
	}
	var found []stack
	for _, name := range slices.Sorted(maps.Keys(manifest.Artifacts)) {
		artifact := manifest.Artifacts[name]
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		of, role := madeOf(name, blueprints)
		s := stack{
			blueprint:    of,
			role:         role,
			name:         name,
			region:       filepath.Base(artifact.Environment),
			account:      filepath.Base(filepath.Dir(artifact.Environment)),
			protected:    artifact.Properties.TerminationProtection,
			dependencies: artifact.Dependencies,
		}
		file := filepath.Join(out, artifact.Properties.TemplateFile)
		if err := decode(file, &s.template); err != nil {
			return nil, err
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		s.size = int(info.Size())
		found = append(found, s)
	}
	return found, nil
}

// madeOf is what a stack was made of, and its role.
func madeOf(name string, blueprints map[string]*blueprint.Blueprint) (*blueprint.Blueprint, string) {
	plan := strings.TrimPrefix(name, "pilotlight-")
	if plan, region, ok := strings.Cut(plan, "-vantage-"); ok {
		for _, vantage := range blueprints[plan].Vantages {
			if vantage.Recovery == region {
				return vantage, "vantage"
			}
		}
	}
	cut := strings.LastIndex(plan, "-")
	return blueprints[plan[:cut]], plan[cut+1:]
}

func decode(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// forEvery runs a check as a subtest on every stack of these roles; without
// roles, on all.
func forEvery(t *testing.T, check func(t *testing.T, s stack), roles ...string) {
	t.Helper()
	for _, s := range stacks {
		if len(roles) == 0 || slices.Contains(roles, s.role) {
			t.Run(s.name, func(t *testing.T) { check(t, s) })
		}
	}
}

// ofType are a stack's resources of one type, by logical id.
func (s stack) ofType(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range s.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

// only is the one resource of a type.
func (s stack) only(t *testing.T, kind string) resource {
	t.Helper()
	found := s.ofType(kind)
	if len(found) != 1 {
		t.Fatalf("%d resources of type %s, want 1", len(found), kind)
	}
	for _, r := range found {
		return r
	}
	return resource{}
}
