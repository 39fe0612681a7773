package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// modes are the commands that start a run, each with its mode.
var modes = []struct {
	mode       run.Mode
	use, short string
}{
	{run.Unplanned, "failover", "Fail a plan over to its recovery region"},
	{run.Drill, "drill", "Drill a plan: isolated from what serves, and taken back at its end"},
	{run.Failback, "failback", "Bring a plan that was failed over back to its primary region"},
	{run.Repair, "repair", "Put a plan's data back in its primary region, without a failover"},
}

func newStarts() []*cobra.Command {
	var all []*cobra.Command
	for _, m := range modes {
		all = append(all, newStart(m.mode, m.use, m.short))
	}
	return all
}

func newStart(mode run.Mode, use, short string) *cobra.Command {
	reason, asOf, endpoint, planned := "", "", "", false
	cmd := &cobra.Command{
		Use:   use + " PLAN --reason WHY",
		Short: short,
		Long:  short + ".\nPLAN is its file, or its name when AWS_REGION is its recovery region. The run's name is printed;\n`pilotlight status PLAN` shows how far it is.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "why? write --reason: it is what the journal and the report say of the run")
				return errBadInput
			}
			manual := decide.Manual{Reason: reason, Mode: mode}
			if planned {
				manual.Mode = run.Planned
			}
			if asOf != "" {
				moment, err := time.Parse(time.RFC3339, asOf)
				if err != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "--as-of %s is no moment: write one as 2026-11-22T03:00:00Z\n", asOf)
					return errBadInput
				}
				manual.AsOf = moment
			}
			t, err := find(cmd, args[0], endpoint)
			if err != nil {
				return err
			}
			who, err := t.caller(cmd.Context())
			if err != nil {
				return err
			}
			manual.Reason += " (" + who + ")"
			var output decide.Output
			if err := t.send(cmd, "decide-failover", decide.Input{Plan: t.plan, Manual: &manual}, &output); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s\n", output.Verdict, output.Run, output.Reason)
			if output.Verdict != decide.Start {
				return errBadAnswer
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", reason, "why, for the journal and the report")
	if mode == run.Unplanned {
		cmd.Flags().BoolVar(&planned, "planned", planned, "both sides are well: fence the primary first and lose nothing")
	}
	if mode != run.Failback {
		cmd.Flags().StringVar(&asOf, "as-of", asOf, "use data from before this moment alone: 2026-11-22T03:00:00Z")
	}
	endpointFlag(cmd, &endpoint)
	return cmd
}

func newAnswer() *cobra.Command {
	reason, endpoint, question := "", "", 0
	cmd := &cobra.Command{
		Use:   "answer PLAN RUN STEP WORD",
		Short: "Answer a step that is held or asks, or whether a run starts, or speak to a whole run",
		Long: "Answer a step that is held (retry, skip, abort) or asks (yes, no); with the step \"start\", say yes or no\n" +
			"to whether a run starts, which people were asked; or, with the step \"run\", speak\n" +
			"to the whole run: abort cancels it and has it taken back; planned and unplanned change the mode of\n" +
			"the steps that have not begun; standby and active settle a plan that needs a person.",
		Args: cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := find(cmd, args[0], endpoint)
			if err != nil {
				return err
			}
			who, err := t.caller(cmd.Context())
			if err != nil {
				return err
			}
			request := answering.Request{Plan: t.plan, Run: args[1], Step: args[2], Word: run.Word(args[3]), By: who, Reason: reason, Question: question}
			var answer answering.Answer
			if err := t.send(cmd, "answer-run", request, &answer); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), answer.Detail)
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", reason, "why, for the journal and the report")
	cmd.Flags().IntVar(&question, "question", question, "with the step start: the question's number, so that no other one is answered; 0: the one that is asked now")
	endpointFlag(cmd, &endpoint)
	return cmd
}
