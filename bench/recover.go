package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pilotlight/pilotlight/internal/discrete"
	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// How long AWS takes for what steps wait for, from the quickest to the slowest: a
// parameter, an address, an instance, its checks, a promotion, an image, a restore.
// Each is drawn up to a quarter longer or shorter.
var actions = []time.Duration{
	time.Second, 20 * time.Second, 45 * time.Second, 2 * time.Minute, 4 * time.Minute,
	7 * time.Minute, 12 * time.Minute, 25 * time.Minute,
}

// invocation is what a warm function takes for its few calls.
const invocation = 300 * time.Millisecond

// mostEvents of an execution's history:
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const mostEvents = 25_000

// orchestration measures what the compiled machine adds to what AWS takes: the
// run's makespan over the critical path of the steps' durations, waits between
// looks included, on plans of 50 steps in series and parallel groups of any depth.
func orchestration(out figures) error {
	const plans = 300
	slog.SetLogLoggerLevel(slog.LevelError)
	sum, worst := 0.0, 0.0
	for seed := range uint64(plans) {
		p, durations := drawn(rand.New(rand.NewPCG(seed, 4)), 50)
		outcome, err := played(p, durations)
		if err != nil {
			return fmt.Errorf("plan %d: %w", seed, err)
		}
		ratio := outcome.Took.Seconds() / critical(p.Recover, durations).Seconds()
		sum, worst = sum+ratio, max(worst, ratio)
	}
	out.set("recover.overhead", math.Round(1000*sum/plans)/1000)
	out.set("recover.overheadWorst", math.Round(1000*worst)/1000)
	return longRun(out)
}

// longRun counts the history events of twelve hours with 60 steps: one after the
// other, and as many at once as are worst.
func longRun(out figures) error {
	const steps, hours = 60, 12 * time.Hour
	worst := 0
	for _, width := range []int{1, 2, 4, 10, 30, steps} {
		p, durations := grid(steps, width, hours)
		outcome, err := played(p, durations)
		if err != nil {
			return fmt.Errorf("%d steps at once: %w", width, err)
		}
		late := outcome.Took - hours
		fmt.Printf("  %2d steps at once for 12 h: %5d events, %s late\n", width, outcome.Events, late.Round(time.Second))
		worst = max(worst, outcome.Events)
	}
	out.set("recover.events12h", worst)
	if worst >= mostEvents {
		return fmt.Errorf("a run of 12 hours has %d events; Step Functions allows %d", worst, mostEvents)
	}
	return nil
}

// grid is a plan of so many steps, width of them at once, that takes that long.
func grid(steps, width int, long time.Duration) (*plan.Plan, map[string]time.Duration) {
	each := long / time.Duration(steps/width)
	durations := map[string]time.Duration{}
	var branches [][]plan.Step
	for range width {
		var branch []plan.Step
		for range steps / width {
			branch = append(branch, waiting(durations, each))
		}
		branches = append(branches, branch)
	}
	p := skeleton()
	if p.Recover = branches[0]; width > 1 {
		p.Recover = []plan.Step{{Parallel: branches}}
	}
	return p, durations
}

// drawn is a plan of n steps: a sequence of steps and groups, whose branches are
// such sequences again.
func drawn(r *rand.Rand, n int) (*plan.Plan, map[string]time.Duration) {
	durations := map[string]time.Duration{}
	var sequence func(n, depth int) []plan.Step
	sequence = func(n, depth int) []plan.Step {
		var steps []plan.Step
		for n > 0 {
			width := 2 + r.IntN(3)
			if depth == 0 || n < width || r.IntN(3) > 0 {
				long := float64(actions[r.IntN(len(actions))]) * (0.75 + r.Float64()/2)
				steps = append(steps, waiting(durations, time.Duration(long).Round(time.Second)))
				n--
				continue
			}
			inside := min(n, width+r.IntN(3*width))
			n -= inside
			var branches [][]plan.Step
			for i := range width {
				share := inside/width + min(1, max(0, inside%width-i))
				branches = append(branches, sequence(share, depth-1))
			}
			steps = append(steps, plan.Step{Parallel: branches})
		}
		return steps
	}
	p := skeleton()
	p.Recover = sequence(n, 3)
	return p, durations
}

func skeleton() *plan.Plan {
	return &plan.Plan{Name: "bench", Primary: "us-east-1", Recovery: "us-west-2"}
}

// waiting is a step that is done when AWS has taken that long.
func waiting(durations map[string]time.Duration, long time.Duration) plan.Step {
	id := fmt.Sprintf("step-%d", len(durations)+1)
	durations[id] = long
	timeout := max(plan.DefaultTimeout, plan.Duration(long+long/2))
	return plan.Step{ID: id, Kind: plan.KindVerify, Timeout: timeout, OnFailure: plan.Pause, Spec: &plan.Verify{}}
}

// critical is the longest chain of durations.
func critical(steps []plan.Step, durations map[string]time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, s := range steps {
		longest := durations[s.ID]
		for _, branch := range s.Parallel {
			longest = max(longest, critical(branch, durations))
		}
		sum += longest
	}
	return sum
}

// modelled is a step kind that waits for AWS.
type modelled map[string]time.Duration

func (m modelled) Check(context.Context, step.Run, plan.Verify) ([]string, error) { return nil, nil }

func (m modelled) Advance(_ context.Context, r step.Run, _ plan.Verify) (step.Progress, error) {
	return step.Progress{Done: r.Now.Sub(r.Began) >= m[r.Step], Detail: "waiting for AWS"}, nil
}

func (m modelled) Undo(context.Context, step.Run, plan.Verify) (step.Progress, error) {
	return step.Nothing("nothing was made"), nil
}

// played runs the compiled machine with the product's own handlers.
func played(p *plan.Plan, durations map[string]time.Duration) (discrete.Outcome, error) {
	definition, err := workflow.Compile(p, plan.CourseRecover)
	if err != nil {
		return discrete.Outcome{}, err
	}
	machine, err := discrete.Parse(definition)
	if err != nil {
		return discrete.Outcome{}, err
	}
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	book := ledgertest.New(began)
	state, err := run.New(p.Name).Start(run.Order{Reason: "bench"}, began)
	if err != nil {
		return discrete.Outcome{}, err
	}
	book.Set(state)
	functions := map[string]func(context.Context, json.RawMessage) (any, error){
		"OpenRun":  plainly(opening.Handler(book, nil, nil)),
		"CloseRun": plainly(closing.Handler(book)),
		"Verify":   plainly(step.Handler(book, func(string) modelled { return durations })),
	}
	outcome, err := machine.Run(state.Run, began, func(name string, payload []byte, at time.Time) ([]byte, *failure.Caught, time.Duration) {
		book.At(at)
		answer, err := functions[name](context.Background(), payload)
		if err != nil {
			return nil, &failure.Caught{Error: string(failure.ClassOf(err)), Cause: err.Error()}, invocation
		}
		raw, err := json.Marshal(answer)
		if err != nil {
			return nil, &failure.Caught{Error: "Runtime.MarshalError", Cause: err.Error()}, invocation
		}
		return raw, nil, invocation
	})
	if err == nil && outcome.End != string(run.Recovered) {
		err = fmt.Errorf("ended %s: %+v", outcome.End, outcome.Failed)
	}
	return outcome, err
}

func plainly[Out any](handle func(context.Context, json.RawMessage) (Out, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, raw json.RawMessage) (any, error) { return handle(ctx, raw) }
}
