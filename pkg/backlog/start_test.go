package backlog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// single is a source point of an instance with one volume of so many GiB.
func single(instance string, age time.Duration, gib int) lineage.Point {
	return lineage.Point{
		ID: instance + "@" + age.String(), Set: instance + age.String(), SetSize: 1, Instance: instance, Origin: "vol-" + instance,
		TakenAt: now.Add(-age), State: lineage.Complete, SizeGiB: gib,
	}
}

// took are complete copies of points that were in the making for so long.
func took(d time.Duration, points ...lineage.Point) []lineage.Point {
	copies := copied(lineage.Complete, points...)
	for i := range copies {
		copies[i].Done = copies[i].Started.Add(d)
	}
	return copies
}

var all = Room{Slots: Slots, Free: Slots, Speed: Together}

func ids(copies []Copy) string {
	var ids []string
	for _, c := range copies {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, " ")
}

func TestStart_beginsAsManyAsThereAreFreeSlots(t *testing.T) {
	var sources []lineage.Point
	for i := range 100 {
		sources = append(sources, single(fmt.Sprint("i-", i), time.Minute, 10))
	}
	missing := Missing(sources, nil, policy, now)
	for free, want := range map[int]int{20: 20, 8: 8, 0: 0, -3: 0, 200: 100} {
		if got := len(missing.Start(Room{Slots: 20, Free: free}, now)); got != want {
			t.Errorf("%d free slots: %d copies begun, want %d", free, got, want)
		}
	}
}

func TestMissing_beginsEarlierWhatTakesLonger(t *testing.T) {
	quick, slow := single("quick", 5*time.Minute, 500), single("slow", 5*time.Minute, 500)
	copies := append(
		took(2*time.Minute, single("quick", 41*time.Minute, 500)),
		took(12*time.Minute, single("slow", 40*time.Minute, 500))...,
	)
	got := Missing([]lineage.Point{quick, slow}, copies, policy, now)
	if ids(got.Wanted) != "slow@5m0s quick@5m0s" {
		t.Errorf("wanted %q", ids(got.Wanted))
	}
	if d := got.Wanted[1].Deadline; !d.Equal(now.Add(19 * time.Minute)) {
		t.Errorf("quick's RPO breaks at %s", d)
	}
}

func TestMissing_takesChangesToGrowWithTime(t *testing.T) {
	copies := append(took(3*time.Minute, single("i", 100*time.Minute, 4000)), took(4*time.Minute, single("i", 90*time.Minute, 4000))...)
	got := Missing([]lineage.Point{single("i", 60*time.Minute, 4000)}, copies, policy, now).Wanted[0]
	if got.Takes != 12*time.Minute {
		t.Errorf("takes %s, want three times the 4 minutes that a third of the changes took", got.Takes)
	}
}

func TestMissing_takesASecondCopyForSmallerThanTheFirst(t *testing.T) {
	first := single("i", time.Hour, 1000)
	got := Missing([]lineage.Point{first}, nil, policy, now).Wanted[0].Takes
	if want := time.Minute + 10240*time.Second; got != want {
		t.Errorf("the first takes %s, want %s: all of it at a slot's share of the speed", got, want)
	}
	got = Missing([]lineage.Point{single("i", time.Minute, 1000)}, took(4*time.Hour, first), policy, now).Wanted[0].Takes
	if want := time.Minute + 1024*time.Second; got != want {
		t.Errorf("the second takes %s, want %s", got, want)
	}
}

func TestStart_givesUpWhatCostsMostWhenNotAllCanBeInTime(t *testing.T) {
	var sources, copies []lineage.Point
	for i := range 10 {
		id := fmt.Sprint("i-", i)
		sources = append(sources, single(id, 5*time.Minute, 1000))
		takes := 5 * time.Minute
		if i < 2 {
			takes = 15 * time.Minute // two that ask for as much as six others
		}
		copies = append(copies, took(takes, single(id, 35*time.Minute, 1000))...)
	}
	// One slot and 25 minutes until all their RPOs break: five of those that take 5
	// minutes are in time, and the two that take 15 come after all of the others.
	got := ids(Missing(sources, copies, policy, now).Start(Room{Slots: 1, Free: 10}, now))
	if !strings.HasSuffix(got, "i-0@5m0s i-1@5m0s") {
		t.Errorf("begun %q, want the two that take longest last", got)
	}
	if n := strings.Count(got, "@"); n != 10 {
		t.Errorf("%d of 10 begun: a slot stays free while copies wait", n)
	}
}

func TestMissing_goesOnWithoutAPointThatCannotBeCopied(t *testing.T) {
	old, young := set("i1", "a", 40*time.Minute), set("i1", "b", 20*time.Minute)
	copies := slices.Concat(copied(lineage.Complete, old[0]), copied(lineage.Failed, old[1]))
	if got := ids(Missing(slices.Concat(old, young), copies, policy, now).Wanted); got != "i1/b/1 i1/b/2" {
		t.Errorf("wanted %q, want the newer set, whose points may be sound", got)
	}
}

