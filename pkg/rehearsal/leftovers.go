package rehearsal

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// leftovers are what the run made and the application does not use, and what
// still runs of it.
func (r *rehearsal) leftovers(ctx context.Context) error {
	left := []string{}
	for _, volume := range r.restored {
		if volume.State != types.VolumeStateInUse {
			left = append(left, fmt.Sprintf("volume %s of step %s is attached to nothing", aws.ToString(volume.VolumeId), tag(volume.Tags, lineage.Step)))
		}
	}
	for s := range r.Plan.Steps() {
		spec, ok := s.Spec.(*plan.LaunchInstances)
		if !ok {
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
	out, err := sfn.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)).ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(r.deployed.Machine)})
	if err != nil {
		return err
	}
	for _, execution := range out.Executions {
		if execution.Status == sfntypes.ExecutionStatusRunning {
			left = append(left, fmt.Sprintf("execution %s still runs", aws.ToString(execution.Name)))
		}
	}
	if extra := len(out.Executions) - 1; extra > 0 {
		left = append(left, fmt.Sprintf("%d executions more than the one run", extra))
	}
	r.report.Leftovers = left
	return nil
}
