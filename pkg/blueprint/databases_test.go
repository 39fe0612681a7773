package blueprint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

const withDatabases = `
plan: shop
strategy: backup-restore
primary: us-east-1
recovery: us-west-2
%s
objectives: {rto: 4h, rpo: 1h}
protect:
%s
  - {name: stock, database: {instance: stock, by: snapshots, option-group: audit}, every: 30m, rpo: 2h}
  - {name: cart, database: {cluster: cart, by: snapshots}, every: 30m, rpo: 2h}
detect: {mode: manual}
recover:
  - set-parameter: {name: /shop/side, value: recovery}
`

// betweenAccounts is for databaseFunction: RDS replicates no backups between them.
const betweenAccounts = `accounts: {primary: "111111111111", recovery: "222222222222"}`

func databaseFunction(t *testing.T, more string) (*blueprint.Blueprint, blueprint.Function) {
	t.Helper()
	orders := "  - {name: orders, database: {instance: orders}}"
	if more == betweenAccounts {
		orders = ""
	}
	p, findings := plan.Load("shop", []byte(fmt.Sprintf(withDatabases, more, orders)))
	if p == nil {
		t.Fatal(findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == "protect-databases" })
	if i < 0 {
		t.Fatal("protect-databases is not deployed")
	}
	return b, b.Functions[i]
}

// granted says whether an action is allowed on a resource by a request in a region.
func granted(grants []blueprint.Grant, action, resource, region string) bool {
	return slices.ContainsFunc(grants, func(g blueprint.Grant) bool {
		return slices.Contains(g.Actions, action) && slices.Contains(g.Resources, resource) && slices.Contains(g.Regions, region)
	})
}

func TestDatabases_areProtectedInEveryDirection(t *testing.T) {
	_, f := databaseFunction(t, "next: eu-west-1")
	for _, region := range []string{"us-east-1", "us-west-2", "eu-west-1"} {
		at := func(resource string) string { return "arn:${Partition}:rds:" + region + ":${Account}:" + resource }
		for action, resource := range map[string]string{
			"rds:DescribeDBInstances":                        "db:*",
			"rds:DescribeDBClusters":                         "cluster:*",
			"rds:CreateDBSnapshot":                           "snapshot:pilotlight-shop-*",
			"rds:CopyDBSnapshot":                             "og:audit",
			"rds:DeleteDBClusterSnapshot":                    "cluster-snapshot:pilotlight-shop-*",
			"rds:StartDBInstanceAutomatedBackupsReplication": "db:orders",
		} {
			if !granted(f.Grants, action, at(resource), region) {
				t.Errorf("%s on %s is not granted in %s", action, resource, region)
			}
		}
		if granted(f.Grants, "rds:StartDBInstanceAutomatedBackupsReplication", at("db:stock"), region) {
			t.Error("the backups of a database that is protected by snapshots may be replicated")
		}
	}
	if !granted(f.Grants, "rds:CopyDBSnapshot", "arn:${Partition}:rds:us-east-1:${Account}:snapshot:pilotlight-shop-*", "us-west-2") {
		t.Error("no copy from the primary region is granted to requests in the recovery region")
	}
}

func TestDatabases_areGrantedNoWildcardThatChangesAnything(t *testing.T) {
	_, f := databaseFunction(t, "")
	for _, g := range f.Grants {
		for _, action := range g.Actions {
			if !strings.HasPrefix(action, "rds:") || strings.HasPrefix(action, "rds:Describe") {
				continue
			}
			for _, resource := range g.Resources {
				wide := strings.HasSuffix(resource, ":*") && !strings.Contains(resource, ":auto-backup:")
				if resource == "*" || wide {
					t.Errorf("%s on %s", action, resource)
				}
			}
		}
	}
}

func TestDatabases_ofAnotherAccountAreSharedThereAndCopiedHere(t *testing.T) {
	b, f := databaseFunction(t, betweenAccounts)
	own := "arn:${Partition}:rds:us-east-1:${Account}:snapshot:pilotlight-shop-*"
	if !granted(b.Source.Grants, "rds:ModifyDBSnapshotAttribute", own, "us-east-1") {
		t.Error("the primary account's role may not share snapshots")
	}
	if !granted(f.Grants, "rds:CopyDBSnapshot", strings.ReplaceAll(own, "${Account}", "111111111111"), "us-west-2") {
		t.Error("the function may not copy what is shared")
	}
	if granted(f.Grants, "rds:DeleteDBSnapshot", own, "us-east-1") {
		t.Error("the function may delete in the primary account in its own name")
	}
}
