package lambdahost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles functions/<name> of the repository for this machine and lays
// each out as out/<name>/bootstrap, with the flags that the deployed functions
// are built with. Its error carries what the compiler said.
func Build(ctx context.Context, repoRoot string, names []string, out string) error {
	return build(ctx, filepath.Join(repoRoot, "functions"), names, out)
}

// build runs one go build for all names: it shares the loading of packages, and
// names each binary by its folder. The binaries stay where it puts them, because
// go build links again only what is missing or out of date there.
func build(ctx context.Context, root string, names []string, out string) error {
	if len(names) == 0 {
		return nil
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	linked := filepath.Join(out, "linked")
	if err := os.MkdirAll(linked, 0o755); err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	// No revision in the binary: it would make each commit link all of them anew.
	args := []string{"build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
		"-buildvcs=false", "-o", linked + string(filepath.Separator)}
	for _, name := range names {
		args = append(args, "./"+name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	// As for AWS, where a function is cross-compiled and so never uses cgo.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, said)
	}
	for _, name := range names {
		if err := layOut(filepath.Join(linked, name), filepath.Join(out, name)); err != nil {
			return fmt.Errorf("build functions: lay out %s: %w", name, err)
		}
	}
	return nil
}

// layOut makes folder/bootstrap another name of binary. The old name goes first:
// the file behind it may be running.
func layOut(binary, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	bootstrap := filepath.Join(folder, "bootstrap")
	if err := os.RemoveAll(bootstrap); err != nil {
		return err
	}
	return os.Link(binary, bootstrap)
}
