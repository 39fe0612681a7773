package plan

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// policyMistakes are made in testdata/vault.yaml, which has every field of a
// policy but what testdata/adopted.yaml has.
var policyMistakes = []mistake{
	{"next is the primary region", "next: eu-west-1", "next: us-east-1", "next: is the primary region, where copies go without it; write a third region, or leave the field out", false},
	{"next is the recovery region", "next: eu-west-1", "next: us-west-2", "next: is the recovery region, which serves while copies go to the next one", false},
	{"next in another partition", "next: eu-west-1", "next: cn-north-1", "next: is in another partition than us-east-1", false},
	{"covers everything", "covers: {tags: {app: vault}}", "covers: {tags: {}}", "covers.tags: is empty: it would select everything in the account", true},
	{"buckets", "    bucket: {name: vault-media, replica: vault.media.us-west-2}", "    table: {name: media}\n    buckets: [media]", "protect[6].buckets: is not a field that Pilotlight knows; write bucket: {name: …, replica: …}", true},

	{"volumes without every", "    every: 1h\n    keep: {hourly: 24", "    keep: {hourly: 24", "protect[0].every: is missing; write every: 30m", true},
	{"cluster without every", "    every: 1h\n    keep: {daily: 7}", "    keep: {daily: 7}", "protect[4].every: is missing", true},
	{"every of backups", "database: {instance: users}", "database: {instance: users}\n    every: 30m", "protect[3].every: has no effect: AWS copies this without a pause; write nothing: leave the field out", true},
	{"every of a bucket", "rpo: 15m", "every: 15m", "protect[6].every: has no effect", true},
	{"every of a table", "rpo: 5m", "every: 5m", "protect[7].every: has no effect", true},
	{"keep of a bucket", "rpo: 15m", "keep: {daily: 7}", "protect[6].keep: keeps nothing of a bucket", true},
	{"key of a table", "rpo: 5m", "key: alias/vault", "protect[7].key: encrypts nothing of a table", true},
	{"point of a database", "database: {instance: users}", "database: {instance: users}\n    point: {parameter: /x}", "protect[3].point: nothing can point at a database; write point in a policy of images alone", true},
	{"lock of images", "    keep: {last: 7}", "    keep: {last: 7}\n    lock: {mode: governance, for: 1d}", "protect[1].lock: locks nothing of images", true},
	{"expect of a table", "rpo: 5m", "expect: {sources: 1, gib: 1, change: 1}", "protect[7].expect: says nothing of a table", true},

	{"database without a name", "{instance: users}", "{}", "protect[3].database: names no database; write instance: orders, or cluster: orders", true},
	{"instance and cluster", "{instance: users}", "{instance: users, cluster: users}", "protect[3].database.cluster: one policy cannot protect an instance and a cluster; write two policies", true},
	{"database that is a name", "database: {instance: users}", "database: users", `protect[3].database: is the text "users", not a mapping; write {instance: orders}`, true},
	{"no way to copy", "{instance: users}", "{instance: users, by: backup}", `protect[3].database.by: "backup" is not a way to copy a database; write backups`, true},
	{"backups of a cluster", "{cluster: events, ", "{cluster: events, by: backups, ", "protect[4].database.by: RDS replicates the automated backups of instances alone, not of clusters; write by: snapshots, and every: 30m beside database", true},
	{"option group of a cluster", "{cluster: events, ", "{cluster: events, option-group: events-options, ", "protect[4].database.option-group: has no effect", true},
	{"default parameter group", "events-parameters", "default.aurora-mysql8.0", "write its name, or leave the field out for the engine's default group", true},
	{"daily backups", "keep: {within: 14d}", "keep: {daily: 14}", "protect[2].keep.daily: has no effect: RDS keeps replicated backups for a number of days, and any moment in them can be restored; write within: 7d, or database.by: snapshots", true},
	{"backups for hours", "keep: {within: 14d}", "keep: {within: 30h}", "protect[2].keep.within: 30h is not a whole number of days, in which RDS counts; write 2d", false},
	{"backups for long", "keep: {within: 14d}", "keep: {within: 36d}", "protect[2].keep.within: 36d is more than the 35d that RDS keeps backups", false},
	{"backups that cannot be so young", "rpo: 30m", "rpo: 20m", "protect[2]: breaks the rpo of 20m: what AWS copies without a pause may be 30m behind; write rpo: 30m or more", false},
	{"bucket that cannot be so young", "rpo: 15m", "rpo: 10m", "protect[6]: breaks the rpo of 10m: what AWS copies without a pause may be 15m behind; write rpo: 15m or more", false},

	{"bucket without a replica", ", replica: vault.media.us-west-2", "", "protect[6].bucket.replica: is missing; write replica: storefront-media-us-west-2", true},
	{"bucket that replicates to itself", "vault.media.us-west-2", "vault-media", "protect[6].bucket.replica: is the bucket itself", false},
	{"bucket with capitals", "name: vault-media", "name: Vault-Media", "write vault-media", true},
	{"bucket as an ARN", "name: vault-media", "name: arn:aws:s3:::vault-media", "write vault-media", true},
	{"bucket with two dots", "name: vault-media", "name: vault..media", "is not an S3 bucket's name", true},
	{"bucket like an address", "name: vault-media", "name: 192.168.5.4", "looks like an IP address, which S3 refuses", true},
	{"bucket with a prefix of S3's", "name: vault-media", "name: xn--vault", "begins with xn--, which S3 keeps for itself", true},
	{"directory bucket", "name: vault-media", "name: vault--usw2-az1--x-s3", "ends with --x-s3, which S3 keeps for what is no bucket of the usual kind", true},
	{"bucket too short", "name: vault-media", "name: ab", "is shorter than the 3 characters that S3 asks for", true},
	{"table too short", "name: Vault.carts_2", "name: ab", "is not a DynamoDB table's name", true},
	{"table as an ARN", "name: Vault.carts_2", "name: arn:aws:dynamodb:us-east-1:123456789012:table/carts", "write carts", true},

	{"lock without a mode", "mode: compliance, ", "", "protect[0].lock.mode: is missing; write mode: governance", true},
	{"lock of hours", "for: 7d", "for: 36h", "protect[0].lock.for: 36h is not a whole number of days; write 2d", false},
	{"lock of minutes", "for: 7d", "for: 30m", "protect[0].lock.for: 30m is less than 24h", false},
	{"lock for ever", "for: 7d", "for: 36501d", "protect[0].lock.for: 36501d is more than 36500d; write 36500d or less", false},
	{"negative days", "for: 7d", "for: -7d", "protect[0].lock.for: -7d is negative; write 7d", true},

	{"expect without a size", "gib: 100, ", "", "protect[0].expect.gib: is missing; write gib: 500", true},
	{"change beyond everything", "change: 2.5", "change: 250", "protect[0].expect.change: 250 is no percentage of the data; write a number above 0, and at most 100", true},
	{"no change", "change: 2.5", "change: 0", "a number above 0, and at most 100", true},
	{"many small ones", "{sources: 40, gib: 100, change: 2.5}", "{sources: 4000, gib: 1, change: 2.5}",
		"copy 3h21m = 6h57m; 4000 copies in 200 rounds of 20, 1m each, and 100 GiB at 2000 MiB/s; write rpo: 6h57m or more, or fewer sources", false},
	{"a little more than can be copied", "{sources: 40, gib: 100, change: 2.5}", "{sources: 40, gib: 1000, change: 13.25}",
		"every 1h + snapshot 15m + copy 48m = 2h3m; 40 copies in 2 rounds of 20, 1m each, and 5300 GiB at 2000 MiB/s; write every: 57m or less, or rpo: 2h3m or more, or sources of 950 GiB or less", false},
	{"change in words", "change: 2.5", "change: 2.5%", `is the text "2.5%", not a number; write change: 3, the number alone: it is in per cent`, true},
	{"more than can be copied", "{sources: 40, gib: 100, change: 2.5}", "{sources: 400, gib: 500, change: 2.5}",
		"protect[0].expect: breaks the plan's rpo of 2h: the copies before it 1h3m + snapshot 15m + copy 1h3m = 2h21m; 400 copies in 20 rounds of 20, 1m each, and 5000 GiB at 2000 MiB/s; write rpo: 2h21m or more, or sources of 292 GiB or less", false},
	{"more than can be copied in time", "{sources: 40, gib: 100, change: 2.5}", "{sources: 400, gib: 500, change: 2}",
		"protect[0].expect: breaks the plan's rpo of 2h: every 1h + snapshot 15m + copy 55m = 2h10m; 400 copies in 20 rounds of 20, 1m each, and 4000 GiB at 2000 MiB/s; write rpo: 2h10m or more, or sources of 366 GiB or less", false},
	{"tags that no event can carry", "{app: vault, tier: data}", manyTags(), "characters long as JSON, and an EventBridge input has room for 7680; write fewer tags, or shorter ones", false},
	{"database twice", "{instance: users}", "{instance: orders}", "protect[3].database: instance orders by backups is taken by protect[2]; write one policy for it", false},
	{"table twice", "    bucket: {name: vault-media, replica: vault.media.us-west-2}\n    rpo: 15m", "    table: {name: Vault.carts_2}", "protect[7].table: table Vault.carts_2 is taken by protect[6]", false},
	{"policy with the ages' name", "name: carts\n", "name: ages\n", "ages is a name that Pilotlight uses itself in every plan", true},
	{"restore of a database", "restore-volumes: {policy: data", "restore-volumes: {policy: users", "the policy users protects a database, not volumes; write data", false},
}

