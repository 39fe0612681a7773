package failures_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// A plan with groups in groups, a child plan, 200 instances, and a step that cannot
// work.
const parentPlan = `
plan: parent
strategy: backup-restore
primary: us-east-1
recovery: us-west-2
objectives: {rto: 2h, rpo: 2h}
detect: {mode: manual}
recover:
  - parallel:
      - - set-parameter: {id: first, name: /parent/first, value: "1"}
        - parallel:
            - launch-instances: {id: fleet, template: fleet, count: 200, zones: [us-west-2a, us-west-2b, us-west-2c]}
            - - parallel:
                  - set-parameter: {id: left, name: /parent/left, value: "1"}
                  - set-parameter: {id: right, name: /parent/right, value: "1"}
              - set-parameter: {id: after, name: /parent/after, value: "1"}
      - run-plan: {id: child, plan: child}
  - associate-address: {id: missing, address: eipalloc-0123456789abcdef0, instance: fleet}
  - set-parameter: {id: last, name: /parent/last, value: "1"}
`

const childPlan = `
plan: child
strategy: backup-restore
primary: us-east-1
recovery: us-west-2
objectives: {rto: 2h, rpo: 2h}
detect: {mode: manual}
recover:
  - launch-instances: {id: crew, template: crew, count: 2, zones: [us-west-2a, us-west-2b]}
`

func TestAPlanThatNobodyTunedFor_recovers(t *testing.T) {
	w := newWorld(t)
	w.servers(recovery).Template("fleet")
	w.servers(recovery).Template("crew")
	child, _ := w.deploy(childPlan)
	parent, _ := w.deploy(parentPlan)
	w.start(parent, run.Unplanned)
	skipped := false
	w.until(6*time.Hour, "the parent's run is over", func(context.Context) bool {
		record := w.record(parent)
		if _, held := record.First("missing", run.Held); held && !skipped {
			skipped = true
			w.say(parent, record.State.Run, "missing", run.SaySkip)
		}
		return record.State.Phase == run.Over
	})
	for _, p := range []*plan.Plan{parent, child} {
		state := w.record(p).State
		closed, _ := w.record(p).First(run.Whole, run.Done)
		if state.End != run.Recovered || state.Posture != run.Active {
			t.Errorf("plan %s ended %s, %s: %s", p.Name, state.End, state.Posture, closed.Detail)
		}
		t.Logf("plan %s: %s", p.Name, closed.Detail)
	}
	for of, want := range map[string]int{"parent": 200, "child": 2} {
		if got := w.launched(of); got != want {
			t.Errorf("%d instances of plan %s run, want %d", got, of, want)
		}
	}
}

// launched counts the running instances that a plan's runs made.
func (w *world) launched(plan string) (n int) {
	w.t.Helper()
	pages := ec2.NewDescribeInstancesPaginator(ec2.NewFromConfig(w.Upstream(recovery)), &ec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag:" + lineage.Plan), Values: []string{plan}}, {Name: aws.String("instance-state-name"), Values: []string{"running"}},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, reservation := range page.Reservations {
			n += len(reservation.Instances)
		}
	}
	return n
}
