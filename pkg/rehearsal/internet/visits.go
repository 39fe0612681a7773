package internet

import (
	"slices"
	"time"
)

const (
	// outageMisses in a row make an outage. One miss of a second is what a busy
	// machine, or a lost packet, looks like.
	outageMisses = 3

	// recoveredAnswers good ones in a row end it: half a minute of data time.
	recoveredAnswers = 30
)

// Visit is one time the shopper asked for the page.
type Visit struct {
	At      time.Time // when it began, data time
	OK      bool      // a 2xx answer came in time
	Address string    // that the name resolved to; empty: it did not
	Status  int       // HTTP; 0: no answer
	Err     error     // nil when there was an answer
}

// Visits are in the order in which they began.
type Visits []Visit

// Segment is a stretch of visits with the same outcome and address.
type Segment struct {
	From, To time.Time // first and last visit's beginning
	OK       bool
	Address  string
	Visits   int
}

// Outage is the longest outage, or the one that has not ended. An outage lasts from the
// first of three misses in a row until the first of thirty good answers in a row, after
// which nobody is led any more to where pages were missed: of two sides that share the
// users one may go on answering. The RTO is to − from. ok is false while there is no such
// end; from is zero when there was no outage at all.
func (v Visits) Outage() (from, to time.Time, ok bool) {
	for at := 0; ; {
		begin, end := v.outage(at)
		switch {
		case begin < 0:
			return from, to, !from.IsZero()
		case end < 0:
			return v[begin].At, time.Time{}, false
		case v[end].At.Sub(v[begin].At) > to.Sub(from):
			from, to = v[begin].At, v[end].At
		}
		at = end
	}
}

// outage is where the next outage begins, and where it ends; -1: it does not.
func (v Visits) outage(at int) (begin, end int) {
	begin, found := v.run(at, outageMisses, false)
	if !found {
		return -1, -1
	}
	last := begin
	for i := begin; i < len(v); i++ {
		if !v[i].OK && v[i].Address == v[begin].Address && v[i].Address != "" {
			last = i
		}
	}
	after := begin
	if v.shared(begin, last) {
		after = last
	}
	if end, found = v.run(after, recoveredAnswers, true); !found {
		return begin, -1
	}
	return begin, end
}

// Served says whether users are served now: their outage has come to its end, or there
// was none and the last thirty answers were good.
func (v Visits) Served() bool {
	from, _, over := v.Outage()
	if !from.IsZero() {
		return over
	}
	last := max(0, len(v)-recoveredAnswers)
	return len(v) >= recoveredAnswers && v[last:].Misses() == 0
}

// shared says whether others were served elsewhere while pages were missed.
func (v Visits) shared(from, to int) bool {
	return slices.ContainsFunc(v[from:to+1], func(visit Visit) bool { return visit.OK && visit.Address != v[from].Address })
}

// run finds where the first unbroken run of n visits of one outcome begins.
func (v Visits) run(from, n int, ok bool) (int, bool) {
	length := 0
	for i := from; i < len(v); i++ {
		if v[i].OK != ok {
			length = 0
			continue
		}
		if length++; length == n {
			return i - n + 1, true
		}
	}
	return 0, false
}

// Since are the visits that began at a time or later.
func (v Visits) Since(at time.Time) Visits {
	i := slices.IndexFunc(v, func(visit Visit) bool { return !visit.At.Before(at) })
	if i < 0 {
		return nil
	}
	return v[i:]
}

// Misses counts the visits that got no good answer.
func (v Visits) Misses() int {
	misses := 0
	for _, visit := range v {
		if !visit.OK {
			misses++
		}
	}
	return misses
}

// Segments are the visits as a timeline shows them.
func (v Visits) Segments() []Segment {
	var segments []Segment
	for _, visit := range v {
		if n := len(segments) - 1; n >= 0 && segments[n].OK == visit.OK && segments[n].Address == visit.Address {
			segments[n].To = visit.At
			segments[n].Visits++
			continue
		}
		segments = append(segments, Segment{From: visit.At, To: visit.At, OK: visit.OK, Address: visit.Address, Visits: 1})
	}
	return segments
}
