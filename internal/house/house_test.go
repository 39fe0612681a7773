// Package house holds the rules of this house as tests: which package may import
// which, where time comes from, how large a thing may grow. Each failure says the
// rule, its reason and the place.
//
// It looks at source text and at what `go list` says; it runs nothing.
package house

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/pilotlight/pilotlight/"

// root is the repository's, seen from this package's folder.
const root = "../.."

// unit is a package as `go list` describes it. Path and imports of this module
// are without the module's name: "pkg/plan".
type unit struct {
	ImportPath string
	Name       string
	GoFiles    []string
	Imports    []string

	TestGoFiles  []string
	XTestGoFiles []string
}

// units are the repository's packages by path.
func units(t *testing.T) map[string]unit {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var listed = sync.OnceValues(func() (map[string]unit, error) {
	if err := readFolders(); err != nil {
		return nil, err
	}
	command := exec.Command("go", "list", "-json=ImportPath,Name,GoFiles,Imports,TestGoFiles,XTestGoFiles", "./...")
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	all := map[string]unit{}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var u unit
		if err := decoder.Decode(&u); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		for i, path := range u.Imports {
			u.Imports[i] = strings.TrimPrefix(path, module)
		}
		u.ImportPath = strings.TrimPrefix(u.ImportPath, module)
		all[u.ImportPath] = u
	}
})

// readFolders reads every folder that may hold Go code, and makes nothing of it:
// "go test" keeps a result until something changes that the test itself has read,
// and what "go list" reads does not count.
func readFolders() error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == root {
			return err
		}
		if name := entry.Name(); strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "cdk.out", "out", "bin"}, name) {
			return filepath.SkipDir
		}
		return nil
	})
}

// files are the paths of a package's files, seen from the repository's root.
func (u unit) files() []string {
	var paths []string
	for _, name := range slices.Concat(u.GoFiles, u.TestGoFiles, u.XTestGoFiles) {
		paths = append(paths, filepath.Join(u.ImportPath, name))
	}
	return paths
}

// standard says whether an import is of the standard library: none of ours, and
// without a dot in its first element.
func standard(path string) bool {
	all, _ := listed()
	_, ours := all[path]
	first, _, _ := strings.Cut(path, "/")
	return !ours && !strings.Contains(first, ".")
}

// under says whether a path is one of these folders or below one.
func under(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return path == folder || strings.HasPrefix(path, folder+"/")
	})
}
