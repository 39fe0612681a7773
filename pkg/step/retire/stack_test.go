package retire

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestEarlier_isNotWhatAStackOrAGroupHasMade(t *testing.T) {
	r := step.Run{Plan: "storefront", ID: "storefront-2"}
	for of, want := range map[string]bool{"Name": true, "aws:cloudformation:stack-id": false, "aws:autoscaling:groupName": false} {
		tags := map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-1", of: "web"}
		if got := earlier(r, tags); got != want {
			t.Errorf("with a tag %s: %t", of, got)
		}
	}
}
