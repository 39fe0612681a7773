package house

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inputs"
	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
)

const pasted = "\n\trule: every function has events/<function>/*.json, which it accepts, and nothing else is there" +
	"\n\tbecause on the day somebody pastes one into the Lambda console"

func TestEvents_areThereForEveryFunctionAndForNoOther(t *testing.T) {
	functions := folderNames(t, "functions")
	if diff := cmp.Diff(functions, folderNames(t, "events")); diff != "" {
		t.Errorf("functions and the folders of events/ (-functions +events):\n%s%s", diff, pasted)
	}
	if diff := cmp.Diff(functions, inputs.Functions()); diff != "" {
		t.Errorf("functions and those that internal/inputs knows (-functions +known):\n%s", diff)
	}
}

func TestEvents_areAcceptedByTheirFunction(t *testing.T) {
	for _, function := range inputs.Functions() {
		for name, raw := range repository.Events(t, function) {
			if err := inputs.Accepted(function, raw); err != nil {
				t.Errorf("events/%s/%s: %v%s", function, name, err, pasted)
			}
		}
	}
}

func TestEvents_areRefusedWithAFieldThatTheirFunctionDoesNotKnow(t *testing.T) {
	for _, function := range inputs.Functions() {
		for name, raw := range repository.Events(t, function) {
			var fields map[string]any
			if err := json.Unmarshal(raw, &fields); err != nil {
				t.Fatal(err)
			}
			fields["plna"] = "storefront"
			misspelt, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if err := inputs.Accepted(function, misspelt); failure.ClassOf(err) != failure.BadInput {
				t.Errorf("%s took events/%s/%s with a misspelt field, error %v", function, function, name, err)
			}
		}
	}
}

// folderNames are the names in a folder of the root, all of which are folders.
func folderNames(t *testing.T, of string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, of))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			t.Errorf("%s/%s is no function's folder", of, entry.Name())
		}
		names = append(names, entry.Name())
	}
	return names
}
