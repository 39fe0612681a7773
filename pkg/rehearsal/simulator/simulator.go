// Package simulator runs moto, an AWS that others wrote, with the mends that a
// rehearsal needs. It guarantees that the process ends with us, however we end:
// it watches a pipe that the kernel closes. It does not restart a simulator that
// has died, because everything that it knew died with it.
//
// Callers talk to the front, not to URL: nothing here is limited, slowed down or
// recorded.
package simulator

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// The glob, unlike the folder's name, also takes files that begin with "_".
//
//go:embed launcher/*.py
var launcher embed.FS

// How long the simulator may take to listen, and to end once its pipe is closed.
// It is ready in one or two seconds on an idle machine; the bound is for a cold
// start of a busy one, when Python compiles all of moto first.
const (
	startBound = 2 * time.Minute
	endBound   = 3 * time.Second
)

// Options of a simulator. All but Log are required.
type Options struct {
	Python    string    // path of the virtual environment's python
	ClockFile string    // file that clock.New shares
	FrontPort int       // loopback port that AWS's own calls go to, such as Step Functions' to Lambda
	Log       io.Writer // gets what the simulator complains of; nil discards it
}

// Simulator is a running moto.
type Simulator struct {
	url     string
	end     context.CancelFunc
	closing atomic.Bool
	done    chan struct{}
	err     error // why it ended; written before done is closed
	process *os.Process
	files   string
}

// Start starts a simulator and waits until it answers. It ends when ctx does.
func Start(ctx context.Context, o Options) (*Simulator, error) {
	if _, err := os.Stat(o.Python); err != nil {
		return nil, fmt.Errorf(`start the simulator: no Python at %s: run "make setup"`, o.Python)
	}
	// The process runs in a folder of its own.
	var err error
	if o.Python, err = filepath.Abs(o.Python); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	if o.ClockFile, err = filepath.Abs(o.ClockFile); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	files, err := unpack()
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	ctx, end := context.WithCancel(ctx)
	s := &Simulator{end: end, done: make(chan struct{}), files: files}
	if err := s.run(ctx, o); err != nil {
		end()
		return nil, errors.Join(fmt.Errorf("start the simulator: %w", err), os.RemoveAll(files))
	}
	return s, nil
}

// URL is where moto listens, without a trailing slash.
func (s *Simulator) URL() string { return s.url }

// Done is closed when the process has ended.
func (s *Simulator) Done() <-chan struct{} { return s.done }

// Err says why the process ended: nil while it runs and after an orderly Close.
func (s *Simulator) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Close ends the process, by force if it does not go by itself, and waits for
// it. It answers Err, so that a simulator that had died before says so.
func (s *Simulator) Close() error {
	s.closing.Store(true)
	s.end()
	<-s.done
	return s.err
}

func (s *Simulator) run(ctx context.Context, o Options) error {
	log := o.Log
	if log == nil {
		log = io.Discard
	}
	complaints := &tail{then: log}
	cmd := exec.CommandContext(ctx, o.Python, "-m", "launcher")
	cmd.Dir = s.files
	cmd.Env = environment(o)
	cmd.Stderr = complaints
	// Its own group: Ctrl-C in the terminal reaches only us, and we end it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = endBound
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.process = cmd.Process
	ready := make(chan int, 1)
	go s.watch(cmd, stdout, log, complaints, ready)
	return s.await(ready)
}

// watch reads what the process prints until it ends: first its port, then
// nothing that it should.
func (s *Simulator) watch(cmd *exec.Cmd, stdout io.Reader, log io.Writer, complaints *tail, ready chan<- int) {
	lines := bufio.NewReader(stdout)
	first, _ := lines.ReadBytes('\n')
	var listening struct {
		Port int `json:"port"`
	}
	if json.Unmarshal(first, &listening) == nil && listening.Port > 0 {
		ready <- listening.Port
	} else {
		complaints.Write(first)
	}
	io.Copy(log, lines)
	err := cmd.Wait()
	if !s.closing.Load() {
		s.err = fmt.Errorf("the simulator ended by itself (%v)", err)
		if said := complaints.String(); said != "" {
			s.err = fmt.Errorf("%w: %s", s.err, said)
		}
	}
	s.end()
	if err := os.RemoveAll(s.files); err != nil {
		s.err = errors.Join(s.err, err)
	}
	close(s.done)
}

func (s *Simulator) await(ready <-chan int) error {
	timer := time.NewTimer(startBound)
	defer timer.Stop()
	select {
	case port := <-ready:
		s.url = "http://localhost:" + strconv.Itoa(port)
		return nil
	case <-s.done:
		return s.err
	case <-timer.C:
		return errors.Join(fmt.Errorf("no answer in %s", startBound), s.Close())
	}
}

// environment is all that the process gets: a profile, a proxy or a PYTHONPATH
// of the user's must not change what a rehearsal does.
func environment(o Options) []string {
	env := []string{
		"PILOTLIGHT_CLOCK=" + o.ClockFile,
		"MOTO_PORT=" + strconv.Itoa(o.FrontPort),
		// Else it makes some 600 public images, with snapshots that "self" owns.
		"MOTO_EC2_LOAD_DEFAULT_AMIS=false",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"PYTHONUTF8=1",
		"TZ=UTC",
	}
	for _, kept := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(kept); ok {
			env = append(env, kept+"="+value)
		}
	}
	return env
}

// unpack writes the launcher to a folder of its own, from where Python can run it.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "pilotlight-simulator-")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, launcher); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// Python is the virtual environment's python under the repository at root.
func Python(root string) string { return filepath.Join(root, ".venv", "bin", "python") }
