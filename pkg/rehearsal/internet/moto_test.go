package internet

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

var listening = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)

// startMoto runs plain moto on a free port until the test is over.
func startMoto(t *testing.T) *url.URL {
	t.Helper()
	python := os.Getenv("PILOTLIGHT_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", "..", ".venv", "bin", "python")
	}
	if _, err := os.Stat(python); err != nil {
		t.Skipf("no simulator: %v (make sets it up)", err)
	}
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, python, "-c", "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { // moto blocks on a full pipe
				for lines.Scan() {
				}
			}()
			u, err := url.Parse(found[1])
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
	}
	t.Fatalf("moto did not start: %v", lines.Err())
	return nil
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
