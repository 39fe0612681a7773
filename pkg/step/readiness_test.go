package step

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answered is an error of EC2's.
type answered struct{ code, message string }

func (a answered) Error() string        { return a.code + ": " + a.message }
func (a answered) ErrorCode() string    { return a.code }
func (a answered) ErrorMessage() string { return a.message }

func TestTried_takesTheAnswerToADryRun(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		problems []string
		unknown  bool
	}{
		"it would have worked": {err: answered{"DryRunOperation", "Request would have succeeded"}},
		"it would be refused":  {err: answered{"UnauthorizedOperation", "no"}, problems: []string{"EC2 would refuse a launch: no"}},
		"nobody answered":      {err: errors.New("connection reset"), unknown: true},
		"it was throttled":     {err: answered{"RequestLimitExceeded", "slow down"}, unknown: true},
		"it was carried out":   {unknown: true},
	} {
		problems, err := Tried("a launch", c.err)
		if diff := cmp.Diff(c.problems, problems); diff != "" || (err != nil) != c.unknown {
			t.Errorf("%s: %v, problems (-want +got):\n%s", name, err, diff)
		}
	}
}
