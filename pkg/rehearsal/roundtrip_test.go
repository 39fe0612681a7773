package rehearsal_test

import (
	"path/filepath"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const roundtrip = "testdata/roundtrip.yaml"

// There, back and there again on one AWS: each run takes the data of the one before,
// which were written on the other side.
func TestPlay_failsOverFailsBackAndFailsOverAgain(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	reports, err := rehearsal.Play(t.Context(), rehearsal.Options{
		Plan: load(t, roundtrip), Root: root, Tell: (&diary{t: t}).begin,
	}, rehearsal.PowerLoss, rehearsal.Failback, rehearsal.PowerLoss)
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != 3 {
		t.Fatalf("%d of 3 runs came to their end", len(reports))
	}
	for i, posture := range []run.Posture{run.Active, run.Standby, run.Active} {
		r := reports[i]
		if r.End != run.Recovered || r.Posture != posture {
			t.Errorf("%s: %s, %s (%s); %q", r.Scenario, r.End, r.Posture, r.Reason, r.Problems)
		}
		if fenced := r.Unfenced.IsZero(); fenced != (r.Scenario == rehearsal.Failback) {
			t.Errorf("%s: the report says unfenced since %s", r.Scenario, r.Unfenced)
		}
		if len(r.RecoveryPoints) != 4 {
			t.Errorf("%s: %d recovery points were used, and there are 4 volumes", r.Scenario, len(r.RecoveryPoints))
		}
		for _, point := range r.RecoveryPoints {
			if lossless := point.AgeSeconds < 0; lossless != (r.Scenario == rehearsal.Failback) {
				t.Errorf("%s: %s is %v s old; a failback takes what was written until its fence", r.Scenario, point.Source, point.AgeSeconds)
			}
		}
	}
}
