package createreplica

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo deletes the replica that the step made. One that was promoted since holds
// data that are nowhere else, and stays.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.CreateReplica) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("a drill leaves the replica out"), nil
	}
	at := k.seats(r, spec)
	db, err := find(ctx, at.replica, spec.Replica)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case db == nil:
		return step.Nothing("there is no replica " + spec.Replica), nil
	case !r.Mine(tagMap(db.TagList)):
		return step.Nothing("the run has not made " + spec.Replica), nil
	case aws.ToString(db.DBInstanceStatus) == "deleting":
		return pending("replica %s is deleted", spec.Replica), nil
	case aws.ToString(db.DBInstanceStatus) != "creating" && !at.follows(db, spec.Source):
		return step.Progress{Done: true, Left: fmt.Sprintf("Database %s in %s was made as a replica of %s and is none any more: delete it once nobody needs what was written there.", spec.Replica, at.to, spec.Source)}, nil
	}
	// A replica can have no final snapshot: its data are its source's.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
	_, err = at.replica.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: db.DBInstanceIdentifier, SkipFinalSnapshot: aws.Bool(true)})
	var state *types.InvalidDBInstanceStateFault
	if err != nil && !errors.As(err, &state) {
		return step.Progress{}, fmt.Errorf("delete replica %s: %w", spec.Replica, err)
	}
	return pending("replica %s is deleted", spec.Replica), nil
}

func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}
