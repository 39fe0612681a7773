package decide_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// nthFails breaks down at one call of a kind, counted from zero.
func nthFails(call string, nth int) func(string) error {
	seen := -1
	return func(made string) error {
		if made == call {
			seen++
		}
		if made == call && seen == nth {
			return ledgertest.ErrDown
		}
		return nil
	}
}

// A crash or a fault at every call in turn, and then a tick a minute.
func TestQuestion_isAskedAndAnsweredWhateverBreaks(t *testing.T) {
	for _, call := range []string{"state", "swap", "note start asked", "open", "ages", "readiness", "tell", "note run started"} {
		d := onDuty(t, plan.ByApproval)
		for nth := range 3 {
			d.Break = nthFails(call, nth)
			if d.deaf = nil; call == "tell" && nth == 0 {
				d.deaf = ledgertest.ErrDown
			}
			if _, err := d.try(); err != nil && !errors.Is(err, ledgertest.ErrDown) {
				t.Fatal(err)
			}
			d.Break, d.deaf = nil, nil
			d.Wait(time.Minute)
		}
		d.tick()
		if d.heard(asks) == 0 || d.Of("shop").Alert == nil || !d.Of("shop").Alert.Told {
			t.Errorf("%s: people heard %q, %+v", call, d.told, d.Of("shop").Alert)
			continue
		}
		d.say(run.SayYes)
		for nth := range 2 {
			d.Break = nthFails(call, nth)
			if _, err := d.try(); err != nil && !errors.Is(err, ledgertest.ErrDown) {
				t.Fatal(err)
			}
			d.Break = nil
			d.Wait(time.Minute)
		}
		d.tick()
		if len(d.started) != 1 || starts(d.Ledger, "shop-1") != 1 || d.Of("shop").Epoch != 1 {
			t.Errorf("%s: started %v, %+v", call, d.started, d.Of("shop"))
		}
	}
}

// shuffle has everybody wait a random number of turns after each call of the ledger.
func (d *duty) shuffle() {
	d.Break = func(string) error {
		d.Later(func() {
			for range rand.IntN(12) {
				runtime.Gosched()
			}
		})
		return nil
	}
}

func TestQuestion_ofManyDecidersIsAskedOnceAndStartsOneRun(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.shuffle()
	all := func() {
		var deciders sync.WaitGroup
		for range 50 {
			deciders.Go(func() {
				if _, err := d.try(); err != nil {
					t.Error(err)
				}
			})
		}
		deciders.Wait()
	}
	all()
	if d.heard(asks) != 1 {
		t.Errorf("people were asked %d times", d.heard(asks))
	}
	d.say(run.SayYes)
	all()
	if len(d.started) != 1 || starts(d.Ledger, "shop-1") != 1 || d.heard(starter) != 1 {
		t.Errorf("started %d, people heard %q", len(d.started), d.told)
	}
}

func TestQuestion_isAskedAnewWhenItsRunsNameIsTaken(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.tick()
	d.say(run.SayYes)
	if output := d.byHand(run.Drill); output.Run != "shop-1" {
		t.Fatalf("%+v", output)
	}
	d.Set(d.Of("shop").Opened())
	d.tick()
	alert := d.Of("shop").Alert
	if alert == nil || alert.Run != "shop-2" || d.Of("shop").Posture != run.Drilling || d.heard(asks) != 2 {
		t.Fatalf("%+v; people heard %q", d.Of("shop"), d.told)
	}
	d.say(run.SayYes)
	d.tick()
	state := d.Of("shop")
	if state.Posture != run.FailingOver || state.Run != "shop-2" || !state.Interrupted("shop-1") || len(d.started) != 2 {
		t.Errorf("%+v, started %d", state, len(d.started))
	}
}

func TestQuestion_isSettledByAStartByHand(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.tick()
	d.byHand(run.Unplanned)
	late := run.Answer{Run: "shop-1", Step: run.Question, Attempt: 1, Word: run.SayYes, By: "ada", At: d.Now()} // was under way
	if _, err := d.Say(t.Context(), "shop", late); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d.tick()
	}
	if len(d.started) != 1 || d.Of("shop").Run != "shop-1" || d.Of("shop").Alert != nil {
		t.Errorf("started %d, %+v", len(d.started), d.Of("shop"))
	}
}

func TestQuestion_doesNotKeepADrillFromBeingLookedAfter(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.byHand(run.Drill)
	d.Set(d.Of("shop").Opened())
	d.tick()
	d.status = decide.Execution{Over: true, Ended: d.Now(), Outcome: "ABORTED"}
	for range 4 {
		d.tick()
	}
	if state := d.Of("shop"); state.UnderWay() || state.Posture != run.Standby || state.Alert == nil || d.heard(asks) != 1 {
		t.Errorf("%+v, people heard %q; want the dead drill's lock back, and the question", state, d.told)
	}
}

// Answers and decisions at once, some of which would start the run by themselves: of
// all answers one is taken at most, and what was taken counts.
func TestQuestion_isAnsweredAsItIsTakenHoweverAnswersAndDecisionsMeet(t *testing.T) {
	taken := map[run.Word]int{}
	for round := range 200 {
		d := onDuty(t, plan.ByApproval)
		d.tick()
		answer := answering.Handler(d.Ledger)
		d.shuffle()
		var all sync.WaitGroup
		var mu sync.Mutex
		var words []run.Word
		for i := range 4 {
			word := []run.Word{run.SayYes, run.SayNo}[(i+round)%2]
			all.Go(func() {
				_, err := answer(t.Context(), json.RawMessage(fmt.Sprintf(`{"plan":"shop","run":"shop-1","step":"start","word":%q,"by":"ada"}`, word)))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					words = append(words, word)
				} else if class := failure.ClassOf(err); class != failure.BadInput && class != failure.RunOver {
					t.Error(err)
				}
			})
		}
		for i := range 8 {
			all.Go(func() {
				if _, err := d.tryIn([]plan.Mode{plan.ByApproval, plan.Automatic}[(i+round)%2]); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		d.tick()
		d.tick()
		switch {
		case len(words) > 1:
			t.Errorf("answers %q were all taken", words)
		case len(words) == 1 && words[0] == run.SayNo && len(d.started) != 0:
			t.Errorf("a no was taken, and the run started: %+v", d.Of("shop"))
		case len(words) == 1 && words[0] == run.SayYes && len(d.started) != 1:
			t.Errorf("a yes was taken, and %d runs started", len(d.started))
		case len(words) == 1:
			taken[words[0]]++
		}
		if starts(d.Ledger, "shop-1") != len(d.started) || d.Of("shop").Epoch > 1 {
			t.Errorf("started %d, journalled %d, %+v", len(d.started), starts(d.Ledger, "shop-1"), d.Of("shop"))
		}
	}
	if taken[run.SayYes] == 0 || taken[run.SayNo] == 0 {
		t.Errorf("taken %v: not every case was met", taken)
	}
}
