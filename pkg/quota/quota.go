// Package quota says whether a region's quotas of running On-Demand instances have
// room for what a plan would start. AWS counts vCPUs, has one quota for several
// families of types, gives a new account five, and says nothing of them in a dry run.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
//
// It guarantees that it only reads. It counts the instances that run: neither
// reserved capacity that nothing uses, nor what else a plan would start.
package quota

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	limits "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
)

// Region is one region's EC2 and its quotas. Who asks is granted
// ec2:DescribeInstances, ec2:DescribeInstanceTypes, servicequotas:GetServiceQuota and
// servicequotas:GetAWSDefaultServiceQuota.
type Region struct {
	name   string
	ec2    *ec2.Client
	quotas *servicequotas.Client
}

// In is the region of cfg.
func In(cfg aws.Config) *Region {
	return &Region{cfg.Region, ec2.NewFromConfig(cfg), servicequotas.NewFromConfig(cfg)}
}

// Start is how many more instances of each type would run; of a type that gives way, a
// negative number.
type Start map[string]int

// Short says what is lacking for the first of these, and nothing if there is room for
// one of them.
func (r *Region) Short(ctx context.Context, either ...Start) ([]string, error) {
	running, err := r.running(ctx)
	if err != nil {
		return nil, err
	}
	kinds := maps.Clone(running)
	for _, start := range either {
		maps.Copy(kinds, start)
	}
	sizes, err := r.sizes(ctx, slices.Sorted(maps.Keys(kinds)))
	if err != nil {
		return nil, err
	}
	used := counted(running, sizes)
	var first []string
	for i, start := range either {
		lacking, err := r.lacking(ctx, used, start, sizes)
		if err != nil || len(lacking) == 0 {
			return nil, err
		}
		if i == 0 {
			first = lacking
		}
	}
	return first, nil
}

// running counts the instances of the region by type. Spot instances have quotas of
// their own, and so have the hosts of those that are on dedicated ones.
func (r *Region) running(ctx context.Context) (Start, error) {
	found := Start{}
	pages := ec2.NewDescribeInstancesPaginator(r.ec2, &ec2.DescribeInstancesInput{
		Filters: []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{string(types.InstanceStateNameRunning)}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("count the instances that run in %s: %w", r.name, err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				hosted := i.Placement != nil && i.Placement.Tenancy == types.TenancyHost
				if i.InstanceLifecycle == "" && !hosted {
					found[string(i.InstanceType)]++
				}
			}
		}
	}
	return found, nil
}

// most is how many values one filter may have.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html#Filtering_Resources_CLI
const most = 200

// sizes are the vCPUs of types. One that the region does not have is not among them,
// and would be an error in a call that names it without a filter.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
func (r *Region) sizes(ctx context.Context, kinds []string) (map[string]int, error) {
	found := map[string]int{}
	for some := range slices.Chunk(kinds, most) {
		pages := ec2.NewDescribeInstanceTypesPaginator(r.ec2, &ec2.DescribeInstanceTypesInput{
			Filters: []types.Filter{{Name: aws.String("instance-type"), Values: some}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("ask for the vCPUs of %v: %w", some, err)
			}
			for _, info := range page.InstanceTypes {
				if info.VCpuInfo != nil {
					found[string(info.InstanceType)] = int(aws.ToInt32(info.VCpuInfo.DefaultVCpus))
				}
			}
		}
	}
	return found, nil
}

// counted are vCPUs by the code of their quota.
func counted(start Start, sizes map[string]int) map[string]int {
	sum := map[string]int{}
	for kind, n := range start {
		sum[code(kind)] += n * sizes[kind]
	}
	return sum
}

func (r *Region) lacking(ctx context.Context, used map[string]int, start Start, sizes map[string]int) (problems []string, err error) {
	for _, kind := range slices.Sorted(maps.Keys(start)) {
		if sizes[kind] == 0 {
			problems = append(problems, fmt.Sprintf("EC2 has no type %s in %s: name another.", kind, r.name))
		}
	}
	more := counted(start, sizes)
	for _, code := range slices.Sorted(maps.Keys(more)) {
		if code == "" || more[code] <= 0 {
			continue
		}
		quota, err := r.quota(ctx, code)
		if err != nil {
			return nil, err
		}
		if room := int(aws.ToFloat64(quota.Value)) - used[code]; more[code] > room {
			problems = append(problems, fmt.Sprintf("The quota %q of %s is %.0f vCPUs, and %d are in use: %d more do not fit. Have Service Quotas raise %s.",
				aws.ToString(quota.QuotaName), r.name, aws.ToFloat64(quota.Value), used[code], more[code], code))
		}
	}
	return problems, nil
}

// quota is what the account was granted, or else what every account has.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
func (r *Region) quota(ctx context.Context, code string) (*limits.ServiceQuota, error) {
	var found *limits.ServiceQuota
	granted, err := r.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("ec2"), QuotaCode: aws.String(code)})
	if err == nil {
		found = granted.Quota
	}
	if none := (*limits.NoSuchResourceException)(nil); errors.As(err, &none) {
		var usual *servicequotas.GetAWSDefaultServiceQuotaOutput
		usual, err = r.quotas.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("ec2"), QuotaCode: aws.String(code)})
		if err == nil {
			found = usual.Quota
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ask for quota %s of %s: %w", code, r.name, err)
	}
	if found == nil || found.Value == nil {
		return nil, fmt.Errorf("ask for quota %s of %s: Service Quotas has no value", code, r.name)
	}
	return found, nil
}
