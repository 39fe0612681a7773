// Package repository finds this repository's own files for tests, whichever
// package's folder they run in: its root, and the events that can be pasted into
// the Lambda console, each of which some test must have sent to its function.
package repository

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Root is the folder that holds go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no go.mod in the working directory or above it")
}

// Path is a file or folder of the repository.
func Path(t testing.TB, elements ...string) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{root}, elements...)...)
}

// Events are the events of a function, by file name. There is at least one.
func Events(t testing.TB, function string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(Path(t, "events", function, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("events/%s holds no event, error %v", function, err)
	}
	found := map[string][]byte{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = raw
	}
	return found
}
