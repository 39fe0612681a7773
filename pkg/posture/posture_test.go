package posture

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestValue_isOneUnlessTheRecoverySideServes(t *testing.T) {
	for side, want := range map[run.Side]float64{"": 1, run.PrimarySide: 1, run.RecoverySide: 0} {
		if got := Value(side); got != want {
			t.Errorf("Value(%q) = %v; want %v", side, got, want)
		}
	}
}
