package blueprint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// The slow end of what pkg/plan allows an incremental snapshot and its copy.
const (
	slowSnapshot = 15 * time.Minute
	slowCopy     = 5 * time.Minute
)

// life is a policy's schedule, played by the minute. Everything is counted from
// midnight.
type life struct {
	every, rpo      time.Duration
	snapshot, copy  time.Duration // how long each takes, always
	passes, metrics time.Duration // when in their five minutes they run
	stops           time.Duration // when the passes stop; zero: never
}

// ages are what is published, by the minute, until end; nothing in a minute in
// which nothing is.
func (l life) ages(end time.Duration) map[time.Duration]age.Ages {
	published := map[time.Duration]age.Ages{}
	var taken, usable time.Duration = -1, -1 // newest set begun, and the newest usable one
	midnight := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	policy := plan.Policy{Every: plan.Duration(l.every), RPO: plan.Duration(l.rpo)}
	for now := time.Duration(0); now < end; now += time.Minute {
		pass := now%plan.PassEvery.D() == l.passes && (l.stops == 0 || now < l.stops)
		if pass && (taken < 0 || now-taken >= l.every) {
			taken = now
		}
		// The newest set that has had the time it takes; each is begun after the one
		// before is usable, as long as an interval is longer than both.
		if taken >= 0 && now-taken >= l.snapshot+l.copy {
			usable = taken
		}
		if now%plan.PassEvery.D() == l.metrics && usable >= 0 {
			source := protect.Source{Newest: midnight.Add(usable)}
			published[now] = age.Of(policy, []protect.Source{source}, midnight.Add(now))
		}
	}
	return published
}

// trips is when an alarm first goes off, in whole periods; false: never. It
// evaluates the last periods alone, and not the older data with which CloudWatch
// fills gaps first: that could only make it later.
func trips(alarm blueprint.Alarm, published map[time.Duration]age.Ages, from, end time.Duration) (time.Duration, bool) {
	breaching := 0
	for start := from; start < end; start += alarm.Period {
		value, seen := 0.0, false
		for at := start; at < start+alarm.Period; at += time.Minute {
			if ages, ok := published[at]; ok {
				value, seen = max(value, map[string]float64{age.Oldest: ages.Oldest.Seconds(), age.Beyond: float64(ages.Beyond)}[alarm.Metric]), true
			}
		}
		switch {
		case seen && value > alarm.Threshold, !seen && alarm.MissingData == "breaching":
			breaching++
		case seen:
			breaching = 0
		}
		if breaching == alarm.Periods {
			return start + alarm.Period, true
		}
	}
	return 0, false
}

// lives are schedules in every phase that passes and publications can have.
func lives(every, rpo, snapshot, copy time.Duration) []life {
	var all []life
	for passes := range 5 {
		for metrics := range 5 {
			all = append(all, life{every: every, rpo: rpo, snapshot: snapshot, copy: copy,
				passes: time.Duration(passes) * time.Minute, metrics: time.Duration(metrics) * time.Minute})
		}
	}
	return all
}

