package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/matrix"
)

func newRehearseAll() *cobra.Command {
	out, page := "out", filepath.Join("docs", "strategies.md")
	cmd := &cobra.Command{
		Use:   "rehearse-all PLAN…",
		Short: "Play every game day that a plan answers, of every plan, into one table",
		Long: "Play every game day that a plan answers, of every plan: a report of each in its own folder,\n" +
			"and all that was measured in matrix.json and docs/strategies.md. It takes minutes.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			var rows []matrix.Row
			var passed []matrix.Pass
			for _, file := range files {
				played, not, err := rehearseEvery(cmd, file, out)
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				rows, passed = append(rows, played...), append(passed, not...)
			}
			matrix.Sort(rows)
			if err := write(filepath.Join(out, "matrix.json"), func(w io.Writer) error { return matrix.WriteJSON(w, rows) }); err != nil {
				return err
			}
			return write(page, func(w io.Writer) error { return matrix.WritePage(w, rows, passed, front.Defaults().Table()) })
		},
	}
	cmd.Flags().StringVar(&out, "out", out, "folder for matrix.json and the reports")
	cmd.Flags().StringVar(&page, "page", page, "the page for people")
	return cmd
}

// rehearseEvery plays all chains of scenarios of one plan. A run that ends badly is
// in the table and no error.
func rehearseEvery(cmd *cobra.Command, file, out string) (rows []matrix.Row, passed []matrix.Pass, err error) {
	p, err := load(cmd, file)
	if err != nil {
		return nil, nil, err
	}
	chains, passed := matrix.Pairs(p)
	for _, chain := range chains {
		options, done, err := prepare(cmd, file, false)
		if err != nil {
			return nil, nil, err
		}
		results, err := rehearsal.Play(cmd.Context(), options, chain...)
		done()
		for _, result := range results {
			rows = append(rows, matrix.RowOf(result))
			if err := publishQuietly(result, filepath.Join(out, result.Plan+"-"+result.Scenario)); err != nil {
				return nil, nil, err
			}
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return rows, passed, nil
}
