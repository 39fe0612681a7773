package retention

import (
	"fmt"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// BenchmarkSelect judges 10,000 points: 100 volumes, one point of each an hour.
func BenchmarkSelect(b *testing.B) {
	var points []lineage.Point
	for i := range 10_000 {
		p := copyOf(fmt.Sprint(i), time.Duration(i/100)*time.Hour)
		p.Instance, p.Origin = fmt.Sprint("i-", i%100), fmt.Sprint("vol-", i%100)
		points = append(points, p)
	}
	rules := Rules{Keep: plan.Keep{Hourly: 24, Daily: 7, Weekly: 4, Monthly: 12}, RPO: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		Moves(Select(points, rules, now, Guards{}), now)
	}
}
