package promotedatabase

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func words(tags []types.Tag) string {
	var all []string
	for _, tag := range tags {
		all = append(all, *tag.Key+"="+*tag.Value)
	}
	return strings.Join(all, ",")
}

// orders is the team's database in the primary region.
func (w *world) orders() string {
	w.t.Helper()
	out := must[*rds.CreateDBInstanceOutput](w.t)(w.team(home).CreateDBInstance(w.t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.35"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"), BackupRetentionPeriod: aws.Int32(1),
		MultiAZ: aws.Bool(true), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("orders")}},
	}))
	return *out.DBInstance.DBInstanceArn
}

// following is a world with a replica of orders in the recovery region.
func following(t *testing.T) *world {
	w := newWorld(t)
	must[*rds.CreateDBInstanceReadReplicaOutput](t)(w.team(away).CreateDBInstanceReadReplica(t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("orders-replica"), SourceDBInstanceIdentifier: aws.String(w.orders()), DBInstanceClass: aws.String("db.t4g.small"),
	}))
	w.Spec = plan.PromoteDatabase{Replica: "orders-replica", Class: "db.r6g.large", MultiAZ: true}
	return w
}

// drilled is the same in a drill, with a subnet group of its own.
func drilled(t *testing.T) *world {
	w := following(t)
	w.Run.Mode = run.Drill
	w.Run.Drill = &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL, SubnetGroup: w.subnets("drill"), SecurityGroups: []string{"sg-drill"}}
	return w
}

func (w *world) subnets(name string) string {
	t, c := w.t, ec2.NewFromConfig(w.Team(w.Run.Recovery))
	t.Helper()
	vpc := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})).Vpc.VpcId
	var ids []string
	for i, zone := range []string{"a", "b"} {
		out := must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
			VpcId: vpc, AvailabilityZone: aws.String(w.Run.Recovery + zone), CidrBlock: aws.String(fmt.Sprintf("10.9.%d.0/24", i)),
		}))
		ids = append(ids, *out.Subnet.SubnetId)
	}
	must[*rds.CreateDBSubnetGroupOutput](t)(w.team(w.Run.Recovery).CreateDBSubnetGroup(t.Context(), &rds.CreateDBSubnetGroupInput{
		DBSubnetGroupName: aws.String(name), DBSubnetGroupDescription: aws.String(name), SubnetIds: ids,
	}))
	return name
}

// pinned is a world with a policy's snapshot of orders, copied and pinned.
func pinned(t *testing.T) *world {
	w := newWorld(t)
	w.orders()
	taken := must[*rds.CreateDBSnapshotOutput](t)(w.team(home).CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String("orders"), DBSnapshotIdentifier: aws.String("first"),
	}))
	copied := must[*rds.CopyDBSnapshotOutput](t)(w.team(away).CopyDBSnapshot(t.Context(), &rds.CopyDBSnapshotInput{
		SourceDBSnapshotIdentifier: taken.DBSnapshot.DBSnapshotArn, SourceRegion: aws.String(home), TargetDBSnapshotIdentifier: aws.String("first-copy"),
		Tags: tagList(map[string]string{lineage.Plan: "storefront", lineage.Policy: "orders"}),
	}))
	w.Run.Pins = run.Pins{"orders": {{ID: *copied.DBSnapshot.DBSnapshotArn, Policy: "orders", TakenAt: w.Now(), State: lineage.Complete}}}
	w.Spec = plan.PromoteDatabase{
		Policy: "orders", As: "orders-2", Class: "db.r6g.large", MultiAZ: true, SecurityGroups: []string{"sg-orders"}, SubnetGroup: w.subnets("orders"),
		Points: "orders", Database: &plan.Database{Instance: "orders", By: plan.Snapshots},
	}
	return w
}

// replicated is a world in which the backups of orders are replicated.
func replicated(t *testing.T) *world {
	w := newWorld(t)
	must[*rds.StartDBInstanceAutomatedBackupsReplicationOutput](t)(w.team(away).StartDBInstanceAutomatedBackupsReplication(t.Context(),
		&rds.StartDBInstanceAutomatedBackupsReplicationInput{SourceDBInstanceArn: aws.String(w.orders())}))
	w.Pass(time.Hour)
	w.Run.Began = w.Now()
	w.Spec = plan.PromoteDatabase{Policy: "orders", As: "orders-2", Points: "orders", Database: &plan.Database{Instance: "orders", By: plan.Backups}}
	return w
}

