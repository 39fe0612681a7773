package promotedatabase

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// wish is the database that a step restores. Empty: RDS's own choice.
type wish struct {
	name       string
	cluster    bool
	class      *string
	multiAZ    bool
	subnets    *string
	groups     []string // security groups
	parameters *string
	options    *string
	tags       []types.Tag
}

// wanted is what the plan asks for; in a drill, in the network that is declared for
// it and under a name of its own. RDS keeps identifiers in lowercase.
func wanted(r step.Run, spec plan.PromoteDatabase) wish {
	of := cmp.Or(spec.Database, &plan.Database{})
	w := wish{
		name:    strings.ToLower(r.Drill.Named(spec.Restored(!r.AsOf.IsZero()))),
		cluster: spec.Policy != "" && of.Cluster != "",
		class:   optional(spec.Class), multiAZ: spec.MultiAZ,
		subnets: optional(spec.SubnetGroup), groups: spec.SecurityGroups,
		parameters: optional(cmp.Or(spec.ParameterGroup, of.ParameterGroup)),
		options:    optional(cmp.Or(spec.OptionGroup, of.OptionGroup)),
		tags:       tagList(r.Made()),
	}
	if r.Drill != nil {
		w.subnets, w.groups = optional(r.Drill.SubnetGroup), r.Drill.SecurityGroups
	}
	return w
}

// exposed is why a drill's copy would not be apart from production; empty: it is.
// Without a subnet group RDS takes the default VPC, without security groups that
// VPC's default one.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
func exposed(drill *plan.Drill) string {
	switch {
	case drill == nil:
		return ""
	case drill.SubnetGroup == "":
		return "a drill's copy of a database needs a network of its own: write drill.subnet-group"
	case len(drill.SecurityGroups) == 0:
		return "a drill's copy of a database needs security groups of its own: write drill.security-groups"
	}
	return ""
}

// tagList is tags as RDS takes them.
func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// mine says whether this run's step made what carries the tags.
func mine(r step.Run, list []types.Tag) bool {
	has := map[string]string{}
	for _, tag := range list {
		has[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return r.Mine(has)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
