// Package rehearsal plays a plan from its first recovery point to the report of
// its recovery, in a simulated AWS on loopback: the real functions, the state
// machine that is deployed, the schedules, the alarms, a disaster, and a shopper
// who measures it from outside.
//
// It runs the product and never models it. What is modelled is AWS: how long
// things take, and the disaster. The report says so.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/internal/inventory"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/internet"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/workload"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Progress is told what happens, as it happens.
type Progress interface {
	Say(line string)
	Step(name, kind, detail string, outcome report.Outcome)
	Struck(at time.Time)
}

// Options of a rehearsal. Root, Plan and Tell are required, and Scenario for Run.
type Options struct {
	Root     string // the repository
	Plan     *plan.Plan
	Scenario string
	// Tell makes the Progress, whose times are those of the given clock.
	Tell func(now func() time.Time) Progress
	Log  *slog.Logger // nil: silent
	// Unprotected strikes before the first recovery point is complete.
	Unprotected bool
	// Prepared is called before the first recovery point is taken, Before right
	// before the disaster strikes; nil: nothing. Tests inject faults with them.
	Prepared, Before func(*cloud.Cloud)
	// After is called when the run is over, before anything is measured; nil: nothing.
	After func(*cloud.Cloud)
	// Person answers what a run asks of people; nil: see Reluctant.
	Person Person
	// AfterDone is cloud.Options.AfterDone.
	AfterDone func(function string, payload []byte, again func() front.Result)
}

// rehearsal is one simulated AWS with the plan in it, and the scenario that is
// played there now.
type rehearsal struct {
	Options
	Progress
	cloud     *cloud.Cloud
	blueprint *blueprint.Blueprint
	ledger    *ledger.Ledger
	deployed  *deploy.Deployment
	workload  *workload.Workload
	shopper   *internet.Shopper // nil when the plan moves no traffic

	signals signals

	began     time.Time // real time
	scheduled time.Time // data time: when the schedules were made
	episode
}

// episode is one scenario, from its strike to its report.
type episode struct {
	scenario scenario
	on       *plan.Plan // as the scenario's run carries it out: see plan.On
	epoch    int64      // of the plan before the run

	before   inventory.Inventory          // what was in AWS
	home     map[string]map[string]string // by policy: the protected volumes, each with its instance
	struck   time.Time                    // data time
	dark     time.Time                    // when users noticed; zero: when it struck
	record   run.Record                   // the run, as the ledger last told it
	asked    map[string]time.Time         // of what the run asked people, since when
	alert    *run.Alert                   // what people are told of now, and asked; nil: nothing
	visits   internet.Visits              // from when users noticed until they were served; nil: they are not
	restored []restored                   // what the run made, as AWS has it
	said     map[string]report.Outcome    // last told of each step
	modelled []report.Duration            // what the rehearsal itself made take time
	notes    []string
	problems []string
	report   *report.Report
}

// Run plays one scenario to its report. Its error is about the rehearsal itself;
// how the recovery went is in the report.
func Run(ctx context.Context, o Options) (*report.Report, error) {
	reports, err := Play(ctx, o, o.Scenario)
	if len(reports) == 0 {
		return nil, err
	}
	return reports[0], err
}

// Play plays scenarios one after the other on the same simulated AWS, such as a
// power loss, the failback, and a power loss again. There is a report of each that
// came to its end.
func Play(ctx context.Context, o Options, names ...string) (reports []*report.Report, err error) {
	var all []scenario
	for n, name := range names {
		s, err := scenarioOf(name)
		if err != nil {
			return nil, err
		}
		if why := Unfit(o.Plan, name, names[:n]...); why != "" {
			return nil, fmt.Errorf("plan %s cannot be played in scenario %s: %s", o.Plan.Name, name, why)
		}
		all = append(all, s)
	}
	r, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = r.end(err) }() // also when a callback ends this goroutine
	err = r.play(r.build, r.watch, r.protect, r.open)
	for _, s := range all {
		if err != nil {
			break
		}
		err = r.play(r.begin(s), r.ready, r.strike, r.detect, r.recover, r.after, r.measure)
		if r.report != nil {
			reports = append(reports, r.report)
		}
	}
	return reports, err
}

