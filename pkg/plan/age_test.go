package plan

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestTransfer_takesTheSetupOfItsRoundsAndTheTimeOfItsData(t *testing.T) {
	for _, c := range []struct {
		sources int
		gib     float64
		want    Duration
	}{
		{1, 1, 2 * minute},         // 1m + 2s at the 500 MiB/s of one copy, in whole minutes
		{1, 500, 19 * minute},      // 1m + 17m4s
		{4, 500, 6 * minute},       // 1m + 4m16s: four copies have 2000 MiB/s together
		{20, 500, 6 * minute},      // and no more of them has more
		{21, 500, 7 * minute},      // but a second round
		{100, 1500, 18 * minute},   // five rounds + 12m48s
		{5000, 5000, 293 * minute}, // 250 rounds + 42m40s
	} {
		transfer := Transfer{Sources: c.sources, GiB: c.gib}
		if got := transfer.Time(); got != c.want {
			t.Errorf("%s takes %s, want %s", transfer, got, c.want)
		}
	}
}

func TestExpect_carriesWhatChangedAndAtFirstEverything(t *testing.T) {
	e := Expect{Sources: 100, GiB: 500, Change: 3}
	if each, whole := e.Each(), e.Whole(); each != (Transfer{100, 1500}) || whole != (Transfer{100, 50000}) {
		t.Errorf("each %+v, whole %+v", each, whole)
	}
}

func TestHealthyAge_isWhatAHealthyScheduleShowsOfEachKind(t *testing.T) {
	tags := &Selector{Tags: map[string]string{"app": "x"}}
	for name, c := range map[string]struct {
		policy Policy
		want   Duration
	}{
		"volumes": {Policy{Volumes: tags, Every: 30 * minute}, 55 * minute},
		"volumes that take longer to copy": {Policy{Volumes: tags, Every: 30 * minute, Expect: &Expect{100, 500, 3}},
			30*minute + 15*minute + 18*minute + 5*minute},
		"volumes that take longer than the interval": {Policy{Volumes: tags, Every: 10 * minute, Expect: &Expect{100, 500, 3}},
			18*minute + 15*minute + 18*minute + 5*minute},
		"database by snapshots": {Policy{Database: &Database{Cluster: "x", By: Snapshots}, Every: 60 * minute}, 85 * minute},
		"database by backups":   {Policy{Database: &Database{Instance: "x", By: Backups}, Every: PassEvery}, 35 * minute},
		"bucket":                {Policy{Bucket: &Bucket{}, Every: PassEvery}, 20 * minute},
		"table":                 {Policy{Table: &Table{}, Every: PassEvery}, 10 * minute},
	} {
		if got := c.policy.HealthyAge(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Whatever a policy expects, the arithmetic is finite, and the size that is
// proposed to one that cannot be met would do.
func TestMostGiB_isASizeWithWhichTheObjectiveHolds(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	proposed := 0
	for range 100_000 {
		p := Policy{
			Volumes: &Selector{}, Every: Duration(5+r.IntN(600)) * minute, RPO: Duration(1+r.IntN(100_000)) * second,
			Expect: &Expect{Sources: 1 + r.IntN(1<<r.IntN(40)), GiB: 1 + r.IntN(1<<r.IntN(40)), Change: 100 * (1 - r.Float64())},
		}
		before := p.Oldest()
		if before <= 0 || before > 3*longest {
			t.Fatalf("%+v of %+v is %s old", p, *p.Expect, before)
		}
		if before <= p.RPO {
			continue
		}
		if p.Expect.GiB = p.mostGiB(); p.Expect.GiB > 0 {
			proposed++
			if after := p.Oldest(); after > p.RPO || after > before {
				t.Fatalf("%+v of %+v is %s old, before %s", p, *p.Expect, after, before)
			}
		}
	}
	if proposed == 0 {
		t.Error("no size was ever proposed")
	}
}
