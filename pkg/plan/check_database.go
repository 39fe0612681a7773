package plan

import (
	"fmt"
	"strings"
)

func checkCreateReplica(c stepCheck, spec *CreateReplica) {
	region := c.plan.Recovery
	if spec.StandBy {
		region = c.plan.Primary
	}
	c.keyOf(region, spec.Key)
	if spec.Lag > 0 && spec.Lag >= c.step.Timeout {
		c.wrong(c.path+".lag", fmt.Sprintf("a replica %s behind does not catch up within the step's timeout of %s", spec.Lag, c.step.Timeout), "a lag of seconds or minutes")
	}
}

// keyOf refuses a key that the region's databases could not use.
func (c stepCheck) keyOf(region, key string) {
	parts := strings.SplitN(key, ":", 6) // arn:aws:kms:us-west-2:123456789012:key/…
	if len(parts) == 6 && region != "" && parts[3] != region {
		c.wrong(c.path+".key", fmt.Sprintf("is a key of %s, and the database is made in %s", parts[3], region), "a key of "+region)
	}
}

func checkFence(c stepCheck, spec *Fence) {
	instances, groups, databases := c.says("instances"), c.says("groups"), c.says("databases")
	switch {
	case !instances && !groups && !databases:
		c.wrong(c.path, "fences nothing", "instances: "+examples["selector"]+", groups or databases")
	case databases:
		c.needs("databases are shut off by one that admits nobody", "security-group")
	default:
		c.idle("it is for databases alone", "security-group")
	}
}

func checkRetire(c stepCheck, spec *Retire) {
	if !spec.Made && !c.says("databases") && !c.says("made") {
		c.wrong(c.path, "removes nothing", "made: true, databases: [orders], or both")
	} else if !spec.Made && !c.says("databases") {
		c.wrong(c.path+".made", "removes nothing", "true, or databases: [orders] beside it")
	}
}

// The fields of promote-database that say something of a restored database alone.
var ofRestored = []string{"as", "subnet-group", "security-groups", "parameter-group", "option-group"}

func checkPromoteDatabase(c stepCheck, spec *PromoteDatabase) {
	var said []string
	for _, way := range []string{"replica", "global", "policy"} {
		if c.says(way) {
			said = append(said, way)
		}
	}
	switch {
	case len(said) == 0:
		c.wrong(c.path, "names no database", "replica: orders-replica, global: orders with cluster: orders-west, or policy: orders with as: orders-restored")
		return
	case len(said) > 1:
		c.wrong(c.path+"."+said[1], fmt.Sprintf("one step cannot promote by %s and by %s", said[0], said[1]), "two steps")
		return
	}
	if said[0] != "global" {
		c.idle("it is of a global database alone", "cluster")
	}
	if said[0] != "policy" {
		c.idle("it is of a database that a policy restores", ofRestored...)
	}
	switch said[0] {
	case "global":
		c.needs("it says which of the global database's clusters becomes the writer", "cluster")
		c.idle("a failover changes no instance of the cluster, which should be ready before it", "class", "multi-az")
	case "policy":
		c.needs("the restored database needs a name", "as")
		c.checkRestored(spec)
	}
}

// checkRestored holds a restore against its policy.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
func (c stepCheck) checkRestored(spec *PromoteDatabase) {
	policy, found := c.plan.Policy(spec.Policy)
	instead := c.policiesOf(database, spec.Policy)
	switch {
	case spec.Policy == "":
	case !found:
		c.wrong(c.path+".policy", fmt.Sprintf("there is no policy %s", shorten(spec.Policy)), instead)
	case policy.Database == nil && policy.target() != "":
		c.wrong(c.path+".policy", fmt.Sprintf("the policy %s protects %s, not a database", policy.Name, policy.target().noun()), instead)
	case policy.Database == nil:
	case c.course == CourseRepair && spec.As != "" && (spec.As == policy.Database.Instance || spec.As == policy.Database.Cluster):
		c.wrong(c.path+".as", fmt.Sprintf("%s is there already: RDS restores beside a database, not over it", spec.As), "another name, and a step that turns the application to it")
	case policy.Database.Cluster != "":
		c.needs("a restored cluster has no instance, and the step makes one of that class", "class")
		c.idle("the option group of a cluster is always the default one", "option-group")
	}
	c.checkDrillName("as", spec.As, 63)
}

// checkDrillName refuses a name that has no room for a drill's suffix.
func (c stepCheck) checkDrillName(field, name string, most int) {
	if c.drill == nil || c.course != CourseRecover || len(name) > most {
		return
	}
	if long := len(c.drill.Named(name)) - most; long > 0 {
		c.wrong(c.path+"."+field, fmt.Sprintf("a drill would call it %s: %d characters, and %d are allowed", shorten(c.drill.Named(name)), most+long, most),
			fmt.Sprintf("a name of at most %d characters", len(name)-long))
	}
}
