package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

func newGraph() *cobra.Command {
	format := "json"
	cmd := &cobra.Command{
		Use:   "graph PLAN",
		Short: "Print the state machine that a plan compiles to",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			draw, ok := map[string]func(string) (string, error){
				"json":    func(definition string) (string, error) { return definition, nil },
				"mermaid": workflow.Mermaid,
			}[format]
			if !ok {
				fmt.Fprintf(cmd.ErrOrStderr(), "there is no format %q; write --format json or --format mermaid\n", format)
				return errBadInput
			}
			p, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			definition, err := workflow.Compile(p, plan.CourseRecover)
			if err != nil {
				return err
			}
			text, err := draw(definition)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), text)
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "json: Amazon States Language; mermaid: a diagram of the steps")
	return cmd
}