// clustered is a world with a copied and pinned snapshot of an Aurora cluster.
func clustered(t *testing.T) *world {
	w := newWorld(t)
	must[*rds.CreateDBClusterOutput](t)(w.team(home).CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("stock"), Engine: aws.String("aurora-mysql"), EngineVersion: aws.String("8.0.mysql_aurora.3.04.0"),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
	}))
	taken := must[*rds.CreateDBClusterSnapshotOutput](t)(w.team(home).CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{
		DBClusterIdentifier: aws.String("stock"), DBClusterSnapshotIdentifier: aws.String("stock-first"),
	}))
	copied := must[*rds.CopyDBClusterSnapshotOutput](t)(w.team(away).CopyDBClusterSnapshot(t.Context(), &rds.CopyDBClusterSnapshotInput{
		SourceDBClusterSnapshotIdentifier: taken.DBClusterSnapshot.DBClusterSnapshotArn, SourceRegion: aws.String(home), TargetDBClusterSnapshotIdentifier: aws.String("stock-copy"),
		Tags: tagList(map[string]string{lineage.Plan: "storefront", lineage.Policy: "stock"}),
	}))
	w.Run.Pins = run.Pins{"stock": {{ID: *copied.DBClusterSnapshot.DBClusterSnapshotArn, Policy: "stock", TakenAt: w.Now(), State: lineage.Complete}}}
	w.Spec = plan.PromoteDatabase{
		Policy: "stock", As: "stock-2", Class: "db.r6g.large", MultiAZ: true,
		Points: "stock", Database: &plan.Database{Cluster: "stock", By: plan.Snapshots},
	}
	return w
}

// trial is a world as a scenario wants it.
func trial(build func(*testing.T) *world) func(*testing.T) *simulated.Trial[plan.PromoteDatabase] {
	return func(t *testing.T) *simulated.Trial[plan.PromoteDatabase] {
		t.Helper()
		return build(t).Trial
	}
}

const tagged = "pilotlight:plan=storefront,pilotlight:run=storefront-1,pilotlight:step=orders"

var scenarios = map[string]simulated.Scenario[plan.PromoteDatabase]{
	"a replica": {
		Build:   trial(following),
		Changes: []string{away + ".AddTagsToResource", away + ".PromoteReadReplica", away + ".ModifyDBInstance"},
		Left:    2,
	},
	"a replica that somebody has promoted": {
		Build: trial(func(t *testing.T) *world {
			w := following(t)
			must[*rds.PromoteReadReplicaOutput](t)(w.team(away).PromoteReadReplica(t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: aws.String("orders-replica")}))
			return w
		}),
		Changes: []string{away + ".AddTagsToResource", away + ".ModifyDBInstance"},
	},
	"a snapshot": {
		Build:   trial(pinned),
		Changes: []string{away + ".RestoreDBInstanceFromDBSnapshot"},
		Keeps:   []string{"snapshot orders-2-final-storefront-1 " + tagged},
	},
	"backups": {
		Build:   trial(replicated),
		Changes: []string{away + ".RestoreDBInstanceToPointInTime"},
		Keeps:   []string{"snapshot orders-2-final-storefront-1 " + tagged},
	},
	"a cluster": {
		Build:   trial(clustered),
		Changes: []string{away + ".RestoreDBClusterFromSnapshot", away + ".CreateDBInstance", away + ".CreateDBInstance"},
		Keeps:   []string{"cluster snapshot stock-2-final-storefront-1 " + tagged},
	},
	"a drill with a replica": {
		Build:   trial(drilled),
		Changes: []string{away + ".CreateDBSnapshot", away + ".RestoreDBInstanceFromDBSnapshot"},
	},
	"a drill with a policy": {
		Build: trial(func(t *testing.T) *world {
			w := pinned(t)
			w.Run.Mode = run.Drill
			w.Run.Drill = &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL, SubnetGroup: "orders", SecurityGroups: []string{"sg-drill"}}
			return w
		}),
		Changes: []string{away + ".RestoreDBInstanceFromDBSnapshot"},
	},
}

func TestStep_actsOnceAndIsTakenBackAfterAnyChange(t *testing.T) {
	simulated.Hold(t, scenarios, databases)
}

// sorted puts words that commas part in order.
func sorted(list string) string {
	all := strings.Split(list, ",")
	slices.Sort(all)
	return strings.Join(all, ",")
}