func manyTags() string {
	var tags []string
	for i := range 30 {
		tags = append(tags, fmt.Sprintf("t%d: %s", i, strings.Repeat("x", 250)))
	}
	return "{" + strings.Join(tags, ", ") + "}"
}

const vault = "testdata/vault.yaml"

func TestLoad_reportsOneMistakeOfAPolicyOnce(t *testing.T) { reportedOnce(t, vault, policyMistakes) }

func TestSchema_refusesTheMistakesOfPoliciesThatASchemaCanSee(t *testing.T) {
	refusedBySchema(t, vault, policyMistakes)
}

// reportedOnce: each mistake in a good plan is the only finding.
func reportedOnce(t *testing.T, file string, mistakes []mistake) {
	t.Helper()
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			p, findings := Load(file, m.applyTo(t, file))
			if p != nil || len(findings) != 1 || !strings.Contains(findings.String(), m.want) {
				t.Errorf("plan %v, findings:\n%swant %s", p, findings, m.want)
			}
		})
	}
}

func refusedBySchema(t *testing.T, file string, mistakes []mistake) {
	t.Helper()
	schema := compiledSchema(t)
	for _, m := range mistakes {
		if err := schema.Validate(asJSON(t, m.applyTo(t, file))); (err != nil) != m.schema {
			t.Errorf("%s: the schema says %v, and the mistake has schema: %t", m.name, err, m.schema)
		}
	}
}

