package step

import (
	"context"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// check asks the kind what would stop the step now, and notes that in the ledger.
func (h handling[Spec]) check(ctx context.Context) (Answer, error) {
	record, err := h.journal.Open(ctx, h.request.Plan, h.request.Run)
	if err != nil {
		return Answer{}, err
	}
	r := Run{
		Plan: h.request.Plan, Step: h.request.Step, Primary: h.request.Primary, Recovery: h.request.Recovery,
		Now: record.Now, Drill: h.request.Drill, Notify: h.request.Notify,
	}
	problems, err := h.kind.Check(ctx, r, h.request.Spec)
	if err != nil {
		problems = append(problems, "it could not be found out whether the step would work: "+err.Error())
	}
	ready := run.Readiness{Course: h.request.Course, Step: h.request.Step, Problems: problems, At: record.Now}
	if err := h.journal.Ready(ctx, h.request.Plan, ready); err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: StatusDone, Detail: "ready", Problems: problems}
	if len(problems) > 0 {
		answer.Detail = "not ready"
	}
	return answer, nil
}
