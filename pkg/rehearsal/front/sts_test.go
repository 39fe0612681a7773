package front

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const otherAccount = "444455556666"

// trusting is a role of the other account that tester may take on with an id.
func trusting(t *testing.T, f *Front) {
	t.Helper()
	cfg := as(f, Key("tester", otherAccount), east)
	must[*iam.CreateRoleOutput](t)(iam.NewFromConfig(cfg).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("source"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Condition":{"StringEquals":{"sts:ExternalId":"storefront"},` +
			`"ArnEquals":{"aws:PrincipalArn":["arn:aws:iam::123456789012:role/tester"]}}}]}`),
	}))
}

func assume(t *testing.T, f *Front, role, caller, id string) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	return sts.NewFromConfig(as(f, caller, west)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + otherAccount + ":role/" + role), RoleSessionName: aws.String("pilotlight"), ExternalId: aws.String(id)})
}

func TestAssumeRole_asksForWhatTheTrustPolicySays(t *testing.T) {
	f := start(t)
	trusting(t, f)
	for name, c := range map[string]struct{ role, caller, id, want string }{
		"all right":        {"source", "tester", "storefront", ""},
		"no external id":   {"source", "tester", "another", "AccessDenied"},
		"another caller":   {"source", "intruder", "storefront", "AccessDenied"},
		"no such role":     {"sauce", "tester", "storefront", "AccessDenied"},
		"another's tester": {"source", Key("tester", "777788889999"), "storefront", "AccessDenied"},
	} {
		if _, err := assume(t, f, c.role, c.caller, c.id); refusal(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAccounts_seeTheirOwnAndAreAudited(t *testing.T) {
	f := start(t)
	trusting(t, f)
	out := must[*sts.AssumeRoleOutput](t)(assume(t, f, "source", "tester", "storefront"))
	cfg := as(f, "nobody", east)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	there, here := ec2.NewFromConfig(cfg), ec2.NewFromConfig(as(f, "tester", east))
	made := must[*ec2.CreateVolumeOutput](t)(there.CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(east + "a"), Size: aws.Int32(8)}))
	for name, c := range map[string]struct {
		client *ec2.Client
		want   int
	}{"the other account": {there, 1}, "the simulator's own": {here, 0}} {
		seen := must[*ec2.DescribeVolumesOutput](t)(c.client.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{
			Filters: []types.Filter{{Name: aws.String("volume-id"), Values: []string{*made.VolumeId}}}}))
		if len(seen.Volumes) != c.want {
			t.Errorf("%s sees %d volumes, want %d", name, len(seen.Volumes), c.want)
		}
	}
	var noted bool
	for _, call := range f.Calls() {
		noted = noted || call.Role == "source" && call.Action == "CreateVolume"
	}
	if !noted {
		t.Errorf("no call of the role that was taken on: %+v", f.Calls())
	}
}
