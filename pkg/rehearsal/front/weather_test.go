package front

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/google/go-cmp/cmp"
)

// patience is how long a client waits for what never comes, in real time.
const patience = 300 * time.Millisecond

func TestStrike_hangsTheRegionAndNoOther(t *testing.T) {
	f := start(t)
	volumes := func(region string) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := compute(f, region).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
		return err
	}
	f.Strike(east)
	if err := volumes(east); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("struck region answers: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := route53.NewFromConfig(as(f, "tester", east)).ListHostedZones(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Route 53's control plane answers: %v", err)
	}
	if err := volumes(west); err != nil {
		t.Errorf("the other region: %v", err)
	}
	f.Heal(east)
	if err := volumes(east); err != nil {
		t.Errorf("healed: %v", err)
	}
	want := []Call{
		{Role: "tester", Service: "ec2", Action: "DescribeVolumes", Region: east, Count: 2, Hung: 1},
		{Role: "tester", Service: "ec2", Action: "DescribeVolumes", Region: west, Count: 1},
		{Role: "tester", Service: "route53", Action: "ListHostedZones", Region: east, Count: 1, Hung: 1},
	}
	if diff := cmp.Diff(want, f.Calls()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// slow is a function that is still running when its region is struck.
type slow struct{ running, end chan struct{} }

func (s slow) Invoke(context.Context, string, []byte, bool) Result {
	close(s.running)
	<-s.end
	return Result{}
}

func (slow) Timeout(string) (time.Duration, bool) { return time.Minute, true }

func TestStrike_hangsWhatIsUnderWay(t *testing.T) {
	s := slow{make(chan struct{}), make(chan struct{})}
	f := start(t, func(o *Options) { o.Functions = s })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		response, err := http.DefaultClient.Do(invocation(t, ctx, f, "f", ""))
		if err == nil {
			response.Body.Close()
		}
		answer <- err
	}()
	<-s.running
	f.Strike(west)
	close(s.end)
	if err := <-answer; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered: %v", err)
	}
}

func TestClose_letsGoOfWhatHangs(t *testing.T) {
	f := start(t)
	f.Strike(east)
	gone := make(chan error, 1)
	go func() {
		_, err := compute(f, east).DescribeVolumes(context.Background(), &ec2.DescribeVolumesInput{})
		gone <- err
	}()
	for until := time.Now().Add(10 * time.Second); len(f.Calls()) == 0; { // until it hangs
		if time.Now().After(until) {
			t.Fatal("the call did not arrive")
		}
		runtime.Gosched()
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; err == nil {
		t.Error("a struck region answered when the front was closed")
	}
}

func TestRefuse_answersAtOnce(t *testing.T) {
	f := start(t)
	f.Refuse(east)
	if _, err := compute(f, east).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{}); refusal(err) != "ServiceUnavailable" {
		t.Errorf("EC2: %v", err)
	}
}

func TestInject_answersTheErrorAsOftenAsAsked(t *testing.T) {
	f := start(t)
	f.Inject(Fault{Role: "tester", Service: "ec2", Action: "DescribeVolumes", Code: "RequestLimitExceeded", Message: "a < b", Status: 503, Times: 2})
	var got []string
	for range 3 {
		_, err := compute(f, west).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{})
		got = append(got, refusal(err))
	}
	if !cmp.Equal(got, []string{"RequestLimitExceeded", "RequestLimitExceeded", ""}) {
		t.Errorf("got %v", got)
	}
}

func TestInject_concernsOnlyTheRequestsThatHoldAText(t *testing.T) {
	f := start(t)
	f.Inject(Fault{Role: "tester", Action: "CreateVolume", Holding: "Size=2", Code: "RequestLimitExceeded"})
	for size, want := range map[int32]string{1: "", 2: "RequestLimitExceeded"} {
		_, err := compute(f, west).CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(west + "a"), Size: aws.Int32(size)})
		if refusal(err) != want {
			t.Errorf("a volume of %d GiB: %v", size, err)
		}
	}
}

func TestForgive_answersTheFaultsThatNoCallMet(t *testing.T) {
	f := start(t)
	f.Inject(Fault{Role: "tester", Action: "DescribeVolumes", Code: "RequestLimitExceeded"})
	f.Inject(Fault{Role: "tester", Action: "CreateVolume", Code: "RequestLimitExceeded"})
	f.Inject(Fault{Role: "another", Action: "CreateVolume", Code: "RequestLimitExceeded"})
	if _, err := compute(f, west).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{}); refusal(err) != "RequestLimitExceeded" {
		t.Errorf("DescribeVolumes: %v", err)
	}
	if idle := f.Forgive("tester"); len(idle) != 1 || idle[0].Action != "CreateVolume" {
		t.Errorf("idle: %v", idle)
	}
	if _, err := compute(f, west).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{}); err != nil {
		t.Errorf("DescribeVolumes afterwards: %v", err)
	}
}

func TestInject_afterActingLosesOnlyTheAnswer(t *testing.T) {
	f := start(t)
	f.Inject(Fault{Action: "CreateVolume", Code: "InternalError", Status: 500, Times: 1, AfterActing: true})
	_, err := compute(f, east).CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(east + "a"), Size: aws.Int32(1)})
	if refusal(err) != "InternalError" {
		t.Errorf("CreateVolume: %v", err)
	}
	out := must[*ec2.DescribeVolumesOutput](t)(compute(f, east).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{}))
	if n := f.Mutations(east); len(out.Volumes) != 1 || n != 1 {
		t.Errorf("%d volumes, %d mutations; want 1 and 1", len(out.Volumes), n)
	}
}
