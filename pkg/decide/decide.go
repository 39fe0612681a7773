// Package decide answers whether a plan's failover starts now. Decide is pure;
// Decider re-reads the world for it, takes the lock when the answer is Start and
// sees to it that exactly one execution exists for one epoch.
//
// It does not wait and does not retry: the next event or tick looks again.
package decide

import (
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Verdict is a decision.
type Verdict string

// Start a run; AskApproval: a person decides; Hold: something is wrong but not enough
// of it, or not for long enough; Ignore: nothing to do.
const (
	Start       Verdict = "Start"
	AskApproval Verdict = "AskApproval"
	Hold        Verdict = "Hold"
	Ignore      Verdict = "Ignore"
)

// Decision is a verdict and why.
type Decision struct {
	Verdict Verdict
	Reason  string
	// Tell: people are to hear of it, though nothing is asked.
	Tell bool
}

// Decide says whether the plan's failover starts, and why. Objections are what speaks
// against a start that no person has looked at. A drill stands in nobody's way.
//
// What has lasted leads to Start or AskApproval, never to silence.
func Decide(detect plan.Detect, state run.State, seen Tally, objections []string, now time.Time) Decision {
	switch {
	case state.Posture != run.Standby && state.Posture != run.Drilling:
		return Decision{Verdict: Ignore, Reason: fmt.Sprintf("the plan is %s", state.Posture)}
	case len(detect.Alarms) == 0:
		return Decision{Verdict: Ignore, Reason: "the plan has no signals: a person starts its runs"}
	case seen.Disaster == 0 && seen.Unknown < seen.Quorum:
		return Decision{Verdict: Ignore, Reason: seen.Text}
	case !seen.Enough():
		return Decision{Verdict: Hold, Reason: seen.Text}
	case !lasted(seen.Reached, detect.Hold, now):
		return Decision{Verdict: Hold, Reason: fmt.Sprintf("%s; it must last %s, until %s", seen.Text, detect.Hold, seen.Reached.Add(detect.Hold.D()).UTC().Format(time.TimeOnly))}
	case detect.Mode == plan.Manual:
		return Decision{Verdict: Hold, Reason: seen.Text + "; mode is manual: a person starts the run", Tell: true}
	}
	if against := append(doubts(detect, state, seen, now), objections...); len(against) > 0 {
		return Decision{Verdict: AskApproval, Reason: seen.Text + "; nothing starts by itself: " + strings.Join(against, "; ")}
	}
	return Decision{Verdict: Start, Reason: seen.Text}
}

func lasted(since time.Time, hold plan.Duration, now time.Time) bool {
	return now.Sub(since) >= hold.D()
}

// doubts are why a disaster that has lasted is asked about all the same.
func doubts(detect plan.Detect, state run.State, seen Tally, now time.Time) []string {
	var against []string
	if detect.Mode == plan.ByApproval {
		against = append(against, "mode is approve")
	}
	if seen.Steady.IsZero() || !lasted(seen.Steady, detect.Hold, now) {
		against = append(against, "signals that flap, or that nobody can read, or that have no data, are needed for the quorum")
	}
	if state.End == run.Aborted && !state.Since.IsZero() && now.Sub(state.Since) < detect.Cooldown.D() {
		against = append(against, fmt.Sprintf("run %s was aborted at %s, and the cooldown is %s", state.Run, state.Since.UTC().Format(time.RFC3339), detect.Cooldown))
	}
	if w, ok := plan.Within(detect.Windows, now); ok {
		against = append(against, "it is a maintenance window: "+w.String())
	}
	return against
}
