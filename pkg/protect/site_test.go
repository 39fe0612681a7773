package protect

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestKey_isOneOfTheRegionThatCopiesGoTo(t *testing.T) {
	const arn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd"
	for _, tt := range []struct {
		serving   run.Side
		key, want string
	}{
		{run.PrimarySide, "alias/pilotlight", "alias/pilotlight"},
		{run.PrimarySide, arn, arn},
		{run.PrimarySide, "1234abcd", "1234abcd"},
		{run.PrimarySide, "", ""},
		{run.RecoverySide, "alias/pilotlight", "alias/pilotlight"},
		{run.RecoverySide, arn, ""},
		{run.RecoverySide, "1234abcd", ""},
		{run.RecoverySide, "arn:aws:kms:us-west-2:111122223333:alias/pilotlight", ""}, // of one region alone
	} {
		pass := Pass{Input: Input{Primary: "us-east-1", Recovery: "us-west-2", Policy: plan.Policy{Key: tt.key}}}
		pass.From, pass.To = pass.direction(tt.serving)
		if got := pass.Key(); got != tt.want {
			t.Errorf("%s serves, key %q: %q, want %q", tt.serving, tt.key, got, tt.want)
		}
	}
}
