package internet

import (
	"bufio"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
)

var listening = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)

// moto is one plain simulator for all tests, emptied before each.
var moto struct {
	once sync.Once
	url  *url.URL
	err  error
	end  func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if moto.end != nil {
		moto.end()
	}
	os.Exit(code)
}

func startMoto(t *testing.T) *url.URL {
	t.Helper()
	python := python(t)
	moto.once.Do(func() { moto.url, moto.err = runMoto(python) })
	if moto.err != nil {
		t.Fatal(moto.err)
	}
	response, err := http.Post(moto.url.JoinPath("moto-api", "reset").String(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return moto.url
}

func python(t *testing.T) string {
	t.Helper()
	python := os.Getenv("PILOTLIGHT_PYTHON")
	if python == "" {
		python = simulator.Python(filepath.Join("..", "..", ".."))
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("no simulator: %v; run make setup", err)
	}
	return python
}

// untilStdinEnds runs moto for as long as the test's end of the pipe is open: a
// test that is killed takes it along.
const untilStdinEnds = `
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(["-H", "127.0.0.1", "-p", "0"])
`

// runMoto runs moto on a free port, which it tells in its log.
func runMoto(python string) (*url.URL, error) {
	cmd := exec.Command(python, "-c", untilStdinEnds)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StderrPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	moto.end = func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { // moto blocks on a full pipe
				for lines.Scan() {
				}
			}()
			return url.Parse(found[1])
		}
	}
	return nil, errors.Join(errors.New("moto did not start"), lines.Err())
}

// startInternet runs an internet on plain moto at 60 times real time.
func startInternet(t *testing.T, moto *url.URL) *Internet {
	t.Helper()
	c, err := clock.New(filepath.Join(t.TempDir(), "clock"), 60)
	if err != nil {
		t.Fatal(err)
	}
	i, err := Start(Options{Clock: c, Route53: moto, CloudWatch: moto})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(i.CAFile()); !os.IsNotExist(err) {
			t.Errorf("the CA's file is still there: %v", err)
		}
		_ = c.Close()
	})
	return i
}

// host makes a hosted zone example.com with the records.
func host(t *testing.T, moto *url.URL, records ...types.ResourceRecordSet) {
	t.Helper()
	client := sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(moto.String()),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	zone, err := client.CreateHostedZone(t.Context(), &sdk.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String(t.Name()),
	})
	if err != nil {
		t.Fatal(err)
	}
	var changes []types.Change
	for _, r := range records {
		changes = append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &r})
	}
	if _, err := client.ChangeResourceRecordSets(t.Context(), &sdk.ChangeResourceRecordSetsInput{
		HostedZoneId: zone.HostedZone.Id, ChangeBatch: &types.ChangeBatch{Changes: changes},
	}); err != nil {
		t.Fatal(err)
	}
}
