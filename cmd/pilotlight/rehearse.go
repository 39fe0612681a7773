package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/report"
)

func newRehearse() *cobra.Command {
	scenario, out, verbose := []string{rehearsal.PowerLoss}, "out", false
	cmd := &cobra.Command{
		Use:   "rehearse PLAN",
		Short: "Play a disaster and the plan's recovery in a simulated AWS, and measure it",
		Long: "Play a disaster and the plan's recovery in a simulated AWS on this machine, with no AWS\n" +
			"account: the real functions, the real state machine, and a shopper who measures from outside.\n" +
			"Run it at the repository's root, after make setup.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			options, done, err := prepare(cmd, args[0], verbose)
			if err != nil {
				return err
			}
			for n, name := range scenario {
				if why := rehearsal.Unfit(options.Plan, name, scenario[:n]...); why != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s cannot be played in --scenario %s: %s\n", args[0], name, why)
					return errBadInput
				}
			}
			results, err := rehearsal.Play(cmd.Context(), options, scenario...)
			done()
			if err != nil {
				return err
			}
			return publishAll(cmd.OutOrStdout(), results, out)
		},
	}
	cmd.Flags().StringSliceVar(&scenario, "scenario", scenario,
		"the game day to play: "+strings.Join(rehearsal.Scenarios(), ", ")+"; or several, one after the other")
	cmd.Flags().StringVar(&out, "out", out, "folder for report.json and report.html")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", verbose, verboseUsage)
	return cmd
}

const verboseUsage = "tell what the simulated AWS complains of"

// prepare reads the plan and sets up what a rehearsal of it needs. done ends the
// live display of its progress.
func prepare(cmd *cobra.Command, file string, verbose bool) (o rehearsal.Options, done func(), err error) {
	if o.Plan, err = load(cmd, file); err != nil {
		return o, nil, err
	}
	if o.Root, err = os.Getwd(); err != nil {
		return o, nil, err
	}
	var progress *report.Progress // nil until there is a clock to date it by
	o.Tell = func(now func() time.Time) rehearsal.Progress {
		progress = report.NewProgress(os.Stderr, isatty.IsTerminal(os.Stderr.Fd()), now)
		return progress
	}
	done = func() {
		if progress != nil {
			progress.Close()
		}
	}
	if verbose {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	return o, done, nil
}

// publishAll publishes the reports of scenarios that were played one after the other:
// the last one where a single one would be, the earlier ones in folders beside it.
func publishAll(w io.Writer, results []*report.Report, folder string) error {
	var bad error
	for n, result := range results {
		into := folder
		if n < len(results)-1 {
			into = filepath.Join(folder, fmt.Sprintf("%d-%s", n+1, result.Scenario))
		}
		switch err := publish(w, result, into); {
		case errors.Is(err, errBadAnswer):
			bad = err
		case err != nil:
			return err
		}
	}
	return bad
}

// publish prints the closing table, writes the report's files and says whether
// the rehearsal was good.
func publish(w io.Writer, r *report.Report, folder string) error {
	if err := publishQuietly(r, folder); err != nil {
		return err
	}
	if err := r.Table(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe report: %s and %s\n", filepath.Join(folder, "report.html"), filepath.Join(folder, "report.json"))
	if ok, _ := r.Verdict(); !ok {
		return errBadAnswer
	}
	return nil
}

// publishQuietly writes the report's files.
func publishQuietly(r *report.Report, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	files := []struct {
		name  string
		write func(io.Writer) error
	}{{"report.json", r.WriteJSON}, {"report.html", r.WriteHTML}}
	for _, file := range files {
		if err := write(filepath.Join(folder, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, content func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := content(file); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}
