package workflow_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// validator is npm's asl-validator, an opinion on the States Language that is
// not ours.
const validator = "../../node_modules/.bin/asl-validator"

func TestCompile_passesAValidatorThatOthersWrote(t *testing.T) {
	if out, err := validate(t, map[string]string{"broken.json": `{"StartAt": "nowhere", "States": {}}`}); err == nil {
		t.Fatalf("the validator accepts a broken machine, so what it accepts says nothing:\n%s", out)
	}
	definitions := map[string]string{}
	for _, file := range planFiles(t) {
		b := blueprintOf(t, file)
		for _, machine := range b.Machines {
			definitions[machine.Name+".json"] = withARNs(b, machine)
		}
	}
	if out, err := validate(t, definitions); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

func validate(t *testing.T, definitions map[string]string) (string, error) {
	t.Helper()
	if _, err := os.Stat(validator); err != nil {
		t.Fatal("asl-validator is not installed: run make setup")
	}
	folder := t.TempDir()
	var args []string
	for name, definition := range definitions {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(definition), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--json-path", path)
	}
	out, err := exec.CommandContext(t.Context(), validator, args...).CombinedOutput()
	return string(out), err
}

func withARNs(b *blueprint.Blueprint, machine blueprint.Machine) string {
	var functions []string
	for _, function := range b.Functions {
		functions = append(functions, function.Name)
	}
	return workflow.Resolve(machine.Definition, functions, func(function string) string {
		return "arn:aws:lambda:" + b.Recovery + ":123456789012:function:" + function + ":1"
	})
}
