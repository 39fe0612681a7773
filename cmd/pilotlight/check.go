package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check PLAN...",
		Short: "Find every mistake in recovery plans, with file, line, column and what to write instead",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			bad := false
			for _, file := range files {
				p, findings := plan.LoadFile(file)
				for _, finding := range findings {
					fmt.Fprintln(cmd.ErrOrStderr(), finding)
				}
				if p == nil {
					bad = true
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: plan %s is valid\n", file, p.Name)
			}
			if bad {
				return errBadInput
			}
			return nil
		},
	}
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
