// Package associateaddress is the step kind associate-address: it moves a
// pre-allocated Elastic IP to a running instance. The address is one that the plan
// names, and moving it needs no control plane elsewhere.
//
// It guarantees that where the address was is written on it before it is moved, so
// that Undo puts it back. It waits for no DNS and opens no port. A drill moves the
// drill's own address, or none.
package associateaddress

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	DescribeAddresses(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error)
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
	AssociateAddress(context.Context, *ec2.AssociateAddressInput, ...func(*ec2.Options)) (*ec2.AssociateAddressOutput, error)
	DisassociateAddress(context.Context, *ec2.DisassociateAddressInput, ...func(*ec2.Options)) (*ec2.DisassociateAddressOutput, error)
}

// Kind acts in one region.
type Kind struct{ ec2 api }

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{ec2.NewFromConfig(cfg)} }

// nowhere is the note of an address that was associated with nothing.
const nowhere = "nowhere"

// Advance associates the address with the instance, whatever it is associated with.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.AssociateAddress) (step.Progress, error) {
	address := chosen(r, spec)
	if address == "" {
		return step.Nothing("left out in a drill: the step names no address for one"), nil
	}
	instance, err := k.instance(ctx, r, spec.Instance)
	if err != nil || instance == "" {
		return step.Pending(fmt.Sprintf("no instance %s runs yet", spec.Instance)), err
	}
	a, err := k.look(ctx, address)
	if err != nil {
		return step.Progress{}, err
	}
	if aws.ToString(a.InstanceId) == instance {
		return step.Progress{
			Done: true, Detail: fmt.Sprintf("%s leads to %s", aws.ToString(a.PublicIp), instance),
			Outputs: map[string]string{"address": aws.ToString(a.PublicIp)},
		}, nil
	}
	if err := k.remember(ctx, r, a); err != nil {
		return step.Progress{}, err
	}
	return step.Pending(fmt.Sprintf("%s is being led to %s", aws.ToString(a.PublicIp), instance)), k.associate(ctx, a, instance)
}

// chosen is the address that the run moves; empty: a drill moves none.
func chosen(r step.Run, spec plan.AssociateAddress) string {
	if r.Drill != nil {
		return spec.Drill
	}
	return spec.Address
}

// instance is an earlier step's first, or the running one of a name with the lowest
// id; empty: none runs. A drill's is one that the drill launched.
func (k *Kind) instance(ctx context.Context, r step.Run, wanted string) (string, error) {
	if strings.Contains(wanted, "${") {
		ids, err := r.Expand(wanted)
		first, _, _ := strings.Cut(ids, ",")
		return first, err
	}
	filters := []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{string(types.InstanceStateNameRunning)}}}
	for key, value := range r.Called(wanted) {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	out, err := k.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
	if err != nil {
		return "", fmt.Errorf("look for instance %s: %w", wanted, err)
	}
	var ids []string
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			ids = append(ids, aws.ToString(i.InstanceId))
		}
	}
	slices.SortFunc(ids, cmp.Compare[string])
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

func (k *Kind) look(ctx context.Context, address string) (types.Address, error) {
	out, err := k.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: []types.Filter{{Name: aws.String("allocation-id"), Values: []string{address}}}})
	if err != nil {
		return types.Address{}, fmt.Errorf("look at address %s: %w", address, err)
	}
	if len(out.Addresses) == 0 {
		return types.Address{}, step.Permanent("there is no Elastic IP %s in the region: allocate one before the disaster, and write its allocation id into the plan", address)
	}
	return out.Addresses[0], nil
}

// associate takes the address from whatever has it: that is what it was
// pre-allocated for.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
func (k *Kind) associate(ctx context.Context, a types.Address, instance string) error {
	_, err := k.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: a.AllocationId, InstanceId: aws.String(instance), AllowReassociation: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("lead %s to %s: %w", aws.ToString(a.PublicIp), instance, err)
	}
	return nil
}

// holder is what has the address: an instance, or an interface of none, with the
// private address on it.
func holder(a types.Address) string {
	if aws.ToString(a.InstanceId) == "" && aws.ToString(a.NetworkInterfaceId) != "" {
		return aws.ToString(a.NetworkInterfaceId) + " " + aws.ToString(a.PrivateIpAddress)
	}
	return cmp.Or(aws.ToString(a.InstanceId), nowhere)
}

func (k *Kind) remember(ctx context.Context, r step.Run, a types.Address) error {
	if _, ok := r.Remembered(tagsOf(a)); ok {
		return nil
	}
	was := holder(a)
	_, err := k.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{aws.ToString(a.AllocationId)}, Tags: []types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(r.Remember(was))}},
	})
	if err != nil {
		return fmt.Errorf("note where %s led: %w", aws.ToString(a.PublicIp), err)
	}
	return nil
}

func tagsOf(a types.Address) map[string]string {
	tags := map[string]string{}
	for _, tag := range a.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}
