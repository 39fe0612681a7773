package rehearsal_test

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/report"
)

const (
	storefront = "../../plans/storefront.yaml"
	archive    = "testdata/archive.yaml"
	ledger     = "testdata/ledger.yaml"
)

// diary is a Progress that keeps what it is told, and logs it at its data time.
type diary struct {
	t   *testing.T
	on  func(line string) // told of every line; nil: nobody is
	now func() time.Time

	mu    sync.Mutex
	lines []string
}

// begin is Options.Tell.
func (d *diary) begin(now func() time.Time) rehearsal.Progress {
	d.now = now
	return d
}

func (d *diary) Say(line string) {
	d.mu.Lock()
	d.lines = append(d.lines, line)
	d.mu.Unlock()
	d.t.Log(d.now().UTC().Format(time.TimeOnly), line)
	if d.on != nil {
		d.on(line)
	}
}

func (d *diary) Step(name, _, detail string, outcome report.Outcome) {
	d.Say(string(outcome) + " " + name + ": " + detail)
}

func (d *diary) Struck(time.Time) { d.Say(struckLine) }

func load(t *testing.T, file string) *plan.Plan {
	t.Helper()
	p, findings := plan.LoadFile(file)
	if p == nil {
		t.Fatal(findings)
	}
	return p
}

// rehearse plays a plan, and sees to it that nothing of it stays: no process, no
// file.
func rehearse(ctx context.Context, t *testing.T, o rehearsal.Options, on func(line string)) (*report.Report, error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	left := t.TempDir()
	t.Setenv("TMPDIR", left)
	o.Root, o.Scenario = root, cmp.Or(o.Scenario, rehearsal.PowerLoss)
	o.Tell = (&diary{t: t, on: on}).begin
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})) // the simulator's own faults
	result, err := rehearsal.Run(ctx, o)
	if result != nil {
		t.Logf("RTO %s, out from %s to %s; RPO %s; the machine stood still for %.1f s",
			result.RTO.Measured(), result.Shopper.OutFrom.UTC().Format(time.TimeOnly), result.Shopper.OutTo.UTC().Format(time.TimeOnly), result.RPO.Measured(), result.StoodSeconds)
	}
	if running := children(t); len(running) > 0 {
		t.Errorf("processes that the rehearsal left: %v", running)
	}
	files, readErr := os.ReadDir(left)
	if readErr != nil {
		t.Error(readErr)
	}
	for _, file := range files {
		t.Errorf("the rehearsal left %s", file.Name())
	}
	return result, err
}

// children are the processes that this one has started and that still run: their
// command lines by process id.
func children(t *testing.T) map[int]string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Skip("this system does not tell a process's children")
	}
	running := map[int]string{}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread is gone
		}
		for id := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			command, _ := os.ReadFile("/proc/" + id + "/cmdline")
			running[pid] = strings.ReplaceAll(string(command), "\x00", " ")
		}
	}
	return running
}

// roles are those of the plan's steps, by function.
func stepRoles(p *plan.Plan) map[string]bool {
	roles := map[string]bool{}
	for step := range p.Steps() {
		roles[names.Function(p.Name, string(step.Kind))] = true
	}
	return roles
}

func outcomes(r *report.Report) map[string]report.Outcome {
	all := map[string]report.Outcome{}
	for _, step := range r.Steps {
		all[step.Name] = step.Outcome
	}
	return all
}
