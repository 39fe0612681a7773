package front

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

func filters(name, value string) []types.Filter {
	return []types.Filter{{Name: &name, Values: []string{value}}}
}

func instanceIDs(t *testing.T, f *Front, in *ec2.DescribeInstancesInput) []string {
	t.Helper()
	out := must[*ec2.DescribeInstancesOutput](t)(compute(f, east).DescribeInstances(t.Context(), in))
	var ids []string
	for _, r := range out.Reservations {
		if len(r.Instances) == 0 {
			t.Error("a reservation without instances")
		}
		for _, i := range r.Instances {
			ids = append(ids, *i.InstanceId)
		}
	}
	return ids
}

func TestInstance_startsThenPassesItsChecks(t *testing.T) {
	f := start(t)
	id := newInstances(t, f, 1)[0]
	in := func(state string) []string {
		return instanceIDs(t, f, &ec2.DescribeInstancesInput{Filters: filters("instance-state-name", state)})
	}
	health := func(all bool) (states []string) {
		out := must[*ec2.DescribeInstanceStatusOutput](t)(compute(f, east).DescribeInstanceStatus(t.Context(),
			&ec2.DescribeInstanceStatusInput{IncludeAllInstances: &all}))
		for _, s := range out.InstanceStatuses {
			states = append(states, string(s.InstanceState.Name)+" "+string(s.InstanceStatus.Status)+" "+string(s.SystemStatus.Status))
		}
		return states
	}
	if got := [][]string{in("pending"), in("running"), health(true), health(false)}; !cmp.Equal(got,
		[][]string{{id}, nil, {"pending initializing initializing"}, nil}) {
		t.Errorf("at once: %v", got)
	}
	pass(t, time.Minute)
	if got := [][]string{in("pending"), in("running"), health(false)}; !cmp.Equal(got,
		[][]string{nil, {id}, {"running initializing initializing"}}) {
		t.Errorf("after a minute: %v", got)
	}
	pass(t, 3*time.Minute)
	if got := health(false); !cmp.Equal(got, []string{"running ok ok"}) {
		t.Errorf("after four minutes: %v", got)
	}
}

func TestInstance_thatIsStoppedAndStartedIsPendingAgain(t *testing.T) {
	f := start(t)
	ids := newInstances(t, f, 1)
	pass(t, time.Hour)
	must[*ec2.StopInstancesOutput](t)(compute(f, east).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: ids}))
	must[*ec2.StartInstancesOutput](t)(compute(f, east).StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: ids}))
	if got := instanceIDs(t, f, &ec2.DescribeInstancesInput{Filters: filters("instance-state-name", "pending")}); !cmp.Equal(got, ids) {
		t.Errorf("pending: %v", got)
	}
	must[*ec2.TerminateInstancesOutput](t)(compute(f, east).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: ids}))
	if got := instanceIDs(t, f, &ec2.DescribeInstancesInput{Filters: filters("instance-state-name", "terminated")}); !cmp.Equal(got, ids) {
		t.Errorf("terminated: %v", got)
	}
}

func TestLaunch_withARepeatedTokenKeepsItsTime(t *testing.T) {
	f := start(t)
	image := registered(t, f)
	launch := func() string {
		out := must[*ec2.RunInstancesOutput](t)(compute(f, east).RunInstances(t.Context(), &ec2.RunInstancesInput{
			ImageId: image, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: aws.String("run-1-launch")}))
		return *out.Instances[0].InstanceId
	}
	first := launch()
	before, _ := f.ReadyAt(first)
	pass(t, 30*time.Second)
	second := launch()
	if after, _ := f.ReadyAt(second); first != second || !after.Equal(before) {
		t.Errorf("%s ready at %v, then %s at %v", first, before, second, after)
	}
}

