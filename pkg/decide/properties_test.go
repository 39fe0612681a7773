package decide_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// span is a stretch of an alarm's life.
type span struct {
	from  time.Time
	state decide.AlarmState
}

// history is a random detection, and what its alarms do over a few hours.
type history struct {
	detect plan.Detect
	spans  [][]span // by alarm
	state  run.State
}

func newHistory(r *rand.Rand) history {
	votes := []plan.Vote{plan.Unknown, plan.Unknown, plan.Disaster, plan.Well}
	h := history{state: run.New("p"), detect: plan.Detect{
		Mode:     []plan.Mode{plan.Automatic, plan.ByApproval, plan.Manual}[r.IntN(3)],
		Hold:     plan.Duration(time.Duration(r.IntN(4)) * 3 * time.Minute),
		Cooldown: plan.Duration(time.Hour),
	}}
	if r.IntN(4) == 0 {
		h.detect.Windows = []plan.Window{{Days: []string{"sun"}, From: "13:00", To: "14:00"}}
	}
	states := []decide.AlarmState{decide.OK, decide.OK, decide.InAlarm, decide.InAlarm, decide.InsufficientData, decide.Unreadable}
	for i := range 1 + r.IntN(4) {
		h.detect.Alarms = append(h.detect.Alarms, plan.Alarm{Name: fmt.Sprintf("a%d", i), Region: "us-west-2", NoData: votes[r.IntN(4)], Unreadable: votes[r.IntN(4)]})
		spans := []span{{noon.Add(-time.Hour), decide.OK}}
		for at := noon; at.Before(noon.Add(4 * time.Hour)); {
			next := states[r.IntN(len(states))]
			if next != spans[len(spans)-1].state {
				spans = append(spans, span{at, next})
			}
			at = at.Add(time.Duration(1+r.IntN(40*60)) * time.Second)
		}
		h.spans = append(h.spans, spans)
	}
	h.detect.Quorum = 1 + r.IntN(len(h.detect.Alarms))
	switch r.IntN(6) {
	case 0:
		postures := []run.Posture{run.FailingOver, run.Active, run.FailingBack, run.NeedsPerson, run.Repairing}
		h.state.Posture = postures[r.IntN(len(postures))]
	case 1:
		h.state.Posture = run.Drilling
	case 2:
		h.state.End, h.state.Since, h.state.Run = run.Aborted, noon.Add(time.Duration(r.IntN(120))*time.Minute), "p-1"
	}
	return h
}

// at is what CloudWatch says of the alarms at a moment.
func (h history) at(now time.Time) []decide.Sight {
	var sights []decide.Sight
	for i, spans := range h.spans {
		sight, turns := decide.Sight{Alarm: h.detect.Alarms[i]}, 0
		for _, s := range spans {
			if s.from.After(now) {
				break
			}
			sight.State, sight.Since = s.state, s.from
			if s.state == decide.InAlarm && now.Sub(s.from) <= decide.FlapSpan {
				turns++
			}
		}
		switch sight.State {
		case decide.InAlarm: // whose history alone is asked for
			sight.Turns = turns
		case decide.Unreadable:
			sight.Since = time.Time{}
		}
		sights = append(sights, sight)
	}
	return sights
}

// votes counts the signals that say disaster, and have been in the state in which they
// say so for as long as hold; of what nobody can read, nobody knows.
func (h history) votes(sights []decide.Sight, hold time.Duration, now time.Time, counts func(plan.Alarm, decide.AlarmState) bool) int {
	n := 0
	for _, s := range sights {
		if counts(s.Alarm, s.State) && (s.State == decide.Unreadable || now.Sub(s.Since) >= hold) {
			n++
		}
	}
	return n
}

func forDisaster(a plan.Alarm, state decide.AlarmState) bool {
	return state == decide.InAlarm || state == decide.InsufficientData && a.NoData == plan.Disaster || state == decide.Unreadable && a.Unreadable == plan.Disaster
}

func (h history) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v, %s ended %q at %s\n", h.detect, h.state.Posture, h.state.End, h.state.Since)
	for i, spans := range h.spans {
		for _, s := range spans {
			fmt.Fprintf(&b, "  a%d %s %s\n", i, s.from.Format(time.TimeOnly), s.state)
		}
	}
	return b.String()
}

// moments are every minute, and every moment at which an alarm changes.
func (h history) moments() []time.Time {
	var all []time.Time
	for minute := range 4 * 60 {
		all = append(all, noon.Add(time.Duration(minute)*time.Minute))
	}
	for _, spans := range h.spans {
		for _, s := range spans {
			all = append(all, s.from)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func TestDecide_overRandomHistories(t *testing.T) {
	looks, verdicts := 0, map[decide.Verdict]int{}
	for seed := range uint64(600) {
		h := newHistory(rand.New(rand.NewPCG(seed, 5)))
		for _, now := range h.moments() {
			sights := h.at(now)
			got := decide.Decide(h.detect, h.state, decide.Count(h.detect, sights), nil, now)
			looks++
			verdicts[got.Verdict]++
			if broken := h.broken(got, sights, now); broken != "" {
				t.Fatalf("seed %d, %s: %s\n%+v\n%s", seed, now.Format(time.TimeOnly), broken, got, h)
			}
		}
	}
	t.Logf("%d looks: %v", looks, verdicts)
	for _, verdict := range []decide.Verdict{decide.Start, decide.AskApproval, decide.Hold, decide.Ignore} {
		if verdicts[verdict] < 1000 {
			t.Errorf("%s was decided %d times of %d: nothing was shown of it", verdict, verdicts[verdict], looks)
		}
	}
}

// broken is the promise that a decision breaks; empty: none.
func (h history) broken(got decide.Decision, sights []decide.Sight, now time.Time) string {
	hold := h.detect.Hold.D()
	ready := h.state.Posture == run.Standby || h.state.Posture == run.Drilling
	_, maintained := plan.Within(h.detect.Windows, now)
	cooling := h.state.End == run.Aborted && now.Sub(h.state.Since) < h.detect.Cooldown.D()
	lasted := h.votes(sights, hold, now, forDisaster) >= h.detect.Quorum
	alarming := slices.ContainsFunc(sights, func(s decide.Sight) bool {
		return s.State == decide.InAlarm && s.Turns < decide.Flaps && now.Sub(s.Since) >= hold
	})
	acts := got.Verdict == decide.Start || got.Verdict == decide.AskApproval
	switch {
	case got.Reason == "":
		return "no reason"
	case acts && !ready:
		return "acts in a posture that lets nothing start"
	case acts && h.votes(sights, 0, now, forDisaster) < h.detect.Quorum:
		return "acts below the quorum"
	case got.Verdict != decide.Start && !acts && ready && lasted && h.detect.Mode != plan.Manual:
		return "is silent, and the quorum has lasted"
	case !acts && ready && lasted && !got.Tell:
		return "tells nobody of a disaster in mode manual"
	case got.Verdict != decide.Start:
		return ""
	case h.detect.Mode != plan.Automatic:
		return "starts in mode " + string(h.detect.Mode)
	case maintained:
		return "starts in a maintenance window"
	case cooling:
		return "starts within the cooldown"
	case !lasted:
		return "starts before the quorum has lasted"
	case !alarming:
		return "starts without an alarm that is in ALARM for as long as hold and does not flap"
	case h.votes(sights, hold, now, func(a plan.Alarm, state decide.AlarmState) bool {
		return forDisaster(a, state) && state != decide.Unreadable
	}) < h.detect.Quorum:
		return "starts on a signal that nobody can read"
	}
	return ""
}
