package snapshots

import (
	"slices"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// The role of the primary account serves the look, the keys and every later pass.
func TestRotation_takesOnTheOtherAccountsRoleOnce(t *testing.T) {
	s := newScene(t, simulated.Start(t), 1)
	s.input.Accounts = &plan.Accounts{Primary: "111122223333", Recovery: "123456789012"}
	var asked []string
	for range 3 {
		_, calls := s.pass()
		asked = append(asked, slices.DeleteFunc(calls, func(call string) bool { return call != "AssumeRole us-west-2" && call != "AssumeRole eu-central-1" })...)
	}
	if len(asked) != 1 {
		t.Errorf("asked for the role: %v", asked)
	}
}
