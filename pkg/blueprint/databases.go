package blueprint

import (
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// databaseGrants are what protect-databases may do. Snapshots are held by their
// names, which begin with the plan's, and by its tag; the databases by the names
// that the plan has for them.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
func databaseGrants(p *plan.Plan) []Grant {
	var grants []Grant
	for _, kind := range kindsOf(p) {
		if len(kind.names) == 0 {
			continue
		}
		for _, region := range sides(p) {
			grants = append(grants, kind.sees(region)...)
			grants = append(grants, kind.makes(p, region)...)
		}
	}
	for _, region := range sides(p) {
		grants = append(grants, databaseKeys(region)...)
	}
	grants = append(grants, keyTrials(sides(p)...)...)
	return append(append(grants, nameItself(sides(p))), replicates(p)...)
}

// databases are the instances, or the clusters, that a plan protects.
type databases struct {
	names      []string
	arn        string // its resource type in an ARN
	snapshot   string
	parameters string
	word       string // of it in the names of actions
	groups     []string
	options    []string
}

func kindsOf(p *plan.Plan) []databases {
	instances := databases{arn: "db:", snapshot: "snapshot:", parameters: "pg:", word: "DB"}
	clusters := databases{arn: "cluster:", snapshot: "cluster-snapshot:", parameters: "cluster-pg:", word: "DBCluster"}
	for _, policy := range p.Protect {
		d := policy.Database
		if d == nil {
			continue
		}
		kind, name := &instances, d.Instance
		if d.Cluster != "" {
			kind, name = &clusters, d.Cluster
		}
		kind.names = append(kind.names, name)
		if d.Replica != "" {
			kind.names = append(kind.names, d.Replica)
		}
		if d.OptionGroup != "" {
			kind.options = append(kind.options, d.OptionGroup)
		}
		if d.ParameterGroup != "" {
			kind.groups = append(kind.groups, d.ParameterGroup)
		}
	}
	return []databases{instances, clusters}
}

// sees allows to list what is in a region. RDS filters by no tag, so the pass sees
// the snapshots of others too.
func (d databases) sees(region string) []Grant {
	list := "rds:DescribeDBInstances"
	if d.arn == "cluster:" {
		list = "rds:DescribeDBClusters"
	}
	grants := []Grant{{
		Actions:   []string{list, "rds:Describe" + d.word + "Snapshots"},
		Resources: []string{regional("rds", region, d.arn+"*"), regional("rds", region, d.snapshot+"*")}, Regions: []string{region},
	}}
	if len(d.options) > 0 {
		grants = append(grants, Grant{Actions: []string{"rds:DescribeOptionGroups"}, Resources: named(region, "og:", d.options), Regions: []string{region}})
	}
	if len(d.groups) > 0 {
		grants = append(grants, Grant{
			Actions: []string{"rds:Describe" + d.word + "ParameterGroups"}, Resources: named(region, d.parameters, d.groups), Regions: []string{region},
		})
	}
	return grants
}

// makes allows to take snapshots in a region, to copy them to it and from it, and
// to retire them there.
func (d databases) makes(p *plan.Plan, region string) []Grant {
	own := regional("rds", region, d.snapshot+"pilotlight-"+p.Name+"-*")
	here, tagged := []string{region}, map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}
	grants := []Grant{
		{Actions: []string{"rds:Create" + d.word + "Snapshot"}, Resources: append(named(region, d.arn, d.names), own), Regions: here, Condition: tagged},
		{Actions: []string{"rds:Copy" + d.word + "Snapshot"}, Resources: append(named(region, "og:", d.options), own), Regions: here, Condition: tagged},
		{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{own}, Regions: here, Condition: tagged},
		{Actions: []string{"rds:AddTagsToResource", "rds:RemoveTagsFromResource", "rds:Delete" + d.word + "Snapshot"}, Resources: []string{own}, Regions: here, Condition: ours(p)},
	}
	if p.Accounts != nil {
		grants = append(grants, Grant{Actions: []string{"rds:Modify" + d.word + "SnapshotAttribute"}, Resources: []string{own}, Regions: here, Condition: ours(p)})
	}
	for _, way := range ways(p) {
		if from, to := way[0], way[1]; from == region {
			grants = append(grants, d.copies(p, from, to, own))
		}
	}
	return grants
}

// copies allows own snapshots as the source of a copy. The destination sends the
// caller's signed request on to the source's region.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html
func (d databases) copies(p *plan.Plan, from, to, own string) Grant {
	copied := Grant{Actions: []string{"rds:Copy" + d.word + "Snapshot"}, Resources: []string{own}, Regions: []string{to, from}, Condition: ours(p)}
	if p.Accounts != nil {
		// The tags of what another account shares are not to be seen.
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
		copied.Condition = nil
		copied.Resources = []string{strings.ReplaceAll(own, "${Account}", account(p, from))}
	}
	return copied
}

// replicates allows to have RDS replicate the automated backups of the instances,
// which it does within an account alone.
func replicates(p *plan.Plan) []Grant {
	var names []string
	for _, policy := range p.Protect {
		if d := policy.Database; d != nil && d.By == plan.Backups {
			names = append(names, d.Instance)
			if d.Replica != "" {
				names = append(names, d.Replica)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	var databases, backups []string
	for _, region := range sides(p) {
		databases = append(databases, named(region, "db:", names)...)
		backups = append(backups, regional("rds", region, "auto-backup:*"))
	}
	grants := []Grant{{
		Actions: []string{"rds:DescribeDBInstanceAutomatedBackups"}, Resources: append(backups, allOf(p, "db:*")...), Regions: sides(p),
	}}
	if p.Accounts != nil {
		return grants
	}
	return append(grants,
		Grant{Actions: []string{"rds:StartDBInstanceAutomatedBackupsReplication"}, Resources: append(databases, backups...), Regions: sides(p)},
		Grant{Actions: []string{"rds:AddTagsToResource"}, Resources: backups, Regions: sides(p),
			Condition: map[string]map[string]string{"StringEquals": {"aws:RequestTag/" + lineage.Plan: p.Name}}})
}

// databaseKeys let RDS use the keys of a region, through itself alone.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
func databaseKeys(region string) []Grant {
	keys, through := []string{regional("kms", region, "key/*")}, map[string]string{"kms:ViaService": "rds." + region + ".amazonaws.com"}
	return []Grant{{
		Actions: []string{"kms:CreateGrant"}, Resources: keys, Regions: []string{region},
		Condition: map[string]map[string]string{"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
	}, {
		Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"},
		Resources: keys, Regions: []string{region}, Condition: map[string]map[string]string{"StringEquals": through},
	}}
}

// account is whose a region of the plan is.
func account(p *plan.Plan, region string) string {
	if region == p.Recovery {
		return p.Accounts.Recovery
	}
	return p.Accounts.Primary
}

func named(region, resource string, names []string) []string {
	var arns []string
	for _, name := range names {
		arn := regional("rds", region, resource+strings.ToLower(name)) // as RDS keeps it
		if !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	return arns
}

func allOf(p *plan.Plan, resource string) []string {
	var arns []string
	for _, region := range sides(p) {
		arns = append(arns, regional("rds", region, resource))
	}
	return arns
}
