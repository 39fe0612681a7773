package associateaddress

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.AssociateAddress]

// free has an address that leads nowhere, and a server.
func free(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.AssociateAddress] { return New(cfg) }, "address")
	w.Servers(simulated.Away).Instance("front", "us-west-2a")
	out, err := ec2.NewFromConfig(w.Team(simulated.Away)).AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	if err != nil {
		t.Fatal(err)
	}
	w.Spec = plan.AssociateAddress{Address: aws.ToString(out.AllocationId), Instance: "front"}
	return w
}

// taken has it lead to another server, as a small standby's does.
func taken(t *testing.T) *trial {
	w := free(t)
	old := w.Servers(simulated.Away).Instance("old", "us-west-2b")
	_, err := ec2.NewFromConfig(w.Team(simulated.Away)).AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: aws.String(w.Spec.Address), InstanceId: aws.String(old)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// bare has it lead to a network interface that is no instance's.
func bare(t *testing.T) *trial {
	w := free(t)
	client := ec2.NewFromConfig(w.Team(simulated.Away))
	made, err := client.CreateNetworkInterface(t.Context(), &ec2.CreateNetworkInterfaceInput{SubnetId: aws.String(w.Servers(simulated.Away).Subnet("us-west-2b"))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{
		AllocationId: aws.String(w.Spec.Address), NetworkInterfaceId: made.NetworkInterface.NetworkInterfaceId, PrivateIpAddress: made.NetworkInterface.PrivateIpAddress,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	moved := []string{"us-west-2.CreateTags", "us-west-2.AssociateAddress"}
	simulated.Hold(t, map[string]simulated.Scenario[plan.AssociateAddress]{
		"an address that leads nowhere":   {Build: free, Changes: moved},
		"an address that leads elsewhere": {Build: taken, Changes: moved},
		"an address of an interface":      {Build: bare, Changes: moved},
	}, (*trial).See)
}

func TestAdvance_takesAnEarlierStepsInstance(t *testing.T) {
	w := free(t)
	id := w.Servers(simulated.Away).Instance("other", "us-west-2b")
	w.Spec.Instance = "${web.instances}"
	w.Run.Outputs = map[string]map[string]string{"web": {"instances": id + ",i-2"}}
	got := w.Settle(w.Advance)
	if !strings.HasSuffix(got.Detail, "leads to "+id) || got.Outputs["address"] == "" {
		t.Errorf("%q, outputs %v; want it on %s", got.Detail, got.Outputs, id)
	}
}

func TestAdvance_leavesADrillsAddressAloneThatIsNotNamed(t *testing.T) {
	w := free(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	if got := w.Settle(w.Advance); !strings.HasPrefix(got.Detail, "left out in a drill") || len(w.Caller.Changes) > 0 {
		t.Errorf("%q after %v", got.Detail, w.Caller.Changes)
	}
}

func TestAdvance_needsTheAddressThatThePlanNames(t *testing.T) {
	w := free(t)
	w.Spec.Address = "eipalloc-0123456789abcdef0"
	if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || len(w.Caller.Changes) > 0 {
		t.Errorf("%v after %v", err, w.Caller.Changes)
	}
	if said := strings.Join(w.Check(), " "); !strings.Contains(said, "no Elastic IP") {
		t.Errorf("the check says %q", said)
	}
}

func TestUndo_saysWhereTheAddressLedWhenThatIsGone(t *testing.T) {
	w := taken(t)
	w.Settle(w.Advance)
	client := ec2.NewFromConfig(w.Team(simulated.Away))
	out, err := client.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("tag:Name"), Values: []string{"old"}}}})
	if err != nil {
		t.Fatal(err)
	}
	old := aws.ToString(out.Reservations[0].Instances[0].InstanceId)
	if _, err := client.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{old}}); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	if got := w.Settle(w.Undo); !strings.Contains(got.Left, old) {
		t.Errorf("left %q, %q", got.Left, got.Detail)
	}
}

func TestStep_isTakenBackAfterASecondOneOnTheSameAddress(t *testing.T) {
	w := taken(t)
	w.Servers(simulated.Away).Instance("spare", "us-west-2a")
	simulated.Twice(w, plan.AssociateAddress{Address: w.Spec.Address, Instance: "spare"}, (*trial).See)
}
