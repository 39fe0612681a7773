package blueprint

import (
	"cmp"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Which resources an RDS action is asked for, and which it does not know, is in
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html

// promoteGrants are what the steps of one region may do: to replicas and global
// databases that the plan names, and to what they restore themselves.
func promoteGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var replicas []string
	var made restoring
	var grants []Grant
	for _, s := range steps {
		spec := s.Spec.(*plan.PromoteDatabase)
		switch {
		case spec.Replica != "":
			replicas = append(replicas, spec.Replica)
			if spec.Database != nil { // a run as of a moment restores a database beside the replica
				made.instances = append(made.instances, spec.Restored(true))
				made.sources = append(made.sources, spec.Database.Instance)
			}
			if p.Drill != nil {
				made.instances = append(made.instances, p.Drill.Named(spec.Replica))
				made.copied = append(made.copied, spec.Replica)
			}
		case spec.Global != "":
			grants = append(grants, globalGrants(p, spec)...)
		default:
			made.add(p, spec)
		}
	}
	if len(replicas) > 0 {
		here := []string{p.Recovery}
		grants = append(grants,
			Grant{Actions: []string{"rds:DescribeDBInstances", "rds:PromoteReadReplica", "rds:ModifyDBInstance"}, Resources: named(p.Recovery, "db:", replicas), Regions: here},
			Grant{Actions: []string{"rds:AddTagsToResource", "rds:RemoveTagsFromResource"}, Resources: named(p.Recovery, "db:", replicas), Regions: here, Condition: noted()},
			readsLag(p.Recovery))
	}
	grants = append(grants, asksRDS(p.Recovery))
	return append(grants, made.grants(p)...)
}

// globalGrants: a global database is in no region.
func globalGrants(p *plan.Plan, spec *plan.PromoteDatabase) []Grant {
	global, cluster := regional("rds", "", "global-cluster:"+spec.Global), named(p.Recovery, "cluster:", []string{spec.Cluster})
	return []Grant{
		{Actions: []string{"rds:DescribeGlobalClusters"}, Resources: []string{global}, Regions: []string{p.Recovery}},
		{Actions: []string{"rds:DescribeDBClusters"}, Resources: cluster, Regions: []string{p.Recovery}},
		{Actions: []string{"rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"}, Resources: append(cluster, global), Regions: []string{p.Recovery}},
		readsLag(p.Recovery, "cloudwatch:ListMetrics"),
	}
}

// restoring is what steps restore.
type restoring struct {
	instances []string
	clusters  []string // each with its instances, NAME-1 and NAME-2
	copied    []string // replicas that a drill may snapshot
	sources   []string // instances of the policies
}

func (m *restoring) add(p *plan.Plan, spec *plan.PromoteDatabase) {
	names := []string{spec.As}
	if p.Drill != nil {
		names = append(names, p.Drill.Named(spec.As))
	}
	if of := cmp.Or(spec.Database, &plan.Database{}); of.Cluster != "" {
		m.clusters = append(m.clusters, names...)
	} else {
		m.instances = append(m.instances, names...)
		m.sources = append(m.sources, of.Instance)
	}
}

