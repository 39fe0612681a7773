package lambdahost

import (
	"context"
	"log/slog"
	"os/exec"
	"sync"
)

// deployment is a function with its execution environments.
type deployment struct {
	fn    Function
	slots chan struct{} // holds one for each invocation that is running

	mu     sync.Mutex
	closed bool
	idle   []*environment // warm; the most recently used is last
	busy   map[*environment]bool
}

func newDeployment(fn Function) *deployment {
	return &deployment{fn: fn, slots: make(chan struct{}, fn.Concurrency), busy: map[*environment]bool{}}
}

// enter waits for a slot; leave gives it back.
func (d *deployment) enter(ctx context.Context) error {
	select {
	case d.slots <- struct{}{}:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *deployment) leave() { <-d.slots }

// warm is a process that is waiting for work, or nil.
func (d *deployment) warm() *environment {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.idle) > 0 {
		e := d.idle[len(d.idle)-1]
		d.idle = d.idle[:len(d.idle)-1]
		if !e.gone() {
			d.busy[e] = true
			return e
		}
	}
	return nil
}

// cold starts a process; it is busy until put back.
func (d *deployment) cold(log *slog.Logger, embed func([]Metric), launch func(*exec.Cmd) error) (*environment, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed { // or it would be missed by close
		return nil, ErrClosed
	}
	e, err := start(d.fn, log, embed, launch)
	if err != nil {
		return nil, err
	}
	d.busy[e] = true
	return e, nil
}

// put takes a process back: to be reused, or, when it is not well, to be ended.
func (d *deployment) put(e *environment, reusable bool) {
	d.mu.Lock()
	delete(d.busy, e)
	keep := reusable && !d.closed
	if keep {
		d.idle = append(d.idle, e)
	}
	d.mu.Unlock()
	if !keep {
		e.kill()
	}
}

// kill ends all processes and says how many there were. The busy ones are put
// back by those who use them.
func (d *deployment) kill() int {
	d.mu.Lock()
	all := d.idle
	d.idle = nil
	for e := range d.busy {
		all = append(all, e)
	}
	d.mu.Unlock()
	for _, e := range all {
		e.kill()
	}
	return len(all)
}

func (d *deployment) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.kill()
}