func TestLoad_refusesARestoreOfAdoptedSnapshots(t *testing.T) {
	m := mistake{old: "recover:\n", new: "recover:\n  - restore-volumes: {policy: gateway, attach-to: x}\n"}
	p, findings := Load("adopted.yaml", m.applyTo(t, "testdata/adopted.yaml"))
	want := "the policy gateway adopts snapshots of another tool, which know neither instance nor device"
	if p != nil || len(findings) != 1 || !strings.Contains(findings.String(), want) {
		t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
	}
}

func TestLoad_warnsOfAPolicyThatIsProbablyNotMeant(t *testing.T) {
	for _, m := range []mistake{
		{name: "one point", old: "keep: {last: 7}", new: "keep: {last: 1}", want: "protect[1].keep: only the newest recovery point is kept"},
		{name: "no longer than the next", old: "keep: {last: 7}", new: "keep: {within: 1d}", want: "protect[1].keep: only the newest recovery point is kept"},
		{name: "database by snapshots without keep", old: "    keep: {weekly: 4}\n", want: "protect[5].keep: only the newest recovery point is kept"},
		{name: "lock beyond keep", old: "for: 7d", new: "for: 15d", want: "protect[0].lock.for: locks points for 15d, but keep lets the last of them go after 14d"},
		{name: "key as an ARN", old: "key: alias/vault", new: "key: arn:aws:kms:us-west-2:444455556666:alias/vault",
			want: "protect[0].key: is a key of us-west-2 alone: after a failover, copies to eu-west-1 would use that region's default key; write an alias that both regions have"},
		{name: "key as an id", old: "key: alias/vault", new: "key: 1234abcd-12ab-34cd-56ef-1234567890ab", want: "is a key of us-west-2 alone"},
		{name: "databases without a replica", old: "promote-database: {replica: orders-replica}", new: "set-parameter: {name: /x, value: x}",
			want: "orders is protected and no step brings it back; write promote-database: {replica: …}"},
		{name: "database beyond the plan's rpo", old: "database: {instance: users}", new: "database: {instance: users}\n    rpo: 3h", want: "protect[3].rpo: recovery may bring back data that is 3h old"},
		{name: "more snapshots than RDS allows", old: "every: 90m\n    keep: {weekly: 4}", new: "every: 30m\n    keep: {hourly: 48, weekly: 4, within: 2h}",
			want: "protect[5]: the plan's policies keep up to 104 manual snapshots of DB instances in each region, and RDS allows 100 unless the quota was raised: " +
				"then nothing new is taken or copied (ledger 48 hourly + 4 weekly + 4 within 2h + 48 marked (one every 30m, for 24h) = 104); write a longer every or a smaller keep"},
		{name: "more snapshots of clusters", old: "every: 1h\n    keep: {daily: 7}", new: "every: 1h\n    keep: {hourly: 72, daily: 7, last: 2}",
			want: "protect[4]: the plan's policies keep up to 105 manual snapshots of DB clusters in each region"},
		{name: "first copies", old: "gib: 100", new: "gib: 500", want: "protect[0].expect: the first copies carry everything and take 2h53m, which is beyond the rpo of 2h (40 copies in 2 rounds of 20, 1m each, and 20000 GiB at 2000 MiB/s): the policy's age alarm is on"},
	} {
		t.Run(m.name, func(t *testing.T) {
			p, findings := Load("vault.yaml", m.applyTo(t, vault))
			if p == nil || !strings.Contains(findings.String(), m.want) {
				t.Errorf("plan %v, findings:\n%swant %s", p, findings, m.want)
			}
			if want := 1 + 3*strings.Count(m.name, "without a replica"); len(findings) != want { // four databases
				t.Errorf("%d findings, want %d:\n%s", len(findings), want, findings)
			}
		})
	}
}

