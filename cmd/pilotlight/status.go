package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func newStatus() *cobra.Command {
	endpoint := ""
	cmd := &cobra.Command{
		Use:   "status PLAN",
		Short: "Show where a plan stands, how far its newest run is, and what waits for a person",
		Long: "Show where a plan stands, how far its newest run is, what waits for a person, which steps would not\n" +
			"work now, and how old the data are that would come back. The exit code is 1 when something waits for a person or would not work.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := find(cmd, args[0], endpoint)
			if err != nil {
				return err
			}
			book := ledger.New(t.cfg)
			state, _, err := book.State(cmd.Context(), t.plan)
			if err != nil {
				return err
			}
			record, err := book.Open(cmd.Context(), t.plan, state.Run)
			if err != nil {
				return err
			}
			asked := run.Record{State: state}
			if state.Alert != nil && state.Alert.Run != "" {
				if asked, err = book.Open(cmd.Context(), t.plan, state.Alert.Run); err != nil {
					return err
				}
			}
			ready, _, err := book.Readiness(cmd.Context(), t.plan)
			if err != nil {
				return err
			}
			ages, err := book.Ages(cmd.Context(), t.plan)
			if err != nil {
				return err
			}
			nothing := show(cmd.OutOrStdout(), record, asked, ready)
			old(cmd.OutOrStdout(), ages, record.Now)
			if !nothing {
				return errBadAnswer
			}
			return nil
		},
	}
	endpointFlag(cmd, &endpoint)
	return cmd
}

// show writes the status and says whether nobody has anything to do. Asked is the run
// that people are asked about, if they are.
func show(w io.Writer, record, asked run.Record, ready []run.Readiness) bool {
	state := record.State
	fmt.Fprintf(w, "plan %s is %s, and the %s side serves\n", state.Plan, state.Posture, state.Serving())
	if !state.Unfenced.IsZero() {
		fmt.Fprintf(w, "unfenced since %s: the old primary may still take writes\n", state.Unfenced.Format(time.RFC3339))
	}
	if state.Run != "" {
		fmt.Fprintf(w, "run %s, %s: %s %s\n\n", state.Run, record.Mode(), state.Phase, state.End)
		journal(w, record)
	}
	told, nobody, all := alerted(w, asked), waits(w, record), works(w, state, ready)
	return told && nobody && all
}

// alerted writes what people were told of, and asked, and says whether nobody has to
// do anything about it.
func alerted(w io.Writer, asked run.Record) bool {
	plan, alert := asked.State.Plan, asked.State.Alert
	if alert == nil {
		return true
	}
	fmt.Fprintf(w, "\na disaster is seen, and people were told at %s: %s\n", alert.At.Format(time.RFC3339), alert.Reason)
	said, answered := asked.Answer(run.Question, alert.Number)
	switch {
	case alert.Run == "":
		fmt.Fprintf(w, "nothing starts by itself; to start the failover:\n  pilotlight failover %s --reason \"…\"\n", plan)
	case answered && said.Word == run.SayNo:
		fmt.Fprintf(w, "%s; that stands until the signals are well\n", said)
		return true
	case answered:
		fmt.Fprintf(w, "%s; run %s starts within a minute\n", said, alert.Run)
		return true
	default:
		fmt.Fprintf(w, "shall run %s start? Until %s:\n  pilotlight answer %s %[1]s %[4]s yes | no --question %[5]d\n",
			alert.Run, alert.Until.Format(time.RFC3339), plan, run.Question, alert.Number)
	}
	return false
}

func journal(w io.Writer, record run.Record) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	for _, entry := range record.Entries {
		if entry.Event != run.Good && entry.Event != run.Missed {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", entry.At.Format(time.RFC3339), entry.Step, entry.Event, entry.Detail)
		}
	}
	for _, said := range record.Answers {
		fmt.Fprintf(table, "%s\t%s\tsaid %s\tby %s: %s\n", said.At.Format(time.RFC3339), said.Step, said.Word, said.By, said.Reason)
	}
}

// waits writes what a person is waited for, and says whether there is nothing.
func waits(w io.Writer, record run.Record) bool {
	state, none := record.State, true
	if state.Posture == run.NeedsPerson {
		none = false
		fmt.Fprintf(w, "\nthe plan needs a person; once all is as it should be:\n  pilotlight answer %s %s run standby | active\n", state.Plan, state.Run)
	}
	if _, stopped := record.Stopped(); stopped || !state.UnderWay() {
		return none
	}
	for _, begun := range record.Begun() {
		attempt := record.Attempt(begun.Step)
		_, held := record.FindAttempt(begun.Step, run.Held, attempt)
		_, said := record.Answer(begun.Step, attempt)
		words := "retry | skip | abort"
		if begun.Kind == plan.KindApprove && !held {
			words = "yes | no"
		}
		_, skipped := record.First(begun.Step, run.Skipped)
		if said || skipped || !held && (begun.Kind != plan.KindApprove || record.Passed(begun.Step)) {
			continue
		}
		none = false
		fmt.Fprintf(w, "\nstep %s waits for an answer:\n  pilotlight answer %s %s %s %s\n", begun.Step, state.Plan, state.Run, begun.Step, words)
	}
	return none
}

// works writes which steps of the runs that may come would not work, and says whether
// all would.
func works(w io.Writer, state run.State, ready []run.Readiness) bool {
	all := true
	for _, step := range ready {
		if !state.Ahead(step.Course) {
			continue
		}
		for _, problem := range step.Problems {
			all = false
			fmt.Fprintf(w, "\nstep %s would not work now: %s\n", step.Step, problem)
		}
	}
	return all
}

// old writes how old the data of each policy are, as they were seen last.
func old(w io.Writer, ages []run.Age, now time.Time) {
	for _, age := range ages {
		switch {
		case age.At.IsZero():
			fmt.Fprintf(w, "\npolicy %s: nobody knows how old its data are: %s", age.Policy, age.Problem)
			continue
		case age.Newest.IsZero():
			fmt.Fprintf(w, "\npolicy %s: a source had no usable recovery point at %s", age.Policy, age.At.UTC().Format(time.RFC3339))
		default:
			fmt.Fprintf(w, "\npolicy %s: data of %s, %s old, would come back", age.Policy, age.Newest.UTC().Format(time.RFC3339), plan.Duration(now.Sub(age.Newest).Truncate(time.Second)))
		}
		if age.Problem != "" {
			fmt.Fprintf(w, "; since %s it could not be seen: %s", age.At.UTC().Format(time.RFC3339), age.Problem)
		}
	}
	if len(ages) > 0 {
		fmt.Fprintln(w)
	}
}