func (m restoring) grants(p *plan.Plan) []Grant {
	if len(m.instances)+len(m.clusters) == 0 {
		return nil
	}
	here, region := []string{p.Recovery}, p.Recovery
	members := slices.Clone(m.instances)
	for _, cluster := range m.clusters {
		members = append(members, cluster+"-1", cluster+"-2")
	}
	databases, clusters := named(region, "db:", members), named(region, "cluster:", m.clusters)
	groups := []string{regional("rds", region, "subgrp:*"), regional("rds", region, "og:*"), regional("rds", region, "pg:*"), regional("rds", region, "cluster-pg:*")}
	points := []string{regional("rds", region, "snapshot:*"), regional("rds", region, "cluster-snapshot:*"), regional("rds", region, "auto-backup:*")}
	all := append(slices.Clone(databases), clusters...)
	tagged := map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}
	grants := []Grant{
		{Actions: []string{"rds:DescribeDBInstances"}, Resources: databases, Regions: here},
		{Actions: []string{"rds:DescribeDBSnapshots", "rds:DescribeDBInstanceAutomatedBackups"}, Resources: append(slices.Clone(points), regional("rds", region, "db:*")), Regions: here},
		{Actions: []string{"rds:DescribeDBSubnetGroups", "rds:DescribeDBParameterGroups", "rds:DescribeDBClusterParameterGroups", "rds:DescribeOptionGroups"}, Resources: groups, Regions: here},
		{Actions: []string{"rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"},
			Resources: slices.Concat(named(region, "db:", slices.Concat(members, m.sources)), groups, points), Regions: here},
		{Actions: []string{"rds:AddTagsToResource"}, Resources: all, Regions: here, Condition: tagged},
		{Actions: []string{"rds:DeleteDBInstance"}, Resources: databases, Regions: here, Condition: ours(p)},
	}
	if len(m.clusters) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"rds:DescribeDBClusters", "rds:DescribeDBClusterSnapshots"}, Resources: append(slices.Clone(points), regional("rds", region, "cluster:*")), Regions: here},
			Grant{Actions: []string{"rds:RestoreDBClusterFromSnapshot", "rds:CreateDBInstance"}, Resources: slices.Concat(all, groups, points), Regions: here},
			Grant{Actions: []string{"rds:DeleteDBCluster"}, Resources: clusters, Regions: here, Condition: ours(p)},
			Grant{Actions: []string{"rds:DeleteDBCluster"}, Resources: suffixed(region, "cluster-snapshot:", m.clusters, "-final-*"), Regions: here})
	}
	grants = append(grants, finalGrants(p, "rds:CreateDBSnapshot", named(region, "db:", m.instances), suffixed(region, "snapshot:", m.instances, "-final-*"))...)
	grants = append(grants, finalGrants(p, "rds:CreateDBClusterSnapshot", clusters, suffixed(region, "cluster-snapshot:", m.clusters, "-final-*"))...)
	if len(m.copied) > 0 {
		own := regional("rds", region, "snapshot:pilotlight-drill-"+p.Name+"-*")
		grants = append(grants,
			Grant{Actions: []string{"rds:CreateDBSnapshot"}, Resources: append(named(region, "db:", m.copied), own), Regions: here},
			Grant{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{own}, Regions: here, Condition: tagged},
			Grant{Actions: []string{"rds:DeleteDBSnapshot"}, Resources: []string{own}, Regions: here, Condition: ours(p)})
	}
	return append(grants, databaseKeys(region)...)
}

// finalGrants let a deletion keep a last snapshot: RDS asks whether its caller may
// create one of the database, and may tag it, because what is restored copies its
// tags to snapshots. No user guide says so; AWS wrote it to its customers in August
// 2024, and refuses without: the caller is "not authorized to perform:
// rds:CreateDBSnapshot" when it calls DeleteDBInstance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
func finalGrants(p *plan.Plan, create string, databases, snapshots []string) []Grant {
	if len(databases) == 0 {
		return nil
	}
	return []Grant{
		{Actions: []string{create}, Resources: databases, Regions: []string{p.Recovery}, Condition: ours(p)},
		{Actions: []string{create, "rds:AddTagsToResource"}, Resources: snapshots, Regions: []string{p.Recovery}},
	}
}

// suffixed are resources whose names begin with some names.
func suffixed(region, resource string, names []string, suffix string) []string {
	arns := named(region, resource, names)
	for i := range arns {
		arns[i] += suffix
	}
	return arns
}

// readsLag lets a step see how far a replica is behind; with more, what its metric is of.
func readsLag(region string, more ...string) Grant {
	return Grant{Actions: append([]string{"cloudwatch:GetMetricStatistics"}, more...), Resources: []string{"*"}, Regions: []string{region},
		Because: "metrics have no resource level; the step only reads AWS/RDS"}
}

