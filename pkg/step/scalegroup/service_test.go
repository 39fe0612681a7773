package scalegroup

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// The simulator runs an ECS service's tasks at once.
func TestService_isScaledOnceAndTakenBack(t *testing.T) {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.ScaleGroup] { return New(cfg) }, "scale")
	client := ecs.NewFromConfig(w.Team(simulated.Away))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("web"), ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("web"), Memory: aws.Int32(64)}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateService(t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("shop"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1),
	}); err != nil {
		t.Fatal(err)
	}
	w.Spec = plan.ScaleGroup{Cluster: "shop", Service: "web", Desired: 3}
	w.Looks = 3
	w.Settle(w.Advance)
	if got := desired(w, client); got != 3 || len(w.Caller.Changes) != 2 {
		t.Errorf("%d tasks wanted after %v; want 3 after two changes", got, w.Caller.Changes)
	}
	w.Settle(w.Undo)
	if got := desired(w, client); got != 1 {
		t.Errorf("%d tasks wanted after the way back; want 1", got)
	}
}

func desired(w *trial, client *ecs.Client) int32 {
	w.T.Helper()
	out, err := client.DescribeServices(w.T.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
	if err != nil || len(out.Services) != 1 {
		w.T.Fatalf("%d services, %v", len(out.Services), err)
	}
	return out.Services[0].DesiredCount
}
