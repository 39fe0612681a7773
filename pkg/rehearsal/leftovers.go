package rehearsal

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/pilotlight/pilotlight/pkg/drill/remains"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// leftovers are what the run made and the application does not use, and what
// still runs of it.
func (r *rehearsal) leftovers(ctx context.Context) error {
	left := []string{}
	if r.scenario.mode == run.Drill {
		all, err := remains.New(r.cloud.As(role, r.Plan.Recovery)).List(ctx, r.Plan.Recovery, r.Plan.Name)
		if err != nil {
			return err
		}
		for _, l := range all {
			left = append(left, l.String())
		}
	}
	for _, volume := range r.restored {
		if volume.State != types.VolumeStateInUse {
			left = append(left, fmt.Sprintf("volume %s of step %s is attached to nothing", aws.ToString(volume.VolumeId), tag(volume.Tags, lineage.Step)))
		}
	}
	for s := range r.on.Steps() {
		spec, ok := s.Spec.(*plan.LaunchInstances)
		if !ok || r.takenBack() {
			continue
		}
		instances, err := r.instances(ctx, s.ID)
		if err != nil {
			return err
		}
		if extra := len(instances) - spec.Count; extra > 0 {
			left = append(left, fmt.Sprintf("step %s launched %d instances too many", s.ID, extra))
		}
	}
	executions, err := r.executions(ctx)
	if err != nil {
		return err
	}
	for _, execution := range executions {
		if execution.Status == sfntypes.ExecutionStatusRunning {
			left = append(left, fmt.Sprintf("execution %s still runs", aws.ToString(execution.Name)))
		}
	}
	if extra := len(executions) - int(r.record.State.Epoch); extra > 0 {
		left = append(left, fmt.Sprintf("%d executions more than runs", extra))
	}
	r.report.Leftovers = left
	return nil
}

// executions are those of all the plan's machines.
func (r *rehearsal) executions(ctx context.Context) ([]sfntypes.ExecutionListItem, error) {
	client := sfn.NewFromConfig(r.cloud.As(role, r.Plan.Recovery))
	var all []sfntypes.ExecutionListItem
	for _, machine := range r.deployed.Machines {
		out, err := client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(machine)})
		if err != nil {
			return nil, err
		}
		all = append(all, out.Executions...)
	}
	return all, nil
}
