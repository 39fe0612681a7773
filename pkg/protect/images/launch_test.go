package images

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// asked are the calls that a pass makes to know whether a group can launch, in order.
func asked(calls []string) []string {
	return slices.DeleteFunc(calls, func(call string) bool {
		action, _, _ := strings.Cut(call, " ")
		return !slices.Contains([]string{"DescribeAutoScalingGroups", "DescribeKey", "ListGrants", "GetKeyPolicy", "DescribeSnapshots"}, action)
	})
}

// The copy of an image succeeds under a key that Auto Scaling may not use, and so
// does the turn of the template: only the launch would fail, on the day of the
// disaster.
func TestRefresh_turnsNothingToAnImageThatItsGroupCannotLaunch(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	s := newScene(t, cloud)
	groups := autoscaling.NewFromConfig(cloud.Config(simulated.Recovery))
	if _, err := groups.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(4), AvailabilityZones: []string{"us-west-2a"},
		LaunchTemplate: &asg.LaunchTemplateSpecification{LaunchTemplateName: aws.String(s.input.Plan)},
	}); err != nil {
		t.Fatal(err)
	}
	s.pass()
	if _, calls := s.pass(); slices.Contains(calls, "DescribeAutoScalingGroups us-west-2") {
		t.Errorf("groups are listed before there is an image to launch: %v", calls)
	}

	for range 2 { // as often as it is asked
		result, calls, err := s.try()
		if err == nil || !strings.Contains(err.Error(), "Auto Scaling group web could launch nothing from "+aws.ToString(s.copies()[0].ImageId)) ||
			!strings.Contains(err.Error(), "aws kms create-grant --key-id arn:aws:kms:us-west-2:") {
			t.Fatalf("error %v", err)
		}
		want := []string{"DescribeAutoScalingGroups us-west-2", "DescribeKey us-west-2", "DescribeSnapshots us-west-2", "GetKeyPolicy us-west-2", "ListGrants us-west-2"}
		if diff := cmp.Diff(want, asked(calls)); diff != "" || result.Pointed != 0 || imageOf(s.template()) != s.old {
			t.Errorf("result %+v, template at %s, calls (-want +got):\n%s", result, imageOf(s.template()), diff)
		}
	}

	keys := kms.NewFromConfig(cloud.Config(simulated.Recovery))
	key, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/pilotlight")})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := groups.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: key.KeyMetadata.Arn, GranteePrincipal: listed.AutoScalingGroups[0].ServiceLinkedRoleARN,
		Operations: []types.GrantOperation{types.GrantOperationDecrypt, types.GrantOperationGenerateDataKeyWithoutPlaintext, types.GrantOperationCreateGrant},
	}); err != nil {
		t.Fatal(err)
	}
	if result, _ := s.pass(); result.Pointed != 2 || imageOf(s.template()) != aws.ToString(s.copies()[0].ImageId) {
		t.Errorf("with a grant: %+v, template at %s", result, imageOf(s.template()))
	}
	result, calls := s.pass()
	if diff := cmp.Diff(slices.Sorted(slices.Values(listings)), calls); diff != "" || !cmp.Equal(result, protect.Result{Status: protect.Reconciled}) {
		t.Errorf("a pass that turns nothing: %+v, calls (-want +got):\n%s", result, diff)
	}
}

func TestRefresh_asksAboutNoKeyWhereNoGroupLaunches(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	s := newScene(t, cloud)
	s.pass()
	s.pass()
	result, calls := s.pass()
	if diff := cmp.Diff([]string{"DescribeAutoScalingGroups us-west-2"}, asked(calls)); diff != "" || result.Pointed != 2 {
		t.Errorf("result %+v, calls (-want +got):\n%s", result, diff)
	}
}
