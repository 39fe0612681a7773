package quota

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// busy is a region that was granted 4096 vCPUs of the standard families, and uses 4 of
// them: two instances of two. What is stopped, and what is Spot, is not counted.
func busy(t *testing.T) *Region {
	team := simulated.Servers{T: t, Config: simulated.Shared(t).Config(simulated.Away)}
	client := ec2.NewFromConfig(team.Config)
	made := []string{team.Instance("one", "us-west-2a"), team.Instance("two", "us-west-2b"), team.Instance("stopped", "us-west-2a")}
	if _, err := client.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: made[2:]}); err != nil {
		t.Fatal(err)
	}
	spot, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(team.Image("spot")), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeM5Large,
		SubnetId: aws.String(team.Subnet("us-west-2a")), InstanceMarketOptions: &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot},
	})
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, *spot.Instances[0].InstanceId)
	t.Cleanup(func() {
		if _, err := client.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: made}); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return In(team.Config)
}

func TestShort_saysWhichQuotaHasNoRoom(t *testing.T) {
	r := busy(t)
	for name, c := range map[string]struct {
		either []Start
		want   string
	}{
		"the last two vCPUs":                      {[]Start{{"m5.large": 2046}}, ""},
		"two too many":                            {[]Start{{"m5.large": 2047}}, `The quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" of us-west-2 is 4096 vCPUs, and 4 are in use: 4094 more do not fit. Have Service Quotas raise L-1216C47A.`},
		"families of one quota together":          {[]Start{{"m5.large": 1023, "c5.large": 1024}}, "4094 more"},
		"in the place of what runs":               {[]Start{{"m5.large": 2048, "t4g.small": -2}}, ""},
		"fewer than before":                       {[]Start{{"t4g.small": -1}}, ""},
		"a quota that nobody has raised":          {[]Start{{"g5.xlarge": 1}}, `"Running On-Demand G and VT instances" of us-west-2 is 0 vCPUs`},
		"a type that fits after one that did not": {[]Start{{"g5.xlarge": 1}, {"m5.large": 1}}, ""},
		"none that fits: the first is told of":    {[]Start{{"g5.xlarge": 1}, {"p4d.24xlarge": 1}}, "L-DB2E81BA"},
		"a type that there is not":                {[]Start{{"m5.lage": 1}}, "EC2 has no type m5.lage in us-west-2: name another."},
		"a type that there is beside it":          {[]Start{{"m5.lage": 1}, {"m5.large": 1}}, ""},
		"a Mac, which no quota of vCPUs counts":   {[]Start{{"mac1.metal": 9}}, ""},
	} {
		problems, err := r.Short(t.Context(), c.either...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if said := strings.Join(problems, " "); (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%s: says %q, want %q", name, said, c.want)
		}
	}
}

// Only a Mac is counted by no quota.
func TestCode_knowsTheQuotaOfEveryType(t *testing.T) {
	seen := 0
	pages := ec2.NewDescribeInstanceTypesPaginator(ec2.NewFromConfig(simulated.Shared(t).Config(simulated.Away)), &ec2.DescribeInstanceTypesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range page.InstanceTypes {
			seen++
			if kind := string(info.InstanceType); (code(kind) == "") != strings.HasPrefix(kind, "mac") {
				t.Errorf("%s is counted by %q", kind, code(kind))
			}
		}
	}
	if seen < 500 {
		t.Errorf("%d types alone", seen)
	}
	for kind, want := range map[string]string{
		"a1.large": standard, "im4gn.large": standard, "is4gen.large": standard, "hs1.8xlarge": standard, "d3en.xlarge": standard, "z1d.large": standard,
		"inf2.xlarge": inf, "trn1.2xlarge": trn, "dl1.24xlarge": dl, "vt1.3xlarge": gAndVT, "gr6.4xlarge": gAndVT, "hpc7g.4xlarge": hpc,
		"u-6tb1.56xlarge": highMemory, "u7i-12tb.224xlarge": highMemory, "x2gd.large": x, "p4de.24xlarge": p, "f1.2xlarge": f, "": "", "9": "",
	} {
		if got := code(kind); got != want {
			t.Errorf("%q is counted by %q, want %q", kind, got, want)
		}
	}
}
