package survey

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

const (
	primary  = "us-east-1"
	recovery = "us-west-2"
)

// shop is a plan with a policy of the volumes that the test makes, and one of none.
func shop(name string) *plan.Plan {
	return &plan.Plan{
		Name: name, Primary: primary, Recovery: recovery, Covers: &plan.Selector{Tags: map[string]string{"app": name}},
		Protect: []plan.Policy{policyOf("data", map[string]string{"app": name}), policyOf("mail", map[string]string{"app": name + "-mial"})},
	}
}

func policyOf(name string, tags map[string]string) plan.Policy {
	return plan.Policy{
		Name: name, Volumes: &plan.Selector{Tags: tags}, Keep: plan.Keep{Hourly: 24},
		Every: plan.Duration(30 * time.Minute), RPO: plan.Duration(time.Hour),
	}
}

// server starts an instance with one tagged volume.
func server(t *testing.T, cloud *simulated.AWS, tags map[string]string) string {
	t.Helper()
	client := ec2.NewFromConfig(cloud.Config(primary))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	zone := aws.String(primary + "a")
	root, err := client.CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: zone, Size: aws.Int32(8)})
	must(err)
	snapshot, err := client.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: root.VolumeId})
	must(err)
	image, err := client.RegisterImage(t.Context(), &ec2.RegisterImageInput{
		Name: snapshot.SnapshotId, RootDeviceName: aws.String("/dev/sda1"),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}},
	})
	must(err)
	run, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: image.ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeM6gLarge,
		Placement: &types.Placement{AvailabilityZone: zone},
	})
	must(err)
	specification := types.TagSpecification{ResourceType: types.ResourceTypeVolume}
	for key, value := range tags {
		specification.Tags = append(specification.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	volume, err := client.CreateVolume(t.Context(), &ec2.CreateVolumeInput{
		AvailabilityZone: zone, Size: aws.Int32(20), TagSpecifications: []types.TagSpecification{specification},
	})
	must(err)
	id := run.Instances[0].InstanceId
	_, err = client.AttachVolume(t.Context(), &ec2.AttachVolumeInput{VolumeId: volume.VolumeId, InstanceId: id, Device: aws.String("/dev/sdf")})
	must(err)
	return aws.ToString(id)
}

// protected makes passes over the plan's first policy until its copies are there:
// the simulator completes everything at once.
func protected(t *testing.T, cloud *simulated.AWS, book protect.Ledger, p *plan.Plan) {
	t.Helper()
	raw, err := json.Marshal(protect.Input{Plan: p.Name, Primary: p.Primary, Recovery: p.Recovery, Policy: p.Protect[0]})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := snapshots.New(cloud.Config(recovery), book).Handle(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOf_tellsWhatIsProtectedAndWhatIsNot(t *testing.T) {
	cloud := simulated.Shared(t)
	p, book := shop("shop"), ledgertest.New(cloud.Clock.Now())
	safe := server(t, cloud, p.Protect[0].Volumes.Tags)
	protected(t, cloud, book, p)
	forgotten := server(t, cloud, p.Protect[0].Volumes.Tags)

	cfg := cloud.Config(recovery)
	cfg.HTTPClient = &http.Client{Transport: reading{t}}
	found, err := Of(t.Context(), cfg, book, p, Options{Explain: true, Orphans: true})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]age.State{}
	for _, source := range found.Sources {
		states[source.Source] = source.State
		if source.State == age.OK && (source.Usable != 1 || source.GiB != 20 || !source.Due.After(found.At)) {
			t.Errorf("source %+v", source)
		}
		if source.State == age.None && source.Problem == "" {
			t.Errorf("nobody says why %s has no point", source.Source)
		}
	}
	if len(states) != 2 || states[safe] != age.OK || states[forgotten] != age.None {
		t.Errorf("%s has a point and %s has none: %v", safe, forgotten, states)
	}
	if len(found.Findings) != 1 || !strings.Contains(found.Findings[0], "policy mail protects nothing") || len(found.Unread) != 0 {
		t.Errorf("findings %q, unread %q", found.Findings, found.Unread)
	}
	sides := map[string]int{}
	for _, point := range found.Judged {
		sides[point.Region]++
		if !point.Keep || point.Reason == "" {
			t.Errorf("point %+v, want it kept and why", point)
		}
	}
	if sides[primary] != 1 || sides[recovery] != 1 {
		t.Errorf("judged points by region: %v", sides)
	}
	if found.Orphans == nil || len(found.Orphans) != 0 || found.Good() {
		t.Errorf("orphans %+v, good %v", found.Orphans, found.Good())
	}
}

// reading is a network on which nothing may be changed: EC2 names its actions in
// the form that it is sent, and reads with Describe alone.
type reading struct{ t *testing.T }

func (r reading) RoundTrip(request *http.Request) (*http.Response, error) {
	form, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(form))
	isEC2 := strings.Contains(request.Header.Get("Authorization"), "/ec2/")
	if isEC2 && !strings.HasPrefix(string(form), "Action=Describe") {
		r.t.Errorf("a survey asked for %.60s", form)
	}
	return whole.Transport{}.RoundTrip(request)
}

// deaf is a network in which nothing reaches a region.
type deaf struct{ region string }

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.Header.Get("Authorization"), "/"+d.region+"/") {
		return nil, errors.New("no route to " + d.region)
	}
	return whole.Transport{}.RoundTrip(r)
}

func TestOf_answersFromTheRecoveryRegionWhenThePrimaryIsGone(t *testing.T) {
	cloud := simulated.Shared(t)
	p, book := shop("island"), ledgertest.New(cloud.Clock.Now())
	safe := server(t, cloud, p.Protect[0].Volumes.Tags)
	protected(t, cloud, book, p)
	cfg := cloud.Config(recovery)
	cfg.HTTPClient = &http.Client{Transport: deaf{primary}}

	found, err := Of(t.Context(), cfg, book, p, Options{Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Sources) != 1 || found.Sources[0].Source != safe || found.Sources[0].State != age.OK || found.Sources[0].Problem == "" {
		t.Errorf("sources %+v, want %s with its point and a problem", found.Sources, safe)
	}
	if len(found.Judged) != 1 || found.Judged[0].Region != recovery || len(found.Unread) == 0 || found.Good() {
		t.Errorf("judged %+v, unread %q", found.Judged, found.Unread)
	}
}

func TestUnmeetable_doesTheArithmeticOfWhatIsThere(t *testing.T) {
	policy := policyOf("data", map[string]string{"a": "b"})
	policy.Expect = &plan.Expect{Sources: 1, GiB: 1, Change: 5}
	few := []protect.Source{{GiB: 100}, {GiB: 200}}
	if said := unmeetable(policy, few); said != "" {
		t.Errorf("it says %q of 300 GiB", said)
	}
	many := make([]protect.Source, 400)
	for i := range many {
		many[i].GiB = 2000
	}
	if said := unmeetable(policy, many); !strings.Contains(said, "cannot meet its RPO of 1h") || !strings.Contains(said, "400 copies") {
		t.Errorf("it says %q of 400 sources of 2,000 GiB", said)
	}
	policy.Expect = nil
	if said := unmeetable(policy, many[:100]); said != "" {
		t.Errorf("nobody knows how much changes, and it says %q", said)
	}
}

func TestOf_ofAPlanWithoutPoliciesFindsThat(t *testing.T) {
	found, err := Of(t.Context(), aws.Config{}, ledgertest.New(time.Time{}), &plan.Plan{Name: "bare"}, Options{})
	if err != nil || len(found.Findings) != 1 || found.Good() {
		t.Errorf("found %+v, error %v", found, err)
	}
}
