package blueprint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

func TestQueues_standBeforeThePassesAndWhatDecides(t *testing.T) {
	passes := map[string]bool{}
	for _, f := range protect.Functions() {
		passes[f.Name] = true
	}
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			if (b.QueueOf(f.Name) != nil) != passes[f.Name] {
				t.Errorf("schedules and rules send what is meant for %s to %v", f.Name, b.QueueOf(f.Name))
			}
			if (f.Queue != nil) != (passes[f.Name] || f.Input != "") {
				t.Errorf("%s has the queue %v", f.Name, f.Queue)
			}
			if passes[f.Name] && f.Concurrent != 1 {
				t.Errorf("%s runs %d times at once, and two passes would both make what is missing", f.Name, f.Concurrent)
			}
		}
	})
}

// What AWS refuses, and what it advises:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func TestQueues_areWhatAWSTakesAndAdvises(t *testing.T) {
	for _, policies := range []int{1, 2, 7, 15, 40} {
		b, err := blueprint.Compile(many(t, policies))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Functions {
			if f.Queue == nil {
				continue
			}
			taken(t, f)
			if f.Name == "decide-failover" {
				continue
			}
			if f.Timeout > 15*time.Minute || policies < 15 && f.Timeout < time.Duration(policies)*protect.PassLimit {
				t.Errorf("%d policies, timeout %s: a batch that asks for every policy is cut", policies, f.Timeout)
			}
		}
	}
}

func taken(t *testing.T, f blueprint.Function) {
	t.Helper()
	q := f.Queue
	about := fmt.Sprintf("%s, timeout %s, %+v", f.Name, f.Timeout, *q)
	if q.Visibility < 6*f.Timeout+q.Window || q.Visibility > 12*time.Hour {
		t.Errorf("%s: a throttled batch comes back while it is being retried", about)
	}
	if q.Window > 5*time.Minute || q.Batch > 10_000 || q.Window < time.Second && q.Batch > 10 || q.Concurrent < 2 || q.Receives < 5 {
		t.Errorf("%s: not what Lambda takes", about)
	}
	dies := time.Duration(q.Receives) * q.Visibility
	if dies < time.Hour {
		t.Errorf("%s: an hour of throttling kills good messages", about)
	}
	if dies >= q.Keep || q.Keep >= q.KeepDead {
		t.Errorf("%s: poison is forgotten before anyone sees it", about)
	}
}

// many is a plan with that many policies of volumes.
func many(t *testing.T, policies int) *plan.Plan {
	t.Helper()
	text := bare + "protect:\n"
	for i := range policies {
		text += fmt.Sprintf("  - {name: p%d, volumes: {tags: {tier: t%d}}, every: 4h}\n", i, i)
	}
	p, findings := plan.Load("many", []byte(strings.TrimPrefix(text, "\n")))
	if p == nil {
		t.Fatal(findings)
	}
	return p
}