func TestStart_asksForADurationOnlyWhenBestEffortWouldBreakTheRPO(t *testing.T) {
	day := Policy{Every: 2 * time.Hour, RPO: 6 * time.Hour}
	for name, tt := range map[string]struct {
		took  time.Duration // the copy before
		age   time.Duration // of its data
		speed int
		gib   int
		want  time.Duration
	}{
		"time enough":                         {took: time.Hour, age: 3 * time.Hour, speed: Together, gib: 500},
		"not enough":                          {took: 4 * time.Hour, age: 4 * time.Hour, speed: Together, gib: 500, want: 2 * time.Hour},
		"a step that fits":                    {took: 4 * time.Hour, age: 4*time.Hour + 5*time.Minute, speed: Together, gib: 500, want: 105 * time.Minute},
		"no less than AWS offers":             {took: 4 * time.Hour, age: 5*time.Hour + 55*time.Minute, speed: Together, gib: 500, want: 15 * time.Minute},
		"broken already":                      {took: 4 * time.Hour, age: 7 * time.Hour, speed: Together, gib: 500, want: 15 * time.Minute},
		"best effort is as fast":              {took: 14 * time.Minute, age: 7 * time.Hour, speed: Together, gib: 500},
		"all speed is promised":               {took: 4 * time.Hour, age: 4 * time.Hour, speed: 10, gib: 500},
		"nothing is known of the data's size": {took: 4 * time.Hour, age: 4 * time.Hour, speed: Together},
	} {
		t.Run(name, func(t *testing.T) {
			source := single("i", tt.age-2*time.Hour, tt.gib)
			missing := Missing([]lineage.Point{source}, copied(lineage.Complete, single("i", tt.age, tt.gib)), day, now)
			missing.Wanted[0].Takes = tt.took
			if got := missing.Start(Room{Slots: 20, Free: 20, Speed: tt.speed}, now)[0].Within; got != tt.want {
				t.Errorf("within %s, want %s", got, tt.want)
			}
		})
	}
}

// Whatever is missing: no slot stays free while a copy waits, nothing is begun
// twice, a duration is one that AWS offers, and the order of the listing is no
// matter.
func TestStart_holdsItsPromisesForRandomBacklogs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, i))
		var sources, copies []lineage.Point
		for n := range r.IntN(40) {
			id := fmt.Sprint("i-", n)
			sources = append(sources, single(id, time.Duration(r.IntN(90))*time.Minute, 1+r.IntN(4000)))
			if r.IntN(4) > 0 {
				copies = append(copies, took(time.Duration(r.IntN(200))*time.Minute, single(id, time.Duration(60+r.IntN(120))*time.Minute, 1+r.IntN(4000)))...)
			}
		}
		room := Room{Slots: r.IntN(21), Free: r.IntN(21), Speed: r.IntN(2001)}
		missing := Missing(sources, copies, policy, now)
		begun := missing.Start(room, now)
		if want := min(room.Free, len(missing.Wanted)); len(begun) != want {
			t.Fatalf("backlog %d: %d begun, want %d", i, len(begun), want)
		}
		seen, promised := map[string]bool{}, 0
		for _, c := range begun {
			if seen[c.Line()] {
				t.Fatalf("backlog %d: two copies of %s", i, c.Line())
			}
			seen[c.Line()] = true
			if c.Within == 0 {
				continue
			}
			promised += Promised(c.SizeGiB, c.Within)
			if c.Within < shortest || c.Within > longest || c.Within%step != 0 || promised > room.Speed {
				t.Fatalf("backlog %d: within %s, %d of %d MiB/s promised", i, c.Within, promised, room.Speed)
			}
		}
		r.Shuffle(len(sources), func(a, b int) { sources[a], sources[b] = sources[b], sources[a] })
		r.Shuffle(len(copies), func(a, b int) { copies[a], copies[b] = copies[b], copies[a] })
		again := Missing(sources, copies, policy, now).Start(room, now)
		if diff := cmp.Diff(ids(begun), ids(again)); diff != "" {
			t.Fatalf("backlog %d: the order of the points matters (-before +after):\n%s", i, diff)
		}
	}
}

func BenchmarkPass(b *testing.B) {
	var sources, copies []lineage.Point
	for n := range 2500 {
		id := fmt.Sprint("i-", n)
		for age := range 2 {
			p := single(id, time.Duration(age)*30*time.Minute, 100)
			sources = append(sources, p)
			copies = append(copies, took(5*time.Minute, single(id, time.Duration(age+1)*30*time.Minute, 100))...)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Missing(sources, copies, policy, now).Start(all, now)
	}
}
