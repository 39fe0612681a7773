package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Leftover is one thing that a drill made and that is still there.
type Leftover struct {
	Resource string    `json:"resource"`         // ARN; of EC2's, type and id
	Run      string    `json:"run"`              // the drill
	Step     string    `json:"step,omitempty"`   // empty: its tags do not say
	Expires  time.Time `json:"expires,omitzero"` // zero: its tags do not say
}

func (l Leftover) String() string {
	return fmt.Sprintf("%s of step %s of drill %s is still there", l.Resource, l.Step, l.Run)
}

// Leftovers is the metric of what is still there after its time, and of drills that
// could not be taken back.
const Leftovers = "DrillLeftovers"

// Namespace is the plan's for its drills.
func Namespace(plan string) string { return "Pilotlight/" + plan + "/drills" }

// Stale are the leftovers whose time is over and whose drill does not go on. One
// that does not say when its time is over is stale.
func Stale(all []Leftover, state run.State, now time.Time) []Leftover {
	stale := []Leftover{}
	for _, l := range all {
		if state.Holds(l.Run) != nil && !now.Before(l.Expires) {
			stale = append(stale, l)
		}
	}
	return stale
}

// report says what is still there. It never deletes: whose step could not take it
// back, or whose step nobody knows any more, is for a person to look at.
func (r Reaper) report(ctx context.Context, request Request, state run.State, now time.Time, answer Answer) (Answer, error) {
	all, err := r.Remains.List(ctx, request.Recovery, request.Plan)
	if err != nil {
		return answer, fmt.Errorf("look for what drills of plan %s have left: %w", request.Plan, err)
	}
	answer.Leftovers = Stale(all, state, now)
	for _, l := range answer.Leftovers {
		slog.WarnContext(ctx, "left by a drill", "plan", request.Plan, "run", l.Run, "step", l.Step, "resource", l.Resource, "expired", l.Expires)
	}
	line, err := line(request.Plan, len(answer.Leftovers), now)
	if err != nil {
		return answer, err
	}
	_, err = r.Out.Write(append(line, '\n'))
	return answer, err
}

// line is the metric in the embedded format, which CloudWatch Logs reads.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func line(plan string, leftovers int, now time.Time) ([]byte, error) {
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	return json.Marshal(map[string]any{
		"plan": plan, Leftovers: leftovers,
		"_aws": map[string]any{
			"Timestamp":         now.UnixMilli(),
			"CloudWatchMetrics": []directive{{Namespace(plan), [][]string{{}}, []metric{{Leftovers, "Count"}}}},
		},
	})
}