// asksRDS lets a check see whether a class is offered and an instance more fits.
func asksRDS(region string) Grant {
	return Grant{Actions: []string{"rds:DescribeAccountAttributes", "rds:DescribeOrderableDBInstanceOptions"}, Resources: []string{"*"}, Regions: []string{region},
		Because: "offers and quotas are no resources"}
}

// replicaGrants are in both regions: RDS hands the call on to the source's, signed
// for the same role.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
func replicaGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var grants []Grant
	for _, s := range steps {
		spec := s.Spec.(*plan.CreateReplica)
		from, to := p.Primary, p.Recovery
		if spec.StandBy {
			from, to = to, from
		}
		source, replica := named(from, "db:", []string{spec.Source}), named(to, "db:", []string{spec.Replica})
		groups := []string{regional("rds", to, "subgrp:*"), regional("rds", to, "og:*"), regional("rds", to, "pg:*")}
		regions := slices.Compact([]string{to, from})
		grants = append(grants,
			Grant{Actions: []string{"rds:DescribeDBInstances"}, Resources: slices.Concat(source, replica), Regions: regions},
			Grant{Actions: []string{"rds:CreateDBInstanceReadReplica"}, Resources: slices.Concat(source, replica, groups), Regions: regions},
			Grant{Actions: []string{"rds:DescribeDBSubnetGroups", "rds:DescribeDBParameterGroups"}, Resources: groups, Regions: []string{to}},
			Grant{Actions: []string{"rds:AddTagsToResource"}, Resources: replica, Regions: []string{to},
				Condition: map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}},
			Grant{Actions: []string{"rds:DeleteDBInstance"}, Resources: replica, Regions: []string{to}, Condition: ours(p)},
			readsLag(to), asksRDS(to))
		if spec.Key != "" {
			grants = append(grants, databaseKeys(to)...)
		}
	}
	return grants
}

// retireGrants are in the region that is left: on databases that the plan names, and
// on what carries its tag.
func retireGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	region, here := p.Primary, []string{p.Primary}
	var names []string
	made := false
	for _, s := range steps {
		spec := s.Spec.(*plan.Retire)
		names = append(names, spec.Databases...)
		made = made || spec.Made
	}
	anyDatabase, last := regional("rds", region, "db:*"), regional("rds", region, "snapshot:*-final-"+p.Name+"-*")
	tagged := map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}
	grants := []Grant{
		{Actions: []string{"rds:DescribeDBInstances", "rds:DescribeDBSnapshots"}, Resources: []string{anyDatabase, regional("rds", region, "snapshot:*")}, Regions: here},
		{Actions: []string{"rds:CreateDBSnapshot", "rds:AddTagsToResource"}, Resources: []string{last}, Regions: here, Condition: tagged},
		{Actions: []string{"rds:DeleteDBSnapshot"}, Resources: []string{last}, Regions: here, Condition: ours(p)},
		see(region, "ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"),
	}
	if len(names) > 0 {
		grants = append(grants, Grant{Actions: []string{"rds:CreateDBSnapshot", "rds:DeleteDBInstance"}, Resources: named(region, "db:", names), Regions: here})
	}
	if made {
		grants = append(grants,
			Grant{Actions: []string{"rds:CreateDBSnapshot", "rds:DeleteDBInstance"}, Resources: []string{anyDatabase}, Regions: here, Condition: ours(p)},
			onInstances(region, []string{"ec2:TerminateInstances"}, ours(p)),
			onInstances(region, []string{"ec2:CreateTags", "ec2:DeleteTags"}, noting(ours(p))),
			Grant{Actions: []string{"ec2:CreateSnapshot", "ec2:DeleteVolume"}, Resources: owned(region, []string{"volume/*"}), Regions: here, Condition: ours(p)},
			makes(p, region, "CreateSnapshot", "snapshot/*"), tags(region, "CreateSnapshot", "snapshot/*"),
			Grant{Actions: []string{"ec2:DeleteSnapshot"}, Resources: owned(region, []string{"snapshot/*"}), Regions: here, Condition: ours(p)})
	}
	return grants
}
