package keys

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// anImagePass is one of policy web, which points a launch template.
func anImagePass(key, template string) protect.Pass {
	pass := aPass(key)
	pass.Policy.Name, pass.Policy.Volumes, pass.Policy.Images = "web", nil, &plan.Selector{}
	pass.Policy.Point = &plan.Point{LaunchTemplate: template}
	return pass
}

// anImage waits for its copy.
func anImage(parts ...string) backlog.Copy {
	return backlog.Copy{Point: lineage.Point{ID: "snap-ami", Policy: "web", Parts: parts, TakenAt: noon, State: lineage.Complete}}
}

func ofImages(t *testing.T, cloud *simulated.Cloud, k *Keys) {
	off := made(t, cloud, simulated.Primary, "", kms.CreateKeyInput{})
	client := ec2.NewFromConfig(cloud.Config(simulated.Primary))
	var parts []string
	for _, key := range []*string{nil, off.Arn} {
		volume, err := client.CreateVolume(t.Context(), &ec2.CreateVolumeInput{
			AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(8), Encrypted: aws.Bool(key != nil), KmsKeyId: key,
		})
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := client.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, aws.ToString(snapshot.SnapshotId))
	}
	if _, err := kms.NewFromConfig(cloud.Config(simulated.Primary)).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: off.KeyId}); err != nil {
		t.Fatal(err)
	}
	fine, _, err := New(k.cfg).Check(t.Context(), anImagePass("alias/good", "none"), []backlog.Copy{anImage(parts...)}, nil, nil)
	says(t, err, "source key "+*off.Arn+" in us-east-1: it is disabled; enable it: aws kms enable-key --key-id "+*off.Arn+" --region us-east-1")
	if len(fine) > 0 {
		t.Errorf("%q goes on", ids(fine))
	}
}

