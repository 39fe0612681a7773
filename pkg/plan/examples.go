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
	"detect": "{mode: manual}", "mode": "automatic or manual", "alarms": "a list of alarms",
	"alarm": "{name: storefront-checkout, region: us-west-2}", "region": "us-west-2",
	"recover": "a list of steps", "step": "a step such as verify: {url: https://dr.shop.example.com/healthz}",
	"replica": "orders-replica", "class": "db.r6g.large", "multi-az": "true",
	"template": "storefront-web", "count": "4", "types": "[m7g.large, m6g.large]", "zones": "[us-west-2a, us-west-2b]", "targets": "storefront-web", "role": "storefront-web",
	"attach-to": "storefront-worker", "value": "${orders.endpoint}", "url": "https://dr.shop.example.com/healthz", "for": "1m",
	"record": "shop.example.com", "via": "health-check",
	"parallel": "two branches or more, each a step or a list of steps", "id": "orders", "timeout": "30m",
}

func example(shape, field string) string {
	if special, ok := examples[shape+"."+field]; ok {
		return special
	}
	return examples[field]
}
