package backlog

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func taken(volume string, age time.Duration, state lineage.State) lineage.Point {
	return lineage.Point{ID: volume + "@" + age.String(), Instance: "i-1", Origin: volume, TakenAt: now.Add(-age), State: state}
}

func TestDueInstances_looksAtEveryVolume(t *testing.T) {
	const every = 30 * time.Minute
	volumes := []Volume{{ID: "vol-1", Instance: "i-1"}, {ID: "vol-2", Instance: "i-1"}}
	for name, tt := range map[string]struct {
		points []lineage.Point
		due    bool
	}{
		"never taken":         {nil, true},
		"both fresh":          {[]lineage.Point{taken("vol-1", 10*time.Minute, lineage.Complete), taken("vol-2", 10*time.Minute, lineage.Complete)}, false},
		"one was attached":    {[]lineage.Point{taken("vol-1", 10*time.Minute, lineage.Complete)}, true},
		"both old":            {[]lineage.Point{taken("vol-1", time.Hour, lineage.Complete), taken("vol-2", time.Hour, lineage.Complete)}, true},
		"being taken":         {[]lineage.Point{taken("vol-1", time.Hour, lineage.Complete), taken("vol-2", time.Hour, lineage.Pending)}, false},
		"failed a moment ago": {[]lineage.Point{taken("vol-1", time.Minute, lineage.Complete), taken("vol-2", time.Minute, lineage.Failed)}, false},
		"failed a while ago":  {[]lineage.Point{taken("vol-1", 8*time.Minute, lineage.Complete), taken("vol-2", 8*time.Minute, lineage.Failed)}, true},
		"a tick early":        {[]lineage.Point{taken("vol-1", every-70*time.Second, lineage.Complete), taken("vol-2", every-70*time.Second, lineage.Complete)}, true},
		"two ticks early":     {[]lineage.Point{taken("vol-1", every-5*time.Minute, lineage.Complete), taken("vol-2", every-5*time.Minute, lineage.Complete)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DueInstances(volumes, tt.points, every, now); (len(got) == 1) != tt.due {
				t.Errorf("due: %v, want %v", got, tt.due)
			}
		})
	}
}

func TestDueInstances_doesNotDriftOnATenMinuteSchedule(t *testing.T) {
	volumes := []Volume{{ID: "vol-1", Instance: "i-1"}}
	var points []lineage.Point
	late := []time.Duration{0, 50 * time.Second, 5 * time.Second, 59 * time.Second, 0, 30 * time.Second}
	for tick := range 60 {
		at := now.Add(time.Duration(tick)*10*time.Minute + late[tick%len(late)])
		if len(DueInstances(volumes, points, 10*time.Minute, at)) != 1 {
			t.Fatalf("tick %d took nothing", tick)
		}
		points = append(points, lineage.Point{Instance: "i-1", Origin: "vol-1", TakenAt: at.Add(20 * time.Second), State: lineage.Complete})
	}
}

func TestDueInstances_putTheOneFirstThatHasWaitedLongest(t *testing.T) {
	volumes := []Volume{
		{ID: "vol-1", Instance: "i-1"}, {ID: "vol-2", Instance: "i-2"},
		{ID: "vol-3a", Instance: "i-3"}, {ID: "vol-3b", Instance: "i-3"}, {ID: "vol-4", Instance: "i-4"}, {ID: "vol-5", Instance: "i-5"},
	}
	points := []lineage.Point{
		taken("vol-1", 2*time.Hour, lineage.Complete), taken("vol-2", 3*time.Hour, lineage.Complete),
		taken("vol-3a", time.Hour, lineage.Complete), taken("vol-3b", 4*time.Hour, lineage.Complete),
	}
	want := []string{"i-4", "i-5", "i-3", "i-2", "i-1"}
	if diff := cmp.Diff(want, DueInstances(volumes, points, time.Hour, now)); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}
