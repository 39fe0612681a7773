package rehearsal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

func TestRun_asksWithTheNumberWhenMoreThanTheRPOWouldBeLost(t *testing.T) {
	p := oneWay(t)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var asked string
	_, err := rehearse(ctx, t, rehearsal.Options{Plan: p, Before: func(c *cloud.Cloud) {
		// Nothing new is taken for eighty minutes, and nobody sees to it.
		c.Front.Inject(front.Fault{
			Role: names.Function(p.Name, "rotate-snapshots"), Service: "ec2", Action: "CreateSnapshots",
			Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403,
		})
		if err := c.Clock.Jump(80 * time.Minute); err != nil {
			t.Error(err)
		}
		if err := c.Clock.Wait(t.Context(), 2*time.Minute); err != nil {
			t.Error(err)
		}
	}}, func(line string) {
		switch {
		case strings.HasPrefix(line, "run "):
			t.Error(line)
			enough()
		case strings.Contains(line, "asks a person"):
			asked = line
			enough()
		}
	})
	if ctx.Err() == nil {
		t.Fatalf("nobody was asked, and nothing started: %v", err)
	}
	for _, part := range []string{"policy data would lose the last 1h", "more than its RPO of 1h", "what it has is of 20"} {
		if !strings.Contains(asked, part) {
			t.Errorf("the question does not say %q: %s", part, asked)
		}
	}
	if strings.Contains(asked, "is not ready") {
		t.Errorf("what the disaster broke is an objection: %s", asked)
	}
}