func groups(t *testing.T, cloud *simulated.Cloud, k *Keys) {
	const role = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	group(t, cloud, "storefront-web", "")
	group(t, cloud, "storefront-jobs", "resolve:ssm:/storefront/image:3")
	launches := func(key string, at plan.Point) error {
		pass := anImagePass(key, "")
		pass.Policy.Point = &at
		announced, err := k.Launches(t.Context(), pass, arrived(t, cloud, key))
		if len(announced) > 0 {
			t.Errorf("announced %q", announced)
		}
		return err
	}
	web, client := plan.Point{LaunchTemplate: "storefront-web"}, kms.NewFromConfig(cloud.Config(simulated.Recovery))

	bare := aws.ToString(made(t, cloud, simulated.Recovery, "alias/bare", kms.CreateKeyInput{}).Arn)
	text := func(group string) string {
		return "destination key " + bare + " in us-west-2: Auto Scaling group " + group + " could launch nothing from ami-new, because " + role +
			" may not use it; grant it: aws kms create-grant --key-id " + bare + " --region us-west-2 --grantee-principal " + role +
			" --operations Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant" +
			" (or say the same in the key's policy; until then what names an older image stays as it is)"
	}
	says(t, launches(bare, web), text("storefront-web"))
	says(t, launches(bare, plan.Point{Parameter: "/storefront/image"}), text("storefront-jobs"))
	for name, at := range map[string]plan.Point{
		"a template of no group": {LaunchTemplate: "of-no-group"}, "a parameter of no template": {Parameter: "/storefront/ima"},
	} {
		cloud.Calls()
		if err := launches(bare, at); err != nil || strings.Contains(strings.Join(cloud.Calls(), " "), "Key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := launches(aws.ToString(described(t, cloud, simulated.Recovery, "alias/aws/ebs").Arn), web); err != nil {
		t.Errorf("AWS's own key: %v", err)
	}
	if err := launches("", web); err != nil {
		t.Errorf("no key: %v", err)
	}
	granted(t, client, bare, "arn:aws:iam::123456789012:role/other")
	says(t, launches(bare, web), text("storefront-web"))
	granted(t, client, bare, role)
	if err := launches(bare, web); err != nil {
		t.Errorf("with a grant: %v", err)
	}
	if _, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(bare[strings.Index(bare, "/")+1:])}); err != nil {
		t.Fatal(err)
	}
	says(t, launches(bare, web), "destination key "+bare+" in us-west-2: it is disabled, and nothing could be launched from ami-new; "+
		"enable it: aws kms enable-key --key-id "+bare+" --region us-west-2")

	named := made(t, cloud, simulated.Recovery, "alias/named", kms.CreateKeyInput{Policy: aws.String(fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"},
		{"Effect": "Allow", "Principal": {"AWS": [%[1]q]}, "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*"},
		{"Effect": "Allow", "Principal": {"AWS": [%[1]q]}, "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"Bool": {"kms:GrantIsForAWSResource": true}}}]}`, role))})
	if err := launches(aws.ToString(named.Arn), web); err != nil {
		t.Errorf("named in the key's policy: %v", err)
	}
}

// arrived is an image in the recovery region of two disks, encrypted with a key.
func arrived(t *testing.T, cloud *simulated.Cloud, key string) lineage.Point {
	t.Helper()
	image := lineage.Point{ID: "ami-new", Region: simulated.Recovery, State: lineage.Complete}
	client := ec2.NewFromConfig(cloud.Config(simulated.Recovery))
	for range 2 {
		in := &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-west-2a"), Size: aws.Int32(8)}
		if key != "" {
			in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(key)
		}
		volume, err := client.CreateVolume(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := client.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
		if err != nil {
			t.Fatal(err)
		}
		image.Parts = append(image.Parts, aws.ToString(snapshot.SnapshotId))
	}
	return image
}

// granted gives a role all that the remedy says.
func granted(t *testing.T, client *kms.Client, key, role string) {
	t.Helper()
	in := &kms.CreateGrantInput{KeyId: aws.String(key), GranteePrincipal: aws.String(role)}
	for _, operation := range operations {
		in.Operations = append(in.Operations, types.GrantOperation(operation))
	}
	if _, err := client.CreateGrant(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// group is an empty Auto Scaling group with a launch template of its name, which
// names an image, or a new one.
func group(t *testing.T, cloud *simulated.Cloud, name, image string) {
	t.Helper()
	image = cmp.Or(image, cloud.Workload(t, simulated.Recovery).Image(name))
	if _, err := ec2.NewFromConfig(cloud.Config(simulated.Recovery)).CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(name), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: aws.String(image), InstanceType: ec2types.InstanceTypeM6gLarge},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := autoscaling.NewFromConfig(cloud.Config(simulated.Recovery)).CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(name), MinSize: aws.Int32(0), MaxSize: aws.Int32(4), AvailabilityZones: []string{"us-west-2a"},
		LaunchTemplate: &asg.LaunchTemplateSpecification{LaunchTemplateName: aws.String(name)},
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTemplates_areThoseOfMixedGroupsToo(t *testing.T) {
	named := func(name string) *asg.LaunchTemplateSpecification {
		return &asg.LaunchTemplateSpecification{LaunchTemplateName: aws.String(name)}
	}
	got := templates(asg.AutoScalingGroup{MixedInstancesPolicy: &asg.MixedInstancesPolicy{LaunchTemplate: &asg.LaunchTemplate{
		LaunchTemplateSpecification: named("web"),
		Overrides:                   []asg.LaunchTemplateOverrides{{}, {LaunchTemplateSpecification: named("web-arm")}},
	}}})
	if strings.Join(got, " ") != "web web-arm" {
		t.Errorf("templates %q", got)
	}
}

func TestAllows_readsAPolicyAsItMayBeWritten(t *testing.T) {
	const role = "arn:aws:iam::1:role/asg"
	for name, c := range map[string]struct {
		policy string
		want   bool
	}{
		"one statement, one principal": {`{"Statement": {"Effect": "Allow", "Principal": {"AWS": "` + role + `"}, "Action": "kms:*"}}`, true},
		"everybody":                    {`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}`, true},
		"the account alone":            {`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*"}]}`, false},
		"a service":                    {`{"Statement": [{"Effect": "Allow", "Principal": {"Service": "autoscaling.amazonaws.com"}, "Action": "kms:*"}]}`, false},
		"no grants":                    {`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["` + role + `"]}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}]}`, false},
		"a refusal":                    {`{"Statement": [{"Effect": "Deny", "Principal": {"AWS": ["` + role + `"]}, "Action": "kms:*"}]}`, false},
		"what is no policy":            {`later`, true},
	} {
		if got := allows(c.policy, role); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
