package main

import (
	"fmt"

	"github.com/spf13/cobra"

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
				fmt.Fprintf(cmd.OutOrStdout(), "%s: plan %s is valid\n", files[i], p.Name)
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
