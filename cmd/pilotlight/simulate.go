package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
)

// endpointFile is where a running simulation notes its endpoint for invoke, under
// the folder that both are run in.
const endpointFile = "out/endpoint"

func newSimulate() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use:   "simulate PLAN",
		Short: "Keep a simulated AWS with the plan deployed, until Ctrl-C",
		Long: "Keep a simulated AWS on this machine with the plan deployed, its application built and\n" +
			"protected once, until Ctrl-C. Its endpoint is printed, and noted in " + endpointFile + " for\n" +
			"`pilotlight invoke`. Run it at the repository's root, after make setup.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			options, done, err := prepare(cmd, args[0], verbose)
			if err != nil {
				return err
			}
			defer done()
			defer os.Remove(endpointFile)
			err = rehearsal.Simulate(cmd.Context(), options, func(endpoint string) error {
				fmt.Fprintf(cmd.OutOrStdout(), "AWS_ENDPOINT_URL=%s\n", endpoint)
				return note(endpoint)
			})
			if errors.Is(err, context.Canceled) {
				return nil // that is how it ends
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", verbose, verboseUsage)
	return cmd
}

func note(endpoint string) error {
	if err := os.MkdirAll(filepath.Dir(endpointFile), 0o755); err != nil {
		return err
	}
	return os.WriteFile(endpointFile, []byte(endpoint+"\n"), 0o644)
}

// noted is the endpoint of the simulation that runs; empty when none does.
func noted() string {
	text, err := os.ReadFile(endpointFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
