package retire

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check says what is protected. What is not there is no problem: the run before may
// have removed it. A database that still has replicas is none either, because the
// run promotes them first.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.Retire) ([]string, error) {
	at := k.side(r)
	var problems []string
	for _, name := range spec.Databases {
		db, err := at.find(ctx, name)
		if err != nil {
			return nil, err
		}
		if db == nil {
			continue
		}
		db.ReadReplicaDBInstanceIdentifiers = nil
		if why := kept(db); why != "" {
			problems = append(problems, why)
		}
	}
	if !spec.Made {
		return problems, nil
	}
	instances, err := at.instances(ctx, r)
	if err != nil || len(instances.alive) == 0 {
		return problems, err
	}
	// AWS answers a dry run with an error, whatever it finds.
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
	_, err = at.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: instances.alive, DryRun: aws.Bool(true)})
	if failure.Code(err) != "DryRunOperation" {
		problems = append(problems, "what earlier runs made could not be terminated: "+err.Error())
	}
	return problems, nil
}
