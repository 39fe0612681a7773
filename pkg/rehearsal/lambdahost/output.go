package lambdahost

import (
	"bytes"
	"log/slog"
	"slices"
	"sync"
)

// keptLines is how many of a process's last lines an error can show; longestLine,
// in bytes, is where one that does not end is cut.
const (
	keptLines   = 20
	longestLine = 64 << 10
)

// output is a process's standard output and error: each line goes to the log at
// debug level, the metrics in it to whoever wants them, and the last ones are kept.
type output struct {
	log   *slog.Logger
	embed func([]Metric)

	mu      sync.Mutex
	partial []byte
	last    []string
}

// Write never fails: what a function says must not stop it.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partial = append(o.partial, p...)
	for {
		line, rest, found := bytes.Cut(o.partial, []byte("\n"))
		if !found && len(o.partial) < longestLine {
			return len(p), nil
		}
		o.partial = rest
		o.log.Debug("function wrote", "line", string(line))
		if metrics := embedded(line); len(metrics) > 0 {
			o.embed(metrics)
		}
		o.last = append(o.last, string(line))
		if len(o.last) > keptLines {
			o.last = o.last[1:]
		}
	}
}

// lines are the last that the process wrote.
func (o *output) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.last)
}
