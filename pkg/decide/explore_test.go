package decide_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Two invocations of the real Handle at once, in every order in which their calls can
// reach the ledger, Step Functions and people, each of them dying before or after any
// of its calls. What only reads CloudWatch, or what was noted before, commutes with
// everything and is not told apart.
//
// After each schedule ticks come, as they do every minute. Then there is exactly one
// execution, of the lock's run and with its input, and one entry that says so; and
// nothing that a person answered is lost.
func TestHandle_inEveryOrderOfTwoAtOnce(t *testing.T) {
	quiet(t)
	for name, c := range map[string]concurrence{
		"two nudges":                         {inputs: [2]string{tickNow, tickNow}},
		"a nudge and a person":               {inputs: [2]string{tickNow, byPerson}},
		"a lost start, found by two":         {inputs: [2]string{tickNow, tickNow}, before: lostStart},
		"a disaster in the middle of drills": {inputs: [2]string{tickNow, tickNow}, before: aDrill, first: 1},
		"a yes, seen by two":                 {inputs: [2]string{askNow, askNow}, before: aYes},
	} {
		t.Run(name, func(t *testing.T) {
			schedules := 0
			for next := []int{}; next != nil; schedules++ {
				next = c.play(t, next)
			}
			t.Logf("%d schedules", schedules)
			if schedules < 500 {
				t.Errorf("%d schedules: too few to show anything", schedules)
			}
		})
	}
}

const (
	tickNow  = `{"plan":"p","detect":{"mode":"automatic","alarms":[{"name":"down","region":"us-west-2"}]},"notify":"on-call"}`
	askNow   = `{"plan":"p","detect":{"mode":"approve","alarms":[{"name":"down","region":"us-west-2"}]},"notify":"on-call"}`
	byPerson = `{"plan":"p","detect":{"mode":"manual","alarms":[]},"manual":{"reason":"the region is gone"}}`
)

// concurrence is two invocations, and what was before.
type concurrence struct {
	inputs [2]string
	before func(*testing.T, *ledgertest.Ledger, *sky)
	first  int64 // the epoch before the run that is to start
}

func lostStart(t *testing.T, book *ledgertest.Ledger, _ *sky) {
	state, err := run.New("p").Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(state)
}

