package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/report"
)

func newRehearse() *cobra.Command {
	scenario, out, verbose := rehearsal.PowerLoss, "out", false
	cmd := &cobra.Command{
		Use:   "rehearse PLAN",
		Short: "Play a disaster and the plan's recovery in a simulated AWS, and measure it",
		Long: "Play a disaster and the plan's recovery in a simulated AWS on this machine, with no AWS\n" +
			"account: the real functions, the real state machine, and a shopper who measures from outside.\n" +
			"Run it at the repository's root, after make setup.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := load(cmd, args[0])
			if err != nil {
				return err
			}
			root, err := os.Getwd()
			if err != nil {
				return err
			}
			var progress *report.Progress
			options := rehearsal.Options{Root: root, Plan: p, Scenario: scenario, Tell: func(now func() time.Time) rehearsal.Progress {
				progress = report.NewProgress(os.Stderr, isatty.IsTerminal(os.Stderr.Fd()), now)
				return progress
			}}
			if verbose {
				options.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
			}
			result, err := rehearsal.Run(cmd.Context(), options)
			if progress != nil {
				progress.Close()
			}
			if err != nil {
				return err
			}
			return publish(cmd.OutOrStdout(), result, out)
		},
	}
	cmd.Flags().StringVar(&scenario, "scenario", scenario, "the game day to play: power-loss")
	cmd.Flags().StringVar(&out, "out", out, "folder for report.json and report.html")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", verbose, "tell what the simulated AWS complains of")
	return cmd
}

// publish prints the closing table, writes the report's files and says whether
// the rehearsal was good.
func publish(w io.Writer, r *report.Report, folder string) error {
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
	r.Table(w)
	fmt.Fprintf(w, "\nThe report: %s and %s\n", filepath.Join(folder, "report.html"), filepath.Join(folder, "report.json"))
	ok, problems := r.Verdict()
	for _, problem := range problems {
		fmt.Fprintln(w, "not good:", problem)
	}
	if !ok {
		return errBadAnswer
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
