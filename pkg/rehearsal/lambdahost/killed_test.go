package lambdahost

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// runHostToBeKilled hosts the function that hangs, prints the process it runs in
// and waits to be killed.
func runHostToBeKilled() int {
	path := os.Getenv(hostToBeKilled)
	fn := Function{Deployed: "hang", Binary: path, Region: "us-west-2", Account: "123456789012", Timeout: time.Hour}
	c, err := clock.New(os.DevNull, 1)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h := New(Options{Clock: c, Log: slog.New(slog.DiscardHandler)})
	if err := h.Deploy(fn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	pid := h.Invoke(context.Background(), "hang", []byte(`{"do":"pid"}`), false)
	fmt.Printf("%s\n", pid.Payload)
	h.Invoke(context.Background(), "hang", []byte(`{"do":"hang"}`), false)
	return 0
}

// waitUntilGone looks often for a few seconds: nobody can wait for a process that
// is not its child.
func waitUntilGone(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(5 * time.Second)
	for alive(pid) && !zombie(pid) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// zombie says whether a process has ended and only its parent has not looked:
// where the first process of a container does not, it stays.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false // no /proc here, or it is gone
	}
	var id int
	var name, state string
	if _, err := fmt.Sscan(string(stat), &id, &name, &state); err != nil {
		return false
	}
	return state == "Z"
}
