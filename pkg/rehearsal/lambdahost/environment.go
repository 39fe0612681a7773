package lambdahost

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"time"
)

// environment is one execution environment: one process of a function, and the
// loopback listener on which it finds its Runtime API. It serves one call at a
// time.
type environment struct {
	api    *runtimeAPI
	server *http.Server
	cmd    *exec.Cmd
	output *output
	init   time.Duration // from the process's start until it asked for work

	exited  chan struct{} // closed when the process is gone
	exitErr error         // what waiting for it said; to be read after exited
}

// initLimit is how long a process may take to ask for its first invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const initLimit = 10 * time.Second

// pipeLimit is how long the output of a process that is gone is waited for, in
// case a child of it still holds the pipe.
const pipeLimit = time.Second

// start runs a process of f. launch calls the command's Start, embed is told of
// the metrics in its output.
func start(f Function, log *slog.Logger, embed func([]Metric), launch func(*exec.Cmd) error) (*environment, error) {
	// host:port is all that a function is told, so each process has a listener.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.Deployed, err)
	}
	e := &environment{
		api:    newRuntimeAPI(),
		output: &output{log: log.With("function", f.Deployed), embed: embed},
		exited: make(chan struct{}),
	}
	e.server = &http.Server{Handler: e.api.handler()}
	e.cmd = exec.Command(f.Binary)
	e.cmd.Dir = filepath.Dir(f.Binary)
	e.cmd.Env = f.environ(listener.Addr().String())
	e.cmd.Stdout, e.cmd.Stderr = e.output, e.output
	e.cmd.SysProcAttr = apart()
	e.cmd.WaitDelay = pipeLimit
	go e.server.Serve(listener) // ends with ErrServerClosed, when the process does
	if err := launch(e.cmd); err != nil {
		e.server.Close()
		return nil, fmt.Errorf("start %s: %w", f.Deployed, err)
	}
	go func() {
		e.exitErr = e.cmd.Wait()
		e.server.Close()
		close(e.exited)
	}()
	return e, nil
}

// ready waits until the process asks for its first invocation. ok is false when
// it does not; the answer says why, and the process is gone.
func (e *environment) ready(id string) (a answer, ok bool) {
	began := time.Now()
	limit := time.NewTimer(initLimit)
	defer limit.Stop()
	select {
	case <-e.api.asked:
		e.init = time.Since(began)
		return answer{}, true
	case a = <-e.api.failed:
		e.kill()
	case <-e.exited:
		a = exited(id, e.exitErr)
		select {
		case a = <-e.api.failed: // said before it went
		default:
		}
	case <-limit.C:
		e.kill()
		a = timedOut(id, initLimit)
	}
	return a, false
}

// serve gives the call to the process, which has asked for one, and returns its
// answer. reusable says that the process has asked for another.
func (e *environment) serve(c *call, timeout time.Duration) (a answer, reusable bool) {
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	c.deadline = time.Now().Add(timeout)
	select {
	case e.api.calls <- c:
	case <-e.exited:
		return exited(c.id, e.exitErr), false
	}
	select {
	case a = <-c.answered:
	case <-e.exited:
		select {
		case a = <-c.answered: // it answered and left, as after a panic
			return a, false
		default:
			return exited(c.id, e.exitErr), false
		}
	case <-limit.C:
		e.kill()
		return timedOut(c.id, timeout), false
	}
	// Lambda too counts an invocation as complete only when the process asks for
	// the next one.
	select {
	case <-e.api.asked:
		return a, true
	case <-e.exited:
	case <-limit.C:
		e.kill()
	}
	return a, false
}

// kill ends the process and returns when it is gone, so that nothing is done
// after an answer that says it was killed.
func (e *environment) kill() {
	e.cmd.Process.Kill() // an error says that it is gone already
	<-e.exited
}

// gone says whether the process is.
func (e *environment) gone() bool {
	select {
	case <-e.exited:
		return true
	default:
		return false
	}
}
