package plan

// examples are what a missing or mistaken field is told to hold, by the name of
// the field, and by the shape for an item of a list. A field whose name means
// another thing in one shape has a line of its own: accounts.primary.
var examples = map[string]string{
	"plan": "storefront", "strategy": "pilot-light", "primary": "us-east-1", "recovery": "us-west-2", "next": "eu-west-1", "notify": "on-call",
	"accounts": `{primary: "111122223333", recovery: "444455556666"}`, "accounts.primary": `"111122223333"`, "accounts.recovery": `"444455556666"`,
	"covers":     "{tags: {app: storefront}}",
	"objectives": "{rto: 30m, rpo: 1h}", "rto": "30m", "rpo": "1h", "name": "data",
	"protect": "a list of policies", "policy": "{name: data, volumes: {tags: {app: storefront}}, every: 30m}",
	"volumes": "{tags: {app: storefront}}", "images": "{tags: {app: storefront, tier: web}}", "snapshots": "{tags: {app: storefront}}",
	"selector": "{tags: {app: storefront}}", "tags": "{app: storefront}", "every": "30m",
	"database": "{instance: orders}", "instance": "orders", "cluster": "orders", "by": "snapshots",
	"option-group": "orders-options", "parameter-group": "orders-parameters",
	"bucket": "{name: storefront-media, replica: storefront-media-us-west-2}", "bucket.name": "storefront-media", "bucket.replica": "storefront-media-us-west-2",
	"table": "{name: carts}", "table.name": "carts",
	"keep": "{hourly: 24, daily: 7}", "hourly": "24", "daily": "7", "weekly": "4", "monthly": "12", "yearly": "1", "last": "3", "within": "48h",
	"key": "alias/pilotlight", "point": "{launch-template: storefront-web}",
	"launch-template": "storefront-web", "parameter": "/storefront/web/image",
	"lock": "{mode: governance, for: 7d}", "lock.mode": "governance", "lock.for": "7d",
	"expect": "{sources: 100, gib: 500, change: 3}", "sources": "100", "gib": "500", "change": "3",
	"detect": "{mode: manual}", "mode": "approve", "alarms": "a list of alarms",
	"alarm": "{name: storefront-checkout, region: us-west-2}", "region": "us-west-2",
	"probe": "{url: https://shop.example.com/healthz}", "probe.url": "https://shop.example.com/healthz", "status": "200", "body": `"ok"`, "tcp": "shop.example.com:443", "dns": "shop.example.com", "probe.answer": "192.0.2.1",
	"probe.from": "[us-west-2, eu-west-1]", "tries": "3", "probe.timeout": "5s", "probe.for": "3m", "heartbeat": "{for: 3m}", "heartbeat.for": "3m",
	"quorum": "2", "hold": "3m", "cooldown": "1h", "answer": "30m", "no-data": "unknown", "unreadable": "unknown",
	"recover": "a list of steps", "step": "a step such as verify: {url: https://dr.shop.example.com/healthz}",
	"failback": "a list of steps", "repair": "a list of steps", "drill": "{subnets: [subnet-0a1b2c3d4e5f60718], security-groups: [sg-0a1b2c3d4e5f60718]}",
	"subnets": "[subnet-0a1b2c3d4e5f60718]", "security-groups": "[sg-0a1b2c3d4e5f60718]", "instance-profile": "storefront-drill", "subnet-group": "storefront-databases",
	"suffix": "drill", "size": "1", "ttl": "8h", "windows": "a list of windows",
	"window": `{days: [mon, tue], from: "08:00", to: "16:00"}`, "days": "[mon, tue]", "window.from": `"08:00"`, "to": `"16:00"`, "zone": "Z0123456789ABCDEFGHIJ", "window.zone": "Europe/Berlin",
	"replica": "orders-replica", "global": "orders-global", "promote-database.cluster": "orders-west", "as": "orders-restored", "promote-database.policy": "orders",
	"class": "db.r6g.large", "multi-az": "true", "stand-by": "true", "source": "orders", "lag": "1m", "made": "true", "databases": "[orders]", "groups": "[storefront-web]", "security-group": "sg-0a1b2c3d4e5f60718",
	"fence.instances": "{tags: {app: storefront}}", "instances": "storefront-worker", "type": "m7g.large", "rate": "300", "associate-address.drill": "eipalloc-0a1b2c3d4e5f60719", "address": "eipalloc-0a1b2c3d4e5f60718",
	"drill-targets": "storefront-drill", "register-targets.drill": "storefront-drill", "group": "storefront-web", "service": "web", "min": "2", "max": "8", "desired": "4",
	"template": "storefront-web", "count": "4", "types": "[m7g.large, m6g.large]", "zones": "[us-west-2a, us-west-2b]", "targets": "storefront-web", "role": "storefront-web",
	"attach-to": "storefront-worker", "value": "${orders.endpoint}", "url": "https://dr.shop.example.com/healthz", "drill-url": "https://drill.shop.example.com/healthz", "for": "1m", "verify.alarms": "[storefront-errors]", "drill.alarms": "[storefront-checkout]",
	"record": "shop.example.com", "via": "health-check", "primary-set": "us-east-1", "recovery-set": "us-west-2", "target": "west.shop.example.com", "drill-record": "drill.shop.example.com",
	"primary-control":  "arn:aws:route53-recovery-control::111122223333:controlpanel/0123abcd/routingcontrol/4567efa1",
	"recovery-control": "arn:aws:route53-recovery-control::111122223333:controlpanel/0123abcd/routingcontrol/4567efa2",
	"endpoints":        "a list of the cluster's five endpoints",
	"routing-endpoint": "{url: https://aaaa1111.route53-recovery-cluster.us-east-1.amazonaws.com/v1, region: us-east-1}",
	"stack":            "storefront-network", "create-stack.template": "https://storefront-templates.s3.us-west-2.amazonaws.com/network.yaml", "capabilities": "[CAPABILITY_IAM]", "outputs": "[Host]",
	"parameters": "{Color: green}", "stack-parameters": "{Color: green}", "command-parameters": "{commands: [promote]}",
	"function": "storefront-warm-up", "event-source.source": "arn:aws:sqs:us-west-2:111122223333:orders", "enabled": "true", "input": "{pages: 10}", "undo": "true",
	"document": "Storefront-PromoteDatabase", "metric": "{namespace: Storefront, name: ReplicaLag, most: 1}", "run-command.lag": "{namespace: Storefront, name: ReplicaLag, most: 1}",
	"namespace": "Storefront", "metric.name": "ReplicaLag", "dimensions": "{Host: storefront-database}", "most": "1",
	"question": "Is the primary region gone for good?", "run-plan.plan": "payments", "on-failure": "abort",
	"parallel": "two branches or more, each a step or a list of steps", "id": "orders", "timeout": "30m",
}

func example(shape, field string) string {
	if special, ok := examples[shape+"."+field]; ok {
		return special
	}
	return examples[field]
}