// The two quotas are two: the instances' snapshots and the clusters' do not add up.
func TestLoad_holdsInstancesAndClustersAgainstQuotasOfTheirOwn(t *testing.T) {
	ledger := mistake{name: "ledger", old: "every: 90m\n    keep: {weekly: 4}", new: "every: 90m\n    keep: {hourly: 60, weekly: 4}"} // 81
	src := string(ledger.applyTo(t, vault))
	src = strings.Replace(src, "every: 1h\n    keep: {daily: 7}", "every: 1h\n    keep: {hourly: 48, daily: 7}", 1) // 80
	if p, findings := Load("vault.yaml", []byte(src)); p == nil || len(findings) != 0 || !strings.Contains(src, "hourly: 48") {
		t.Errorf("plan %v, findings:\n%s", p, findings)
	}
	users := strings.Replace(src, "{instance: users}", "{instance: users, by: snapshots}\n    every: 12h\n    rpo: 24h\n    keep: {daily: 30}", 1) // 33
	_, findings := Load("vault.yaml", []byte(users))
	if want := "protect[5]: the plan's policies keep up to 114 manual snapshots of DB instances"; !strings.Contains(findings.String(), want) {
		t.Errorf("findings:\n%swant %s", findings, want)
	}
}

func TestLoad_warnsThatNoStepBringsAdoptedSnapshotsBack(t *testing.T) {
	p, findings := LoadFile("testdata/adopted.yaml")
	if want := "gateway is protected and no step brings it back: another tool's snapshots"; p == nil || len(findings) != 1 || !strings.Contains(findings.String(), want) {
		t.Errorf("plan %v, findings:\n%swant %s", p, findings, want)
	}
}

func TestLoad_fillsInWhatAPolicyLeavesOut(t *testing.T) {
	p, findings := LoadFile(vault)
	if p == nil {
		t.Fatal(findings)
	}
	policy := func(name string) Policy {
		found, ok := p.Policy(name)
		if !ok {
			t.Fatalf("no policy %s", name)
		}
		return *found
	}
	if users := policy("users"); users.Database.By != Backups || users.Every != PassEvery || users.Keep != (Keep{Within: DefaultBackups}) {
		t.Errorf("instance: by %s every %s, keep %+v", users.Database.By, users.Every, users.Keep)
	}
	if events := policy("events"); events.Database.By != Snapshots || events.Continuous() {
		t.Errorf("cluster: by %s", events.Database.By)
	}
	for _, name := range []string{"media", "carts"} {
		if p := policy(name); p.Every != PassEvery || !p.Continuous() {
			t.Errorf("%s: every %s", name, p.Every)
		}
	}
}

func TestLoad_reportsEveryMistakeOfPoliciesAtOnce(t *testing.T) {
	src, err := os.ReadFile("testdata/unprotected.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, findings := Load("unprotected.yaml", src)
	if p != nil {
		t.Error("a plan with errors was returned")
	}
	// Every line that ends in a comment is wrong in the way that it says.
	line := 0
	for text := range strings.Lines(string(src)) {
		line++
		_, want, wrong := strings.Cut(strings.TrimSpace(text), " # ")
		found := at(findings, line)
		if !strings.Contains(found, want) || !wrong && found != "" {
			t.Errorf("line %d: findings:\n%swant %q", line, found, want)
		}
	}
}

func at(all Findings, line int) string {
	var here Findings
	for _, f := range all {
		if f.Line == line {
			here = append(here, f)
		}
	}
	return here.String()
}