func TestVolume_isCreatedThenAttached(t *testing.T) {
	f := start(t)
	client, instance, volume := compute(f, east), newInstances(t, f, 1)[0], newVolume(t, f, 8)
	attach := func() error {
		_, err := client.AttachVolume(t.Context(), &ec2.AttachVolumeInput{InstanceId: &instance, VolumeId: &volume, Device: aws.String("/dev/sdf")})
		return err
	}
	look := func() string {
		out := must[*ec2.DescribeVolumesOutput](t)(client.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{VolumeIds: []string{volume}}))
		state := string(out.Volumes[0].State)
		for _, a := range out.Volumes[0].Attachments {
			state += " " + string(a.State)
		}
		return state
	}
	count := func(filter, value string) int {
		out := must[*ec2.DescribeVolumesOutput](t)(client.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{Filters: filters(filter, value)}))
		return len(out.Volumes)
	}
	if got := look(); got != "creating" || count("status", "creating") != 1 {
		t.Errorf("at once: %s", got)
	}
	if err := attach(); refusal(err) != "IncorrectState" {
		t.Errorf("attach what is being created: %v", err)
	}
	pass(t, 10*time.Second)
	if err := attach(); refusal(err) != "IncorrectState" || look() != "available" {
		t.Errorf("attach to a pending instance: %v, volume %s", err, look())
	}
	pass(t, time.Minute)
	if err := attach(); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != "in-use attaching" || count("attachment.status", "attaching") != 1 {
		t.Errorf("just attached: %s", got)
	}
	pass(t, 10*time.Second)
	if got := look(); got != "in-use attached" {
		t.Errorf("later: %s", got)
	}
}

func imagesIn(t *testing.T, f *Front, region, state string) (ids []string) {
	t.Helper()
	out := must[*ec2.DescribeImagesOutput](t)(compute(f, region).DescribeImages(t.Context(),
		&ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: filters("state", state)}))
	for _, i := range out.Images {
		ids = append(ids, *i.ImageId)
	}
	return ids
}

func TestImage_isPendingWithItsDisksAndCannotBeUsed(t *testing.T) {
	f := start(t)
	client, instance := compute(f, east), newInstances(t, f, 1)[0]
	pass(t, time.Minute)
	made := must[*ec2.CreateImageOutput](t)(client.CreateImage(t.Context(), &ec2.CreateImageInput{InstanceId: &instance, Name: aws.String("web"), NoReboot: aws.Bool(true)}))
	if got := imagesIn(t, f, east, "pending"); !cmp.Equal(got, []string{*made.ImageId}) {
		t.Errorf("pending: %v", got)
	}
	if got := withStatus(t, f, east, "pending"); len(got) == 0 {
		t.Error("the image's snapshots are complete before the image")
	}
	copyImage := func() (*ec2.CopyImageOutput, error) {
		return compute(f, west).CopyImage(t.Context(), &ec2.CopyImageInput{Name: aws.String("web"), SourceImageId: made.ImageId, SourceRegion: aws.String(east)})
	}
	if _, err := copyImage(); refusal(err) != "InvalidAMIID.Unavailable" {
		t.Errorf("copy: %v", err)
	}
	if _, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{ImageId: made.ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}); refusal(err) != "InvalidAMIID.Unavailable" {
		t.Errorf("launch: %v", err)
	}
	template := must[*ec2.CreateLaunchTemplateOutput](t)(client.CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: made.ImageId}}))
	byTemplate := &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: template.LaunchTemplate.LaunchTemplateId}}
	if _, err := client.RunInstances(t.Context(), byTemplate); refusal(err) != "InvalidAMIID.Unavailable" {
		t.Errorf("launch by template: %v", err)
	}
	pass(t, 6*time.Minute)
	must[*ec2.RunInstancesOutput](t)(client.RunInstances(t.Context(), byTemplate))
	copied := must[*ec2.CopyImageOutput](t)(copyImage())
	if got := imagesIn(t, f, west, "pending"); !cmp.Equal(got, []string{*copied.ImageId}) {
		t.Errorf("pending copies: %v", got)
	}
	if source, _, _ := f.SourceOf(*copied.ImageId); source != *made.ImageId {
		t.Errorf("source of the copy: %s", source)
	}
	pass(t, 5*time.Minute)
	if got := imagesIn(t, f, west, "available"); !cmp.Equal(got, []string{*copied.ImageId}) {
		t.Errorf("available copies: %v", got)
	}
}
