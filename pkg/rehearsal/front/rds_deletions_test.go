package front

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

func TestDeletion_isSeenUntilItIsOverAndHoldsTheName(t *testing.T) {
	f := start(t)
	newReplica(t, f)
	c := databases(f, west)
	remove := func() error {
		_, err := c.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String("replica"), SkipFinalSnapshot: aws.Bool(true)})
		return err
	}
	seen := func() int {
		t.Helper()
		return len(must[*rds.DescribeDBInstancesOutput](t)(c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})).DBInstances)
	}
	create := func() error {
		_, err := c.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String("replica"), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.t4g.small"),
			MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"), AllocatedStorage: aws.Int32(20)})
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if db := database(t, f, west, "replica"); *db.DBInstanceStatus != "deleting" || seen() != 1 {
		t.Errorf("a deleted database is %s, one of %d", *db.DBInstanceStatus, seen())
	}
	if err := remove(); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("deleted again: %v", err)
	}
	if err := create(); refusal(err) != "DBInstanceAlreadyExists" {
		t.Errorf("another of its name: %v", err)
	}
	pass(t, 5*time.Minute)
	_, err := c.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("replica")})
	if refusal(err) != "DBInstanceNotFound" || seen() != 0 {
		t.Errorf("five minutes later: %v, %d databases", err, seen())
	}
	if err := create(); err != nil {
		t.Errorf("another of its name, now: %v", err)
	}
	if err := remove(); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("deleted while it is created: %v", err)
	}
}
