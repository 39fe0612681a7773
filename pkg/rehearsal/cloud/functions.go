package cloud

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
)

// built are the names of the functions that this cloud has built.
type built struct {
	mu    sync.Mutex
	names []string
}

// Build compiles functions of the repository for this machine, and answers the
// folder that has one of each. Each is built once: plans that are deployed later
// have the functions of the first, whatever was edited meanwhile, and asking the
// go command again costs half a second a plan.
func (c *Cloud) Build(ctx context.Context, names []string) (string, error) {
	out := filepath.Join(c.root, "bin", "host")
	c.built.mu.Lock()
	defer c.built.mu.Unlock()
	var missing []string
	for _, name := range names {
		if !slices.Contains(c.built.names, name) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if err := lambdahost.Build(ctx, c.root, missing, out); err != nil {
		return "", err
	}
	c.built.names = append(c.built.names, missing...)
	return out, nil
}