func aDrill(t *testing.T, book *ledgertest.Ledger, above *sky) {
	state, err := run.New("p").Start(run.Order{Mode: run.Drill, Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(state.Opened())
	above.started[state.Run] = state
}

func aYes(t *testing.T, book *ledgertest.Ledger, _ *sky) {
	state := run.New("p").Warned("a test", time.Hour, noon).Told()
	book.Set(state)
	if _, err := book.Say(t.Context(), "p", run.Answer{Run: state.Alert.Run, Step: run.Question, Attempt: state.Alert.Number, Word: run.SayYes, By: "ada", At: noon}); err != nil {
		t.Fatal(err)
	}
}

// quiet keeps the log of many thousand decisions out of the test's.
func quiet(t *testing.T) {
	loud := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() { slog.SetDefault(loud) })
}

var errDied = errors.New("the process is gone")

// fate is what becomes of a call.
type fate int

const (
	done fate = iota
	diesBefore
	diesAfter
	fates
)

// process is one invocation. It stops at each of its calls until it hears the fate.
type process struct {
	at   chan bool // true: it waits at a call; false: it is over
	hear chan fate
	dead bool
}

func (p *process) call(do func() error) error {
	if p.dead {
		return errDied
	}
	p.at <- true
	switch <-p.hear {
	case diesBefore:
		p.dead = true
		return errDied
	case diesAfter:
		p.dead = true
		if err := do(); err != nil {
			return err
		}
		return errDied
	}
	return do()
}

// play plays one schedule: the choices given, and then always the first. It answers
// the choices of the next schedule; nil after the last one.
func (c concurrence) play(t *testing.T, choices []int) []int {
	t.Helper()
	book, above, decider := newWorld(t)
	book.Set(run.New("p"))
	if c.before != nil {
		c.before(t, book, above)
	}
	var alive []*process
	for _, input := range c.inputs {
		p := &process{at: make(chan bool), hear: make(chan fate)}
		go func() {
			own := decide.Decider{Ledger: slowly{book, p}, Alarms: above, Executions: slowly{above, p}.sky(), People: slowly{above, p}.sky()}
			_, err := own.Handle(t.Context(), json.RawMessage(input))
			if err != nil && !errors.Is(err, errDied) {
				t.Errorf("schedule %v: %v", choices, err)
			}
			p.at <- false
		}()
		if <-p.at {
			alive = append(alive, p)
		}
	}
	var taken, options []int
	for step := 0; len(alive) > 0; step++ {
		n := len(alive) * int(fates)
		choice := 0
		if step < len(choices) {
			choice = choices[step]
		}
		taken, options = append(taken, choice), append(options, n)
		who := choice / int(fates)
		alive[who].hear <- fate(choice % int(fates))
		if !<-alive[who].at {
			alive = append(alive[:who:who], alive[who+1:]...)
		}
	}
	c.settled(t, taken, book, above, decider)
	for last := len(taken) - 1; last >= 0; last-- {
		if taken[last]+1 < options[last] {
			return append(taken[:last:last], taken[last]+1)
		}
	}
	return nil
}

// settled lets ticks come, and looks at what there is then.
func (c concurrence) settled(t *testing.T, schedule []int, book *ledgertest.Ledger, above *sky, decider decide.Decider) {
	t.Helper()
	for range 3 {
		book.Wait(time.Minute)
		if _, err := decider.Handle(t.Context(), json.RawMessage(c.inputs[0])); err != nil {
			t.Fatalf("schedule %v, a tick: %v", schedule, err)
		}
	}
	state, want := book.Of("p"), run.Name("p", c.first+1)
	execution, ok := above.started[want]
	if !ok || int64(len(above.started)) != c.first+1 || execution.Input != state.Input || state.Run != want || state.Posture != run.FailingOver {
		t.Fatalf("schedule %v: executions %v; the state is %+v", schedule, above.started, state)
	}
	if n := starts(book, want); n != 1 {
		t.Fatalf("schedule %v: %d entries say that %s was started", schedule, n, want)
	}
}

// slowly is a world in which a process stops at each call that others can see.
type slowly struct {
	of any
	p  *process
}

func (s slowly) book() *ledgertest.Ledger { return s.of.(*ledgertest.Ledger) }

func (s slowly) State(ctx context.Context, plan string) (state run.State, now time.Time, err error) {
	err = s.p.call(func() error { state, now, err = s.book().State(ctx, plan); return err })
	return state, now, err
}

func (s slowly) Swap(ctx context.Context, was, next run.State) error {
	return s.p.call(func() error { return s.book().Swap(ctx, was, next) })
}

func (s slowly) Note(ctx context.Context, plan string, entry run.Entry) error {
	return s.p.call(func() error { return s.book().Note(ctx, plan, entry) })
}

func (s slowly) Open(ctx context.Context, plan, runID string) (record run.Record, err error) {
	err = s.p.call(func() error { record, err = s.book().Open(ctx, plan, runID); return err })
	return record, err
}

func (s slowly) Ages(ctx context.Context, plan string) ([]run.Age, error) {
	return s.book().Ages(ctx, plan)
}

func (s slowly) Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error) {
	return s.book().Readiness(ctx, plan)
}

func (s slowly) sky() slowSky { return slowSky{s.of.(*sky), s.p} }

// slowSky is Step Functions and people.
type slowSky struct {
	*sky
	p *process
}

func (s slowSky) Start(ctx context.Context, state run.State) error {
	return s.p.call(func() error { return s.sky.Start(ctx, state) })
}

func (s slowSky) Status(ctx context.Context, state run.State) (execution decide.Execution, err error) {
	err = s.p.call(func() error { execution, err = s.sky.Status(ctx, state); return err })
	return execution, err
}

func (s slowSky) Tell(ctx context.Context, topic, subject, text string) error {
	return s.p.call(func() error { return s.sky.Tell(ctx, topic, subject, text) })
}