func start(ctx context.Context, o Options) (*rehearsal, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Person == nil {
		o.Person = Reluctant
	}
	compiled, err := blueprint.Compile(o.Plan)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{
		Options: o, blueprint: compiled, began: time.Now(),
	}
	r.on = o.Plan
	if r.cloud, err = cloud.Start(ctx, cloud.Options{Root: o.Root, Log: o.Log, Accounts: accounts(o.Plan), AfterDone: o.AfterDone}); err != nil {
		return nil, err
	}
	r.ledger = ledger.New(r.cloud.As(role, o.Plan.Recovery))
	r.Progress = o.Tell(r.cloud.Clock.Now)
	return r, nil
}

// play does one act after the other. Each is over at once when the simulated AWS
// is gone, or nobody wants the rehearsal any more.
func (r *rehearsal) play(acts ...func(context.Context) error) error {
	for _, act := range acts {
		if err := act(r.cloud.Gone); err != nil {
			return err
		}
	}
	return nil
}

// end stops everything. Whatever failed when the simulated AWS was gone failed
// because of that.
func (r *rehearsal) end(err error) error {
	if r.shopper != nil {
		r.shopper.Stop()
	}
	closed := r.cloud.Close()
	if gone := context.Cause(r.cloud.Gone); !errors.Is(gone, cloud.ErrClosed) {
		err = gone
	}
	return errors.Join(err, closed)
}

// build deploys the plan and brings up the application that it is for.
func (r *rehearsal) build(ctx context.Context) error {
	r.Say("building and deploying the functions of plan " + r.Plan.Name)
	deployed, schedules, err := deploy.Apply(ctx, r.cloud, r.blueprint)
	if err != nil {
		return err
	}
	r.deployed = deployed
	r.Say("building the application in " + r.Plan.Primary + ", and what " + r.Plan.Recovery + " keeps")
	if r.workload, err = workload.Build(ctx, r.cloud, r.Plan, deployed.HealthCheck); err != nil {
		return err
	}
	r.scheduled = r.cloud.Clock.Now()
	r.cloud.Schedule(r.played(schedules))
	return nil
}

// open lets the shopper in and waits until he has seen that all is well.
func (r *rehearsal) open(ctx context.Context) error {
	if r.workload.Page == "" {
		r.Say("no step of the plan moves traffic: the outage cannot be measured")
		return nil
	}
	shopper, err := r.cloud.Internet.Shop(r.workload.Page)
	if err != nil {
		return err
	}
	r.shopper = shopper
	r.Say("a shopper asks for " + r.workload.Page + " every second")
	found, err := r.within(ctx, 10*time.Minute, func(context.Context) (bool, error) {
		return shopper.Visits().Served(), nil
	})
	if err == nil && !found {
		err = errors.New("the shopper did not find the shop open before the disaster")
	}
	return err
}

// begin makes everything ready for the next scenario.
func (r *rehearsal) begin(s scenario) func(context.Context) error {
	return func(ctx context.Context) error {
		state, _, err := r.ledger.State(ctx, r.Plan.Name)
		r.episode = episode{
			scenario: s, on: r.Plan.On(s.mode.Course()), epoch: state.Epoch,
			said: map[string]report.Outcome{}, asked: map[string]time.Time{}, home: map[string]map[string]string{},
		}
		if err != nil {
			return err
		}
		if r.before, err = r.stock(ctx); err != nil {
			return err
		}
		return r.lookHome(ctx)
	}
}

func (r *rehearsal) strike(ctx context.Context) error {
	if r.Before != nil {
		r.Before(r.cloud)
	}
	r.struck = r.cloud.Clock.Now()
	r.Struck(r.struck)
	r.Say(r.scenario.name + ": " + fmt.Sprintf(r.scenario.about, r.on.Primary))
	return r.scenario.strike(r, ctx)
}

// after is what happens when the run is over.
func (r *rehearsal) after(ctx context.Context) error {
	if r.After != nil {
		r.After(r.cloud)
	}
	if r.scenario.after == nil {
		return nil
	}
	return r.scenario.after(r, ctx)
}

// within looks again and again until done says so; false: it did not within that
// much data time.
func (r *rehearsal) within(ctx context.Context, limit time.Duration, done func(context.Context) (bool, error)) (bool, error) {
	const pause = 3 * time.Second // 50 ms of real time
	deadline := r.cloud.Clock.Now().Add(limit)
	for {
		ok, err := done(ctx)
		if err != nil || ok {
			return ok, err
		}
		if r.cloud.Clock.Now().After(deadline) {
			return false, nil
		}
		if err := r.cloud.Clock.Wait(ctx, pause); err != nil {
			return false, err
		}
	}
}

// problem notes something that a report must say, in a whole sentence.
func (r *rehearsal) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// note notes something that a reader should know and that is not wrong.
func (r *rehearsal) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}
