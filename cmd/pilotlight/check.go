package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check PLAN...",
		Short: "Find every mistake in recovery plans, also between several, with file, line, column and what to write instead",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			bad := false
			plans, findings := plan.LoadFiles(files)
			for _, finding := range findings {
				fmt.Fprintln(cmd.ErrOrStderr(), finding)
			}
			for i, p := range plans {
				if p == nil {
					bad = true
					continue
				}
				if _, err := blueprint.Compile(p); err != nil { // what AWS has no room for
					fmt.Fprintf(cmd.ErrOrStderr(), "%s: error: %v\n", files[i], err)
					bad = true
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: plan %s is valid; %s\n", files[i], p.Name, detection(p))
			}
			if bad {
				return errBadInput
			}
			return nil
		},
	}
}

// detection says in a line what a disaster would do.
func detection(p *plan.Plan) string {
	d := p.Signals()
	if len(d.Alarms) == 0 {
		return "it has no signals: a person starts its runs"
	}
	does := map[plan.Mode]string{
		plan.Automatic:  "start a failover, or ask people when something speaks against it",
		plan.ByApproval: "ask people, whose yes starts a failover",
		plan.Manual:     "tell people, who start a failover by hand",
	}[d.Mode]
	return fmt.Sprintf("%d of %d signals that last %s %s (mode %s)", d.Quorum, len(d.Alarms), d.Hold, does, d.Mode)
}

// load reads a plan for a command that needs a valid one, and tells its findings.
func load(cmd *cobra.Command, file string) (*plan.Plan, error) {
	p, findings := plan.LoadFile(file)
	for _, finding := range findings {
		fmt.Fprintln(cmd.ErrOrStderr(), finding)
	}
	if p == nil {
		return nil, errBadInput
	}
	return p, nil
}
