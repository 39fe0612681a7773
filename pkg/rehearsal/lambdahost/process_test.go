package lambdahost

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

func TestProcess_endsByItselfWhenItsRuntimeAPIIsGone(t *testing.T) {
	h := open(t, Options{}, echo)
	e, err := start(echo, h.options.Log, h.embed(echo.Region), h.start)
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := e.ready("1"); !ok {
		t.Fatalf("%s", a.payload)
	}
	e.server.Close()
	<-e.exited
	if e.exitErr == nil || e.exitErr.Error() != "exit status 1" {
		t.Errorf("it ended with %v, want its own exit", e.exitErr)
	}
}

func TestProcess_endsInTheMiddleOfAnInvocationWhenTheHostIsKilled(t *testing.T) {
	g := newGate(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), hostToBeKilled+"="+echo.Binary, hostsEvent+"="+string(g.event()))
	host.Stderr = t.Output()
	said, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(said, &pid); err != nil {
		t.Fatal(err)
	}
	call := <-g.arrived
	if !alive(pid) {
		t.Fatal("there is no process to begin with")
	}
	host.Process.Kill()
	host.Wait() // says that it was killed
	if runtime.GOOS != "linux" {
		call <- http.StatusOK // elsewhere it ends when it turns to its Runtime API
	}
	waitUntilGone(t, pid)
}

// With these this test binary is a host that waits to be killed: the path of the
// function's binary, and the event that keeps it busy.
const (
	hostToBeKilled = "LAMBDAHOST_TEST_BINARY"
	hostsEvent     = "LAMBDAHOST_TEST_EVENT"
)

// runHostToBeKilled prints which process the function runs in, then keeps it busy.
func runHostToBeKilled() int {
	c, err := clock.New(os.DevNull, 1)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h := New(Options{Clock: c, Log: slog.New(slog.DiscardHandler)})
	fn := Function{Deployed: "busy", Binary: os.Getenv(hostToBeKilled), Region: "us-west-2", Account: "123456789012", Timeout: time.Hour}
	if err := h.Deploy(fn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	pid := h.Invoke(context.Background(), "busy", []byte(`{"do":"pid"}`), false)
	fmt.Printf("%s\n", pid.Payload)
	h.Invoke(context.Background(), "busy", []byte(os.Getenv(hostsEvent)), false)
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
// where the first process of a container never does, it stays.
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
