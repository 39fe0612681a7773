package coverage

import (
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

type labels = map[string]string

var (
	app  = &plan.Selector{Tags: labels{"app": "shop"}}
	data = plan.Policy{Name: "data", Volumes: &plan.Selector{Tags: labels{"app": "shop", "tier": "data"}}}
	web  = plan.Policy{Name: "web", Images: &plan.Selector{Tags: labels{"tier": "web"}}}
)

// judgements are worlds and what is to be said of them.
var judgements = map[string]struct {
	covers   *plan.Selector
	policies []plan.Policy
	world    World
	want     []string // how each finding begins, in order
}{
	"all is well": {app, []plan.Policy{data, web}, World{
		Servers: []Server{{"i-1", labels{"app": "shop"}, true}, {"i-2", labels{"app": "shop", "tier": "web"}, true}},
		Disks: []Disk{
			{"vol-1", labels{"app": "shop", "tier": "data"}, "i-1"},
			{"vol-2", labels{"app": "shop"}, "i-2"},   // of a server that an image policy takes
			{"vol-3", labels{"app": "other"}, "i-9"},  // none of the plan's
			{"vol-4", labels{"tier": "data"}, "i-1"},  // not covered, beside one that is
			{"vol-5", labels{"shop": "shop"}, "i-10"}, // another key
		},
	}, nil},
	"nothing is asked": {nil, nil, World{Servers: []Server{{"i-1", labels{"app": "shop"}, true}}}, nil},
	"a server of which nothing is taken": {app, []plan.Policy{data}, World{
		Servers: []Server{{"i-1", labels{"app": "shop", "Name": "cron"}, false}},
		Disks:   []Disk{{"vol-1", labels{"app": "shop"}, "i-1"}, {"vol-2", labels{"app": "shop", "tier": "data"}, "i-2"}},
	}, []string{"instance i-1 (cron) in here carries app=shop, and no policy takes it or one of its volumes: give it the tags of policy data (app=shop, tier=data), or add a policy with volumes: {tags: {app: shop}}"}},
	"a disk beside one that is taken": {app, []plan.Policy{data}, World{
		Servers: []Server{{"i-1", labels{"app": "shop"}, true}},
		Disks:   []Disk{{"vol-1", labels{"app": "shop", "tier": "data"}, "i-1"}, {"vol-2", labels{"app": "shop", "tier": "logs"}, "i-1"}},
	}, []string{"volume vol-2 of instance i-1 in here carries app=shop, and no policy takes it: give it the tags"}},
	"a disk that is attached to nothing": {app, []plan.Policy{data}, World{
		Servers: []Server{{"i-1", labels{"app": "shop"}, true}},
		Disks:   []Disk{{"vol-1", labels{"app": "shop", "tier": "data"}, "i-1"}, {"vol-2", labels{"app": "shop", "tier": "data"}, ""}},
	}, []string{"volume vol-2 in here carries app=shop and is attached to no instance, so no policy takes it: attach it"}},
	"a policy of disks that are attached to nothing": {nil, []plan.Policy{data}, World{
		Disks: []Disk{{"vol-1", labels{"app": "shop", "tier": "data"}, ""}},
	}, []string{"policy data protects nothing in here, where no attached volume carries app=shop, tier=data:"}},
	"a database by its other name, in whatever case": {app, []plan.Policy{
		{Name: "orders", Database: &plan.Database{Instance: "Orders", Replica: "orders-2"}},
		{Name: "letters", Database: &plan.Database{Cluster: "letters"}},
	}, World{Named: []Named{
		{Instance, "orders", labels{"app": "shop"}}, {Instance, "orders-2", labels{"app": "shop"}}, {Cluster, "letters", labels{"app": "shop"}},
	}}, nil},
	"what Pilotlight restored": {app, nil, World{
		Servers: []Server{{"i-1", labels{"app": "shop", "pilotlight:plan": "shop"}, true}},
		Disks:   []Disk{{"vol-1", labels{"app": "shop", "pilotlight:source": "snap-1"}, "i-2"}},
	}, nil},
	"a disk that another tool snapshots": {app, []plan.Policy{{Name: "vault", Snapshots: app}}, World{
		Servers: []Server{{"i-1", labels{"app": "shop"}, true}},
		Disks:   []Disk{{"vol-1", labels{"app": "shop"}, "i-1"}},
		Adopted: map[string][]string{"vault": {"vol-1"}},
	}, nil},
	"names": {app, []plan.Policy{
		{Name: "orders", Database: &plan.Database{Instance: "orders"}},
		{Name: "up", Bucket: &plan.Bucket{Name: "up", Replica: "up-there"}},
		{Name: "carts", Table: &plan.Table{Name: "carts"}},
	}, World{Named: []Named{
		{Instance, "orders", labels{"app": "shop"}}, {Cluster, "orders", labels{"app": "shop"}},
		{Bucket, "up", labels{"app": "shop"}}, {Bucket, "up-there", labels{"app": "shop"}}, {Bucket, "logs", labels{"app": "shop"}},
		{Table, "carts", labels{"app": "shop"}}, {Table, "locks", labels{"app": "shop"}},
	}}, []string{
		"database cluster orders in here carries app=shop, and no policy names it: add one with database: {cluster: orders}",
		"bucket logs in here carries app=shop, and no policy names it: add one with bucket: {name: logs, replica:",
		"table locks in here carries app=shop, and no policy names it: add one with table: {name: locks}",
	}},
	"policies of nothing": {nil, []plan.Policy{data, web, {Name: "vault", Snapshots: app}, {Name: "carts", Table: &plan.Table{Name: "carts"}}}, World{
		Servers: []Server{{"i-1", labels{"tier": "web"}, false}}, // stopped: no image is made of it
		Disks:   []Disk{{"vol-1", labels{"app": "shop"}, "i-1"}},
	}, []string{
		"policy data protects nothing in here, where no attached volume carries app=shop, tier=data:",
		"policy web protects nothing in here, where no running instance carries tier=web:",
		"policy vault protects nothing in here, where no snapshot carries app=shop:",
	}},
}

func TestJudge_saysWhatIsNotProtectedAndWhatProtectsNothing(t *testing.T) {
	for name, c := range judgements {
		t.Run(name, func(t *testing.T) {
			c.world.Region = "here"
			got := Judge(c.covers, c.policies, c.world)
			if len(got) != len(c.want) {
				t.Fatalf("%d findings, want %d: %q", len(got), len(c.want), got)
			}
			for i := range got {
				if !strings.HasPrefix(string(got[i]), c.want[i]) {
					t.Errorf("finding %d\n got %s\nwant %s…", i, got[i], c.want[i])
				}
			}
		})
	}
}

func TestJudge_findsEachThingOnceWhateverItsPolicies(t *testing.T) {
	w := World{Region: "here"}
	for _, id := range []string{"a", "b", "c"} {
		w.Servers = append(w.Servers, Server{"i-" + id, labels{"app": "shop"}, true})
		w.Disks = append(w.Disks, Disk{"vol-" + id, labels{"app": "shop"}, "i-" + id}, Disk{"root-" + id, labels{"app": "shop"}, "i-" + id})
	}
	got := Judge(app, []plan.Policy{data, data}, w)
	if len(got) != 5 { // three servers, and the policy that stands there twice
		t.Errorf("%q", got)
	}
}
