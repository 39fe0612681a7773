package simulator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

func TestStart_withoutAVirtualEnvironmentSaysWhatToDo(t *testing.T) {
	_, err := Start(context.Background(), Options{Python: filepath.Join(t.TempDir(), "python")})
	if err == nil || !strings.Contains(err.Error(), `run "make setup"`) {
		t.Errorf("%v", err)
	}
}

func TestDates_areInDataTime(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), bounded(t)
	c := ec2.NewFromConfig(f.config("us-east-1"))
	volume, err := c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(8)})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := func() time.Time {
		t.Helper()
		// EC2 dates to the second here, as the Date header does everywhere.
		before := f.clock.Now().Truncate(time.Second)
		out, err := c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
		if err != nil {
			t.Fatal(err)
		}
		after := f.clock.Now()
		if at := *out.StartTime; at.Before(before) || at.After(after) {
			t.Errorf("taken at %s, but asked for at %s and answered at %s", at, before, after)
		}
		if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); !ok || at.Before(before) || at.After(after) {
			t.Errorf("dated %s, but asked for at %s and answered at %s", at, before, after)
		}
		return *out.StartTime
	}
	first := snapshot()
	if err := f.clock.Jump(12 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if apart := snapshot().Sub(first); apart < 12*time.Hour || apart > 13*time.Hour {
		t.Errorf("two snapshots with a jump of 12 h between them are %s apart", apart)
	}
}

func TestDates_standStillWithTheClock(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), bounded(t)
	c := ec2.NewFromConfig(f.config("us-east-1"))
	if err := f.clock.Close(); err != nil {
		t.Fatal(err)
	}
	stopped := f.clock.Now()
	for end := time.Now().Add(5 * clock.Longest); time.Now().Before(end); {
		volume, err := c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(8)})
		if err != nil {
			t.Fatal(err)
		}
		if late := volume.CreateTime.Sub(stopped); late > 60*clock.Longest {
			t.Fatalf("dated %s after the clock had stopped", late)
		}
	}
}

func TestUnimplementedAction_failsAtOnceAndByName(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	_, err := sfn.NewFromConfig(f.config("us-east-1")).RedriveExecution(ctx, &sfn.RedriveExecutionInput{ExecutionArn: aws.String("arn")})
	if err == nil || !strings.Contains(err.Error(), "501") || !strings.Contains(err.Error(), "RedriveExecution") || strings.Contains(err.Error(), "attempts") {
		t.Errorf("JSON: %v", err)
	}
	_, err = ec2.NewFromConfig(f.config("us-east-1")).DescribeBundleTasks(ctx, &ec2.DescribeBundleTasksInput{})
	if err == nil || !strings.Contains(err.Error(), "501") || !strings.Contains(err.Error(), "bundle_tasks") || strings.Contains(err.Error(), "attempts") {
		t.Errorf("XML: %v", err)
	}
}

func TestClose_endsInOrder(t *testing.T) {
	t.Parallel()
	f := start(t)
	if err := f.simulator.Close(); err != nil {
		t.Errorf("%v", err)
	}
	select {
	case <-f.simulator.Done():
	default:
		t.Error("closed, but not done")
	}
	if _, err := os.Stat(f.simulator.files); !os.IsNotExist(err) {
		t.Errorf("its files are left: %v", err)
	}
}

func TestDone_saysWhenTheProcessDied(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), bounded(t)
	if err := f.simulator.process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-f.simulator.Done():
	case <-ctx.Done():
		t.Fatal("killed, but not done")
	}
	if err := f.simulator.Err(); err == nil || !strings.Contains(err.Error(), "ended by itself (signal: killed)") {
		t.Errorf("%v", err)
	}
}

// parentOf marks the process that TestSimulator_endsWithItsParent kills: it
// starts a simulator, prints where, and waits.
const parentOf = "PILOTLIGHT_TEST_PARENT"

func TestMain(m *testing.M) {
	if at := os.Getenv(parentOf); at != "" {
		s, err := Start(context.Background(), Options{Python: os.Getenv("PILOTLIGHT_PYTHON"), ClockFile: at, FrontPort: 1})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.URL())
		<-s.Done()
	}
	code := m.Run()
	if closeShared != nil {
		closeShared()
	}
	os.Exit(code)
}

func TestSimulator_endsWithItsParent(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	at := filepath.Join(t.TempDir(), "clock")
	c, err := clock.New(at, 60)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	parent := exec.CommandContext(ctx, os.Args[0])
	parent.Env = append(os.Environ(), parentOf+"="+at, "PILOTLIGHT_PYTHON="+python(), "TMPDIR="+t.TempDir())
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	where, is := strings.CutPrefix(strings.TrimSpace(said), "http://")
	if err != nil || !is {
		t.Fatalf("%q, %v", said, err)
	}
	// Without a chance to clean up.
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("killed, but ended well")
	}
	until(ctx, t, "the simulator's end", func() bool {
		connection, err := net.Dial("tcp", where)
		if err != nil {
			return true
		}
		connection.Close()
		return false
	})
}
