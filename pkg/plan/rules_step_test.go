package plan

import "testing"

// everything has every step kind with every field that it may have.
const everything = "testdata/everything.yaml"

var stepMistakes = []mistake{
	{"way on of none", "on-failure: abort", "on-failure: stop", `approve.on-failure: "stop" is not a`, true},
	{"going on after a no", "on-failure: abort", "on-failure: continue", "recover[0].approve.on-failure: continue after a failed approve: a person's no would change nothing; write pause or abort", true},
	{"going on without a database", "{id: orders, replica: orders-replica,", "{id: orders, replica: orders-replica, on-failure: continue,", "promote-database.on-failure: continue after a failed promote-database: no database would take writes", true},
	{"going on without the users", "via: health-check}", "via: health-check, on-failure: continue}", "and the run would end as Recovered", true},
	{"going on unfenced", "      timeout: 15m", "      on-failure: continue", "both sides would take writes", true},
	{"question of two lines", "Is the primary region gone for good?", `"Is it\ngone?"`, "is not a question in one line", true},

	{"address that is an IP", "{address: eipalloc-0a1b2c3d,", "{address: 203.0.113.7,", "associate-address.address: \"203.0.113.7\" is not an Elastic IP's allocation id", true},
	{"drill's address is production's", "drill: eipalloc-0a1b2c3e", "drill: eipalloc-0a1b2c3d", "associate-address.drill: eipalloc-0a1b2c3d is what serves: a drill must not touch it", false},
	{"instances beside a reference", `instance: "${web.instances}"`, `instance: "i-${web.instances}"`, "is neither a Name tag nor one reference; write a Name tag, or ${id.instances} and nothing beside it", true},
	{"instances of a database", `instance: "${web.instances}"`, `instance: "${web.zones}"`, "${web.zones} is no list of instances", false},
	{"drill's target group is production's", "drill-targets: everything-drill", "drill-targets: everything-web", "launch-instances.drill-targets: everything-web is what serves", false},
	{"no type", ", type: m7g.xlarge", "", "resize-instances.type: is missing; write type: m7g.large", true},
	{"rate too slow", "rate: 300", "rate: 50", "restore-volumes.rate: 50 is less than 100", true},
	{"rate too fast", "rate: 300", "rate: 301", "restore-volumes.rate: 301 is more than 300", true},
	{"nothing to scale", "group: everything-workers, min: 4, max: 12, ", "", "scale-group: names nothing to scale", true},
	{"group and service", "service: carts, ", "service: carts, group: carts, ", "one step cannot scale a group and a service; write two steps", true},
	{"service without a cluster", "cluster: everything, ", "", "scale-group: has no cluster: a service is in one", true},
	{"least size of a service", "service: carts, ", "service: carts, min: 1, ", "scale-group.min: has no effect: an ECS service has a desired count alone", true},
	{"fewer than the least", "desired: 6", "desired: 2", "scale-group.desired: 2 is less than the min of 4; write 4 or more", false},
	{"more than the most", "desired: 6", "desired: 20", "scale-group.desired: 20 is more than the max of 12", false},

	{"no database", "replica: orders-replica, class: db.r6g.large, multi-az: true", "class: db.r6g.large", "promote-database: names no database; write replica: orders-replica, global: orders with cluster: orders-west, or policy: orders", true},
	{"two databases", "{id: orders, replica: orders-replica, class: db.r6g.large, multi-az: true}", "{id: orders, replica: a, global: b}", "promote-database.global: one step cannot promote by replica and by global; write two steps", true},
	{"global without a cluster", ", cluster: users-west", "", "promote-database: has no cluster: it says which of the global database's clusters becomes the writer", true},
	{"class of a global database", "cluster: users-west", "cluster: users-west, class: db.r6g.large", "promote-database.class: has no effect: a failover changes no instance of the cluster", true},
	{"cluster of a replica", "{id: orders, replica: orders-replica, ", "{id: orders, replica: orders-replica, cluster: x, ", "promote-database.cluster: has no effect: it is of a global database alone", true},
	{"name of a replica", "{id: orders, replica: orders-replica, ", "{id: orders, replica: orders-replica, as: x, ", "promote-database.as: has no effect: it is of a database that a policy restores", true},
	{"restored without a name", "policy: orders, as: orders-before", "policy: orders", "repair[0].promote-database: has no as: the restored database needs a name; write as: orders-restored", true},
	{"restored from nowhere", "policy: orders, as", "policy: order, as", "there is no policy order; write orders", false},
	{"restored from volumes", "policy: orders, as", "policy: data, as", "the policy data protects volumes, not a database; write one of archive, orders", false},
	{"repaired over itself", "as: orders-before", "as: orders", "promote-database.as: orders is there already: RDS restores beside a database, not over it", false},
	{"restored cluster without a class", "            class: db.r6g.large\n", "", "has no class: a restored cluster has no instance, and the step makes one of that class; write class: db.r6g.large", false},
	{"name without room for a drill", "as: archive-restored", "as: archive-restored-with-a-name-that-leaves-no-room-for-anything", ": 67 characters, and 63 are allowed; write a name of at most 57 characters", false},
	{"fence of nothing", "  - fence: {instances: {tags: {app: everything, tier: web}}, databases: [orders-replica], security-group: sg-0a1b2c3d4e5f60719}", "  - fence: {timeout: 1h}", "failback[2].fence: fences nothing", true},
	{"fence of a database without a group", "      security-group: sg-0a1b2c3d4e5f60718\n", "", "fence: has no security-group: databases are shut off by one that admits nobody; write security-group: sg-0a1b2c3d4e5f60718", true},
	{"key of the other side", "key: alias/everything\n      lag", "key: arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\n      lag", "create-replica.key: is a key of us-west-2, and the database is made in us-east-1", false},
	{"lag that is no limit", "lag: 30s", "lag: 12h", "a replica 12h behind does not catch up within the step's timeout of 12h", false},
	{"nothing to remove", "{made: true, databases: [orders-replica]}", "{made: false}", "retire.made: removes nothing", true},

	{"template elsewhere", "https://everything-templates.s3.us-west-2.amazonaws.com/network.yaml", "https://s3-us-east-1.amazonaws.com/everything/network.yaml", "create-stack.template: is in us-east-1, and the stack is made in the recovery region, which may be all that is left; write a bucket in us-west-2", false},
	{"template that is a file", "https://everything-templates.s3.us-west-2.amazonaws.com/network.yaml", "network.yaml", "is not the https address of an object in S3", true},
	{"output that no stack lists", "${network.Host}", "${network.Port}", "create-stack.parameters.Entry: ${network.Port}: network does not list Port under outputs; write outputs: [Port] in network", false},
	{"capability of none", "CAPABILITY_NAMED_IAM", "CAPABILITY_ALL", "is not a capability of CloudFormation", true},
	{"source elsewhere", "arn:aws:sqs:us-west-2", "arn:aws:sqs:us-east-1", "event-source.source: is in us-east-1, and the function is in the recovery region; write a source in us-west-2", false},
	{"neither on nor off", ", enabled: true", "", "event-source.enabled: is missing; write enabled: true", true},
	{"input that is a text", "input: {database: \"${orders.endpoint}\", pages: [/, /cart], threads: 8, deep: false, limits: {seconds: 2.5, retries: null}}", "input: /cart", "invoke-function.input: is the text \"/cart\", not a mapping; write {pages: 10}", true},
	{"number that JSON changes", "threads: 8", "threads: 0x10", `invoke-function.input.threads: 0x10 is not the same in JSON; write "0x10" with its quotes`, false},
	{"reference in an input", `database: "${orders.endpoint}"`, `database: "${order.endpoint}"`, "invoke-function.input.database: ${order.endpoint}: there is no step order; write ${orders.endpoint}", false},
	{"no parameters", "parameters: {mode: primary, steps: [stop, promote, start]}", "parameters: {}", "run-command.parameters: is empty; write {commands: [promote]}, or leave the field out", true},
	{"negative lag", "most: 1.5", "most: -1", "lag.most: -1 is not how far anything can be behind; write 0 or more", true},
	{"plan itself", "{plan: storefront, on-failure: continue}", "{plan: everything}", "run-plan.plan: is this plan itself", false},
	{"nothing to look at", "{url: https://east.everything.example.com/healthz, for: 2m}", "{for: 2m}", "failback[5].verify: looks at nothing", true},
	{"drill asks production", "drill-url: https://drill", "drill-url: https://dr", "verify.drill-url: https://dr.everything.example.com/healthz is what serves", false},

	{"weights without a zone", "          via: weights\n          zone: Z0123456789ABCDEFGHIJ\n", "          via: weights\n", "shift-traffic: has no zone: via weights needs it; write zone: Z0123456789ABCDEFGHIJ", true},
	{"weights of one side", "recovery-set: west", "recovery-set: east", "shift-traffic.recovery-set: is that of the primary side too", false},
	{"target of weights", "primary-set: east", "primary-set: east\n          target: x.example.com", "shift-traffic.target: has no effect: via weights has no use for it", true},
	{"name that leads to itself", "target: files-west", "target: files", "shift-traffic.target: is the record itself", false},
	{"drill moves the users", "drill-record: files-drill", "drill-record: files", "shift-traffic.drill-record: files.everything.example.com is what serves", false},
	{"four endpoints", "            - {url: \"https://eeee5555.route53-recovery-cluster.us-west-2.amazonaws.com/v1\", region: us-west-2}\n", "", "shift-traffic.endpoints: has 4 of the 5 endpoints of the cluster", true},
	{"endpoint twice", "amazonaws.com/v1\", region: us-west-2}", "amazonaws.com/v1\", region: eu-west-1}", "endpoints[4].region: eu-west-1 is taken by recover[9].parallel[2].shift-traffic.endpoints[2]", false},
	{"control that is a panel", "/routingcontrol/4567efa1", "", "is not the ARN of a routing control", true},
	{"one control", "routingcontrol/4567efa2", "routingcontrol/4567efa1", "shift-traffic.recovery-control: is that of the primary side too", false},
	{"protection turned twice", "  - retire: {", "  - resume-protection: {id: again}\n  - retire: {", "failback[10].resume-protection: turning protection round is done by failback[7].resume-protection already", false},
}

func TestLoad_reportsOneMistakeOfAStepOnce(t *testing.T) { reportedOnce(t, everything, stepMistakes) }

func TestSchema_refusesTheMistakesOfStepsThatASchemaCanSee(t *testing.T) {
	refusedBySchema(t, everything, stepMistakes)
}
