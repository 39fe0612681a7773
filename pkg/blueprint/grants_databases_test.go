package blueprint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

const withDatabaseSteps = `
plan: shop
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
objectives: {rto: 4h, rpo: 1h}
protect:
  - {name: stock, database: {instance: stock, by: snapshots}, every: 30m, rpo: 2h}
  - {name: cart, database: {cluster: cart}, every: 30m, rpo: 2h}
detect: {mode: manual}
recover:
  - promote-database: {id: orders, replica: Orders-Replica, class: db.r6g.large}
  - promote-database: {id: stock, policy: stock, as: stock-2}
  - promote-database: {id: cart, policy: cart, as: cart-2, class: db.r6g.large}
  - promote-database: {id: ledger, global: ledger, cluster: ledger-west}
  - fence: {databases: [orders], security-group: sg-0123456789abcdef0}
failback:
  - fence: {id: close, databases: [orders-replica], security-group: sg-0123456789abcdef0}
  - create-replica: {source: orders-replica, replica: orders-3, key: alias/orders}
  - retire: {made: true, databases: [orders-replica]}
drill: {subnets: [subnet-0123456789abcdef0], security-groups: [sg-0123456789abcdef0], subnet-group: shop-drill}
`

func databaseSteps(t *testing.T) map[string][]blueprint.Grant {
	t.Helper()
	p, findings := plan.Load("shop", []byte(withDatabaseSteps))
	if p == nil {
		t.Fatal(findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	grants := map[string][]blueprint.Grant{}
	for _, f := range b.Functions {
		grants[f.Name] = f.Grants
	}
	return grants
}

const (
	east = "arn:${Partition}:rds:us-east-1:${Account}:"
	west = "arn:${Partition}:rds:us-west-2:${Account}:"
)

func TestGrants_ofDatabaseStepsNameWhatThePlanNames(t *testing.T) {
	all := databaseSteps(t)
	for _, c := range []struct{ function, action, resource, region string }{
		{"promote-database", "rds:PromoteReadReplica", west + "db:orders-replica", "us-west-2"},
		{"promote-database", "rds:AddTagsToResource", west + "db:orders-replica", "us-west-2"},
		{"promote-database", "rds:RestoreDBInstanceFromDBSnapshot", west + "db:orders-replica-drill", "us-west-2"},
		{"promote-database", "rds:RestoreDBInstanceFromDBSnapshot", west + "db:stock-2", "us-west-2"},
		{"promote-database", "rds:DeleteDBInstance", west + "db:stock-2-drill", "us-west-2"},
		{"promote-database", "rds:RestoreDBClusterFromSnapshot", west + "cluster:cart-2", "us-west-2"},
		{"promote-database", "rds:CreateDBInstance", west + "db:cart-2-drill-1", "us-west-2"},
		{"promote-database", "rds:FailoverGlobalCluster", "arn:${Partition}:rds::${Account}:global-cluster:ledger", "us-west-2"},
		{"promote-database", "rds:SwitchoverGlobalCluster", west + "cluster:ledger-west", "us-west-2"},
		{"promote-database", "rds:CreateDBSnapshot", west + "db:stock-2", "us-west-2"},
		{"promote-database", "rds:CreateDBSnapshot", west + "snapshot:stock-2-final-*", "us-west-2"},
		{"promote-database", "rds:AddTagsToResource", west + "snapshot:stock-2-final-*", "us-west-2"},
		{"promote-database", "rds:CreateDBClusterSnapshot", west + "cluster:cart-2", "us-west-2"},
		{"promote-database", "rds:CreateDBClusterSnapshot", west + "cluster-snapshot:cart-2-final-*", "us-west-2"},
		{"promote-database", "rds:AddTagsToResource", west + "cluster-snapshot:cart-2-final-*", "us-west-2"},
		{"create-replica", "rds:CreateDBInstanceReadReplica", east + "db:orders-3", "us-east-1"},
		{"create-replica", "rds:CreateDBInstanceReadReplica", west + "db:orders-replica", "us-west-2"},
		{"retire", "rds:DeleteDBInstance", west + "db:orders-replica", "us-west-2"},
		{"retire", "rds:CreateDBSnapshot", west + "snapshot:*-final-shop-*", "us-west-2"},
	} {
		if !granted(all[c.function], c.action, c.resource, c.region) {
			t.Errorf("%s may not %s on %s in %s", c.function, c.action, c.resource, c.region)
		}
	}
}

func TestGrants_ofDatabaseStepsDeleteNothingOfAnybodyElse(t *testing.T) {
	for function, grants := range databaseSteps(t) {
		if !slices.Contains([]string{"promote-database", "create-replica", "retire"}, function) {
			continue
		}
		for _, g := range grants {
			deletes := slices.ContainsFunc(g.Actions, func(action string) bool {
				return strings.HasPrefix(action, "rds:Delete") || strings.HasPrefix(action, "ec2:Delete") || strings.HasPrefix(action, "ec2:Terminate")
			})
			tagged := g.Condition["StringEquals"]["aws:ResourceTag/pilotlight:plan"] == "shop"
			for _, resource := range g.Resources {
				if exact := !strings.Contains(resource, "*") || strings.Contains(resource, "-final-"); deletes && !tagged && !exact {
					t.Errorf("%s may %v on %s, whosever it is", function, g.Actions, resource)
				}
			}
		}
	}
}
