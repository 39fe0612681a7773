package rehearsal_test

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// What is destroyed or spoiled comes back as it was before, in place or elsewhere.
func TestRun_goesBackToBeforeWhatWasDone(t *testing.T) {
	for scenario, rests := range map[string]run.Posture{rehearsal.UserError: run.Standby, rehearsal.Malware: run.Active} {
		t.Run(scenario, func(t *testing.T) {
			r, err := rehearse(t.Context(), t, rehearsal.Options{Plan: load(t, storefront), Scenario: scenario}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.End != run.Recovered || r.Posture != rests {
				t.Errorf("ended %s, and the plan is %s: %s", r.End, r.Posture, r.Reason)
			}
			if len(r.RecoveryPoints) == 0 {
				t.Error("no data came back")
			}
			for _, point := range r.RecoveryPoints {
				if !point.TakenAt.Before(r.StruckAt) {
					t.Errorf("%s has data of %s, and it struck at %s", point.Source, point.TakenAt, r.StruckAt)
				}
			}
			for _, check := range r.Checks {
				if !check.OK {
					t.Errorf("%s: %s", check.What, check.Seen)
				}
			}
		})
	}
}
