package associateaddress

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo leads the address back to where the note on it says.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.AssociateAddress) (step.Progress, error) {
	address := chosen(r, spec)
	if address == "" {
		return step.Nothing("a drill moved no address"), nil
	}
	a, err := k.look(ctx, address)
	if err != nil {
		return step.Progress{}, err
	}
	was, ours := r.Remembered(tagsOf(a))
	if !ours {
		return step.Nothing("the address is where it was"), nil
	}
	switch now := holder(a); {
	case was == now:
	case was == nowhere:
		_, err := k.ec2.DisassociateAddress(ctx, &ec2.DisassociateAddressInput{AssociationId: a.AssociationId})
		return step.Pending("the address is being freed"), err
	default:
		return k.giveBack(ctx, a, was)
	}
	_, err = k.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{address}, Tags: []types.Tag{{Key: aws.String(lineage.Before)}}})
	return step.Nothing("the address is where it was"), err
}

func (k *Kind) giveBack(ctx context.Context, a types.Address, was string) (step.Progress, error) {
	if eni, private, bare := strings.Cut(was, " "); bare {
		_, err := k.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{
			AllocationId: a.AllocationId, NetworkInterfaceId: aws.String(eni), PrivateIpAddress: aws.String(private), AllowReassociation: aws.Bool(true),
		})
		return step.Pending("the address is being led back"), err
	}
	there, err := k.there(ctx, was)
	if err != nil {
		return step.Progress{}, err
	}
	if !there {
		return step.Progress{Done: true, Left: fmt.Sprintf("Elastic IP %s led to instance %s, which is not there any more: lead it to where it belongs.", aws.ToString(a.AllocationId), was)}, nil
	}
	return step.Pending("the address is being led back"), k.associate(ctx, a, was)
}

// there says whether an instance can have an address.
func (k *Kind) there(ctx context.Context, instance string) (bool, error) {
	out, err := k.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("instance-id"), Values: []string{instance}},
		{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "stopping", "stopped"}},
	}})
	if err != nil {
		return false, fmt.Errorf("look for instance %s: %w", instance, err)
	}
	return len(out.Reservations) > 0, nil
}

// Check looks for the addresses, and has EC2 try the move dry, with the step's own
// role, onto an instance where one runs already.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.AssociateAddress) ([]string, error) {
	var problems []string
	for _, address := range []string{spec.Address, spec.Drill} {
		if address == "" {
			continue
		}
		var found []string
		a, err := k.look(ctx, address)
		if err == nil {
			found, err = k.dryRun(ctx, a)
		} else {
			found, err = step.Problem(err)
		}
		if err != nil {
			return problems, err
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// dryRun moves the address onto the instance that it leads to, dry; one that leads
// nowhere is not tried.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
func (k *Kind) dryRun(ctx context.Context, a types.Address) ([]string, error) {
	if aws.ToString(a.InstanceId) == "" {
		return nil, nil
	}
	_, err := k.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: a.AllocationId, InstanceId: a.InstanceId, AllowReassociation: aws.Bool(true), DryRun: aws.Bool(true),
	})
	if err == nil {
		return nil, nil // it was there before, and still is
	}
	return step.Tried("to move "+aws.ToString(a.PublicIp), err)
}
