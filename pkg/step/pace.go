package step

import "time"

// Pace is how often a step is looked at: a share of its age after each look, so
// that one which takes long is noticed late by that share and no more, but never
// before Least and never after Most. The compiler chooses it, because it knows how
// many steps share an execution's history. All in seconds, Share in per cent; the
// zero value looks every second.
type Pace struct {
	Least int `json:"least"`
	Share int `json:"share"`
	Most  int `json:"most"`
}

// Wait is how long to wait before the next look at a step of that age, in seconds.
func (p Pace) Wait(age time.Duration) int {
	share := int(age/time.Second) * p.Share / 100
	return max(min(share, p.Most), p.Least, 1)
}