// alarmsOf are the alarm at the RPO and the warning of a policy as it is compiled.
func alarmsOf(t *testing.T, every, rpo time.Duration) (broken, warning blueprint.Alarm) {
	t.Helper()
	text := strings.Replace(bare, "detect:", fmt.Sprintf("protect: [{name: data, volumes: {tags: {a: b}}, every: %s, rpo: %s}]\ndetect:",
		every, rpo), 1)
	p, findings := plan.Load("bare", []byte(text))
	if p == nil {
		t.Fatal(findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, alarm := range b.Alarms {
		switch alarm.Name {
		case names.BrokenAlarm("bare", "data"):
			broken = alarm
		case names.AgingAlarm("bare", "data"):
			warning = alarm
		}
	}
	if broken.Name == "" {
		t.Fatalf("none says that the RPO is broken: %+v", b.Alarms)
	}
	return broken, warning
}

// objectives are intervals with RPOs, from the tightest with room for a warning.
var objectives = [][2]time.Duration{
	{30 * time.Minute, time.Hour},
	{32 * time.Minute, 62 * time.Minute}, // passes and intervals out of step
	{30 * time.Minute, 2 * time.Hour},
	{24 * time.Hour, 48 * time.Hour},
}

func TestAlarms_areSilentWhileAScheduleIsHealthy(t *testing.T) {
	for _, o := range objectives {
		broken, warning := alarmsOf(t, o[0], o[1])
		for snapshot := time.Minute; snapshot <= slowSnapshot; snapshot += time.Minute {
			for copy := time.Minute; copy <= slowCopy; copy += time.Minute {
				for _, l := range lives(o[0], o[1], snapshot, copy) {
					end := 4*o[0] + 3*time.Hour
					published := l.ages(end)
					// From when the first point is there: before, nothing is protected.
					from := (snapshot + copy + 10*time.Minute).Truncate(5*time.Minute) + 5*time.Minute
					for _, alarm := range []blueprint.Alarm{broken, warning} {
						if at, off := trips(alarm, published, from, end); off {
							t.Fatalf("%+v: %s goes off after %s", l, alarm.Name, at)
						}
					}
				}
			}
		}
	}
}

func TestAlarms_warnBeforeTheRPOBreaksAndThenSaySo(t *testing.T) {
	for _, o := range objectives {
		broken, warning := alarmsOf(t, o[0], o[1])
		if warning.Name != names.AgingAlarm("bare", "data") {
			t.Fatalf("every %s, rpo %s: no warning", o[0], o[1])
		}
		for _, l := range lives(o[0], o[1], slowSnapshot, slowCopy) {
			l.stops = l.passes + time.Minute // one set, and no other
			end := l.passes + o[1] + time.Hour
			published := l.ages(end)
			warned, first := trips(warning, published, 30*time.Minute, end)
			said, then := trips(broken, published, 30*time.Minute, end)
			breaks := l.passes + o[1]
			if !first || !then {
				t.Fatalf("%+v: warned %v, said so %v", l, first, then)
			}
			// A period's value is known when the period is over.
			if warned > breaks+5*time.Minute || warned >= said || said > breaks+15*time.Minute {
				t.Fatalf("%+v: the RPO breaks after %s, warned after %s, said so after %s", l, breaks, warned, said)
			}
		}
	}
}

func TestAlarms_forgiveOnePublicationAndNoSecond(t *testing.T) {
	broken, warning := alarmsOf(t, 30*time.Minute, time.Hour)
	healthy := life{every: 30 * time.Minute, rpo: time.Hour, snapshot: time.Minute, copy: time.Minute}
	for missed, wanted := range map[int]bool{0: false, 1: false, 2: true} {
		published := healthy.ages(3 * time.Hour)
		for i := range missed {
			delete(published, 2*time.Hour+time.Duration(i)*5*time.Minute)
		}
		if _, off := trips(broken, published, 30*time.Minute, 3*time.Hour); off != wanted {
			t.Errorf("%d publications missed: %s goes off: %v", missed, broken.Name, off)
		}
		if _, off := trips(warning, published, 30*time.Minute, 3*time.Hour); off {
			t.Errorf("%d publications missed: %s goes off", missed, warning.Name)
		}
	}
}

func TestAlarms_doNotWarnWhereThereIsNoRoom(t *testing.T) {
	if _, warning := alarmsOf(t, 30*time.Minute, 59*time.Minute); warning.Name != "" {
		t.Errorf("warning %+v, which a healthy schedule trips or which comes too late", warning)
	}
}

func TestAlarms_areOfEveryPolicyAndWithinWhatAWSTakes(t *testing.T) {
	for name, p := range plans(t) {
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		guarded := map[string]bool{}
		for _, alarm := range b.Alarms {
			guarded[alarm.Name] = true
			if len(alarm.Name) > 255 || len(alarm.Description) > 1024 || alarm.Namespace == posture.Namespace(p.Name) {
				t.Errorf("%s: alarm %+v", name, alarm)
			}
		}
		for _, policy := range p.Protect {
			if !guarded[names.BrokenAlarm(p.Name, policy.Name)] {
				t.Errorf("%s: no alarm says that the RPO of policy %s is broken", name, policy.Name)
			}
		}
	}
}

func TestGrants_ofWhoPublishesAgesReadAndNoteItInTheLedgerAlone(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			for _, g := range f.Grants {
				for _, action := range g.Actions {
					_, verb, _ := strings.Cut(action, ":")
					reads := strings.HasPrefix(verb, "Describe") || strings.HasPrefix(verb, "List") || strings.HasPrefix(verb, "Get")
					ledger := g.Resources[0] == "arn:${Partition}:dynamodb:"+b.Recovery+":${Account}:table/"+b.Table
					if f.Name == "publish-ages" && !reads && !ledger && action != "sts:AssumeRole" {
						t.Errorf("it may %s on %s", action, g.Resources)
					}
				}
			}
		}
	})
}
