package decide

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/signal"
)

// The metrics of a plan's decisions: Decisions under the dimension DecisionVerdict,
// and IgnoredSignals, under IgnoredCause.
const (
	Decisions       = "Decisions"
	DecisionVerdict = "Verdict"
	IgnoredSignals  = "Ignored"
	IgnoredCause    = "Reason"
)

// Namespace is the plan's, of what was decided. Nothing hangs on it: see age.Namespace.
func Namespace(plan string) string { return "Pilotlight/" + plan + "/decisions" }

// count writes how often something was decided or ignored. A line that is lost costs a
// count and nothing else.
func (d Decider) count(plan string, verdict Verdict, ignored []signal.Ignored, now time.Time) {
	if d.Log == nil {
		return
	}
	var lines []byte
	if verdict != "" {
		lines = append(lines, line(plan, Decisions, DecisionVerdict, string(verdict), 1, now)...)
	}
	for _, cause := range []signal.Cause{signal.UnknownEvent, signal.Subscription, signal.OtherAlarm, signal.OtherRegion} {
		times := 0
		for _, i := range ignored {
			if i.Cause == cause {
				times++
			}
		}
		if times > 0 {
			lines = append(lines, line(plan, IgnoredSignals, IgnoredCause, string(cause), times, now)...)
		}
	}
	if _, err := d.Log.Write(lines); err != nil {
		slog.Warn("decisions were not counted", "plan", plan, "err", err)
	}
}

// line is a count in the embedded metric format, which CloudWatch Logs reads.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func line(plan, metric, dimension, of string, count int, now time.Time) []byte {
	raw, _ := json.Marshal(map[string]any{ // of texts and numbers: it cannot fail
		"plan": plan, metric: count, dimension: of,
		"_aws": map[string]any{
			"Timestamp": now.UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": Namespace(plan), "Dimensions": [][]string{{dimension}},
				"Metrics": []any{map[string]string{"Name": metric, "Unit": "Count"}},
			}},
		},
	})
	return append(raw, '\n')
}
