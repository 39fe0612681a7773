package decide_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// duty is a plan whose alarms have been in ALARM for an hour, and its decider.
type duty struct {
	t *testing.T
	*ledgertest.Ledger
	*sky
	decider decide.Decider
	mode    plan.Mode
}

func onDuty(t *testing.T, mode plan.Mode) *duty {
	book, above, decider := newWorld(t)
	return &duty{t, book, above, decider, mode}
}

func (d *duty) try() (decide.Output, error) { return d.tryIn(d.mode) }

func (d *duty) tryIn(mode plan.Mode) (decide.Output, error) {
	raw, err := json.Marshal(decide.Input{
		Plan: "shop", Recovery: "us-west-2", Notify: "on-call",
		Detect: plan.Detect{Mode: mode, Alarms: []plan.Alarm{{Name: "down", Region: "us-west-2", NoData: plan.Unknown}}, Quorum: 1, Answer: plan.Duration(10 * time.Minute)},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.decider.Handle(d.t.Context(), raw)
}

func (d *duty) tick() decide.Output {
	d.t.Helper()
	output, err := d.try()
	if err != nil {
		d.t.Fatal(err)
	}
	d.Wait(time.Minute)
	return output
}

func (d *duty) byHand(mode run.Mode) decide.Output {
	d.t.Helper()
	output, err := d.decider.Handle(d.t.Context(), json.RawMessage(fmt.Sprintf(`{"plan":"shop","manual":{"reason":"by hand","mode":%q}}`, mode)))
	if err != nil {
		d.t.Fatal(err)
	}
	return output
}

// say answers the question that is asked now, as answer-run does.
func (d *duty) say(word run.Word) {
	d.t.Helper()
	alert := d.Of("shop").Alert
	if alert == nil || alert.Run == "" {
		d.t.Fatalf("nothing is asked: %+v", alert)
	}
	answer := run.Answer{Run: alert.Run, Step: run.Question, Attempt: alert.Number, Word: word, By: "ada", Reason: "I looked", At: d.Now()}
	if given, err := d.Say(d.t.Context(), "shop", answer); err != nil || !given {
		d.t.Fatal(given, err)
	}
}

// heard are the subjects of what people were told.
func (d *duty) heard(about string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, told := range d.told {
		if subject, _, _ := strings.Cut(told, "\n"); strings.Contains(subject, about) {
			n++
		}
	}
	return n
}

const (
	asks    = "fail shop over"
	sees    = "sees a disaster"
	over    = "no disaster any more"
	starter = "has started"
)

func TestQuestion_isAskedOnceAndAYesStartsOneRun(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	for range 5 {
		if output := d.tick(); output.Verdict != decide.AskApproval || output.Run != "shop-1" {
			t.Fatalf("%+v", output)
		}
	}
	if d.heard(asks) != 1 || len(d.told) != 1 {
		t.Fatalf("people heard %q", d.told)
	}
	d.say(run.SayYes)
	for range 5 {
		d.tick()
	}
	given, err := d.Of("shop").Given()
	if err != nil || len(d.started) != 1 || starts(d.Ledger, "shop-1") != 1 || !strings.Contains(given.Reason, "ada said yes") || !strings.Contains(given.Reason, "I looked") {
		t.Errorf("%v, started %d, %+v", err, len(d.started), given)
	}
	if d.heard(starter) != 1 || len(d.told) != 2 {
		t.Errorf("people heard %q", d.told)
	}
}

func TestQuestion_isAskedAnewUnderANewNumberWhenNobodyAnswers(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	for range 25 {
		d.tick()
	}
	if alert := d.Of("shop").Alert; d.heard(asks) != 3 || alert.Number != 3 || len(d.Entries("shop-1")) != 3 {
		t.Errorf("asked %d times within 25 minutes, %+v, journal %+v", d.heard(asks), alert, d.Entries("shop-1"))
	}
}

func TestNo_standsUntilTheSignalsAreWell(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.tick()
	d.say(run.SayNo)
	d.mode = plan.Automatic // which a deploy can do: the no stands
	for range 60 {
		if output := d.tick(); output.Verdict != decide.Hold || !strings.Contains(output.Reason, "ada said no") {
			t.Fatalf("%+v", output)
		}
	}
	d.other, d.mode = decide.OK, plan.ByApproval
	d.tick()
	d.other, d.since = decide.InAlarm, d.Now()
	d.tick()
	if alert := d.Of("shop").Alert; alert == nil || alert.Number != 2 || d.heard(asks) != 2 || d.heard(over) != 1 || len(d.started) != 0 {
		t.Errorf("the next disaster: %+v, people heard %q", alert, d.told)
	}
}

func TestYes_startsWhileTheQuestionStandsAndNotAfterwards(t *testing.T) {
	for state, starts := range map[decide.AlarmState]int{decide.InsufficientData: 1, decide.OK: 0} {
		d := onDuty(t, plan.ByApproval)
		d.tick()
		d.say(run.SayYes)
		d.other = state // no data may mean a disaster: the question stands
		d.tick()
		if len(d.started) != starts || d.heard(over) != 1-starts {
			t.Errorf("%s: started %d, people heard %q", state, len(d.started), d.told)
		}
		if starts == 0 && !strings.Contains(d.told[len(d.told)-1], "ada said yes") {
			t.Errorf("nobody hears that ada's yes came to nothing: %q", d.told)
		}
	}
}

func TestManual_tellsOnceADisaster(t *testing.T) {
	d := onDuty(t, plan.Manual)
	for range 60 {
		if output := d.tick(); output.Verdict != decide.Hold {
			t.Fatalf("%+v", output)
		}
	}
	d.other = decide.OK
	d.tick()
	d.other, d.since = decide.InAlarm, d.Now()
	d.tick()
	if d.heard(sees) != 2 || d.heard(over) != 1 || len(d.told) != 3 || len(d.started) != 0 {
		t.Errorf("people heard %q", d.told)
	}
}

func TestStart_tellsPeopleAndIsNotHeldUpByThem(t *testing.T) {
	for _, deaf := range []error{nil, errors.New("no such topic")} {
		d := onDuty(t, plan.Automatic)
		d.deaf = deaf
		if output := d.tick(); output.Verdict != decide.Start || len(d.started) != 1 {
			t.Errorf("deaf %v: %+v", deaf, output)
		}
		if deaf == nil && (d.heard(starter) != 1 || !strings.Contains(d.told[0], "1 of 1 signals say disaster")) {
			t.Errorf("people heard %q", d.told)
		}
	}
}

// An input that somebody wrote by hand may lack what the tick's has.
func TestQuestion_isNotTouchedByAnInputWithoutSignals(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	d.tick()
	if _, err := d.decider.Handle(t.Context(), json.RawMessage(`{"plan":"shop"}`)); err != nil || d.Of("shop").Alert == nil {
		t.Errorf("%v, %+v", err, d.Of("shop"))
	}
}

func TestQuestion_waitsForItsAnswerAlsoWhenTheInputDoesNotSayHowLong(t *testing.T) {
	d := onDuty(t, plan.ByApproval)
	for range 3 {
		if _, err := d.decider.Handle(t.Context(), json.RawMessage(`{"plan":"shop","notify":"on-call","detect":{"mode":"approve","alarms":[{"name":"down","region":"us-west-2"}]}}`)); err != nil {
			t.Fatal(err)
		}
		d.Wait(time.Minute)
	}
	if alert := d.Of("shop").Alert; alert == nil || alert.Run == "" || alert.Number != 1 || d.heard(asks) != 1 {
		t.Errorf("%+v, people heard %q", alert, d.told)
	}
}
