// Package simulated is the rehearsal's AWS for the tests of one package: one
// simulator, without a front, so nothing is limited, slowed down or recorded. It
// starts with the first test that asks and ends with Run:
//
//	func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }
package simulated

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
)

// AWS is a running simulator.
type AWS struct {
	Clock *clock.Clock // its time; it all but stands still until it is moved

	simulator *simulator.Simulator
}

// The pace of data time: slow enough that a test's own duration never shows in
// AWS's dates, which have a resolution of one second.
const pace = 0.001

// shared holds the one that was started, until Run ends it.
var shared struct {
	sync.Mutex
	aws *AWS
	dir string
}

// Run runs the tests of a package and ends the simulator after them. It answers
// the exit code.
func Run(m *testing.M) int {
	code := m.Run()
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Shared is the AWS of all tests of the package. Tests keep apart by the names
// that they give to what they make.
func Shared(t testing.TB) *AWS {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.aws == nil {
		if err := start(); err != nil {
			t.Fatal(err)
		}
	}
	return shared.aws
}

func start() error {
	dir, err := os.MkdirTemp("", "simulated-")
	if err != nil {
		return err
	}
	shared.dir = dir
	data, err := clock.New(filepath.Join(dir, "clock"), pace)
	if err != nil {
		return err
	}
	python, err := python()
	if err != nil {
		return err
	}
	// Nothing here lets the simulator call Lambda, so no front listens for it.
	moto, err := simulator.Start(context.Background(), simulator.Options{
		Python: python, ClockFile: filepath.Join(dir, "clock"), FrontPort: 1, Log: os.Stderr,
	})
	if err != nil {
		return err
	}
	shared.aws = &AWS{Clock: data, simulator: moto}
	return nil
}

func end() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.aws == nil {
		return os.RemoveAll(shared.dir)
	}
	return errors.Join(shared.aws.simulator.Close(), shared.aws.Clock.Close(), os.RemoveAll(shared.dir))
}

// python is the interpreter of the virtual environment that make setup makes.
func python() (string, error) {
	if given := os.Getenv("PILOTLIGHT_PYTHON"); given != "" {
		return given, nil
	}
	root, err := repository.Root()
	return simulator.Python(root), err
}

// Config reaches a region without retries.
func (a *AWS) Config(region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(a.simulator.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   whole.Client,
	}
}
