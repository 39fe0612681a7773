package internet

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// walk is one visit a second from noon: '.' good, 'x' missed.
func walk(pattern string) Visits {
	var v Visits
	for n, c := range pattern {
		v = append(v, Visit{At: noon.Add(time.Duration(n) * time.Second), OK: c == '.'})
	}
	return v
}

func TestOutage_lastsFromTheFirstMissToTheFirstOfThirtyGoodAnswers(t *testing.T) {
	good := strings.Repeat(".", recoveredAnswers)
	for _, c := range []struct {
		name, pattern string
		from, to      int // seconds; -1: none
	}{
		{"no miss", good, -1, -1},
		{"isolated misses are no outage", "..x..xx.." + good, -1, -1},
		{"three misses are one", "..xxx" + good, 2, 5},
		{"an isolated miss before does not begin it", "x..xxx" + good, 3, 6},
		{"good answers in between do not end it", "xxx....xxx" + good, 0, 10},
		{"one miss in the thirty starts them again", "xxx" + good[1:] + "x" + good, 0, 3 + recoveredAnswers},
		{"the longest of two", "xxx" + good + "xxxxx" + good, 3 + recoveredAnswers, 8 + recoveredAnswers},
		{"the longer one came first", "xxxxx" + good + "xxx" + good, 0, 5},
		{"out again", "xxxxxxx" + good + "xxx", 7 + recoveredAnswers, -1},
		{"still out", "..xxxxxx", 2, -1},
		{"not yet sure", "xxx" + good[1:], 0, -1},
	} {
		from, to, ok := walk(c.pattern).Outage()
		second := func(t time.Time) int {
			if t.IsZero() {
				return -1
			}
			return int(t.Sub(noon) / time.Second)
		}
		if second(from) != c.from || second(to) != c.to || ok != (c.to >= 0) {
			t.Errorf("%s: %d to %d, %v; want %d to %d", c.name, second(from), second(to), ok, c.from, c.to)
		}
	}
}

func TestServed_isWhoMissesNothingAnyMore(t *testing.T) {
	good := strings.Repeat(".", recoveredAnswers)
	for pattern, want := range map[string]bool{
		"":                      false,
		good:                    true,
		good[1:]:                false,
		"x." + good:             true,
		good + "x":              false,
		good[1:] + "x" + good:   true,
		good + "xxx":            false,
		good + "xxx" + good[1:]: false,
		good + "xxx" + good:     true,
		"xxx" + good + "x":      true, // its end is known
	} {
		if got := walk(pattern).Served(); got != want {
			t.Errorf("%q: %t", pattern, got)
		}
	}
}

func TestSegments_joinWhatLooksTheSame(t *testing.T) {
	v := walk("..xx..")
	for n := range v {
		v[n].Address = "192.0.2.1"
	}
	v[5].Address = "198.51.100.1"
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	want := []Segment{
		{From: at(0), To: at(1), OK: true, Address: "192.0.2.1", Visits: 2},
		{From: at(2), To: at(3), Address: "192.0.2.1", Visits: 2},
		{From: at(4), To: at(4), OK: true, Address: "192.0.2.1", Visits: 1},
		{From: at(5), To: at(5), OK: true, Address: "198.51.100.1", Visits: 1},
	}
	if diff := cmp.Diff(want, v.Segments()); diff != "" {
		t.Error(diff)
	}
	if v.Misses() != 2 {
		t.Errorf("misses: %d", v.Misses())
	}
}

func TestSince_leavesOutWhatBeganBefore(t *testing.T) {
	all := walk("....xx..")
	for name, c := range map[string]struct {
		at   time.Time
		want int
	}{
		"all":              {all[0].At, 8},
		"the last two":     {all[6].At, 2},
		"between two":      {all[6].At.Add(-time.Millisecond), 2},
		"after the last":   {all[7].At.Add(time.Second), 0},
		"before the first": {all[0].At.Add(-time.Hour), 8},
	} {
		if got := len(all.Since(c.at)); got != c.want {
			t.Errorf("%s: %d visits, want %d", name, got, c.want)
		}
	}
}
