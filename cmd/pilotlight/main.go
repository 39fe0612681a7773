// Command pilotlight is the operator's tool.
//
// Exit codes: 0 all is well; 1 it was done and the answer is bad, or it could not
// be done; 2 the input is wrong, and nothing was done.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(code(begin(ctx, newRoot())))
}

// errBadInput is for what the caller wrote; it has been told already.
var errBadInput = errors.New("the input is wrong")

// errBadAnswer is for a result that is not what one hopes for; told already.
var errBadAnswer = errors.New("the answer is bad")

func code(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errBadInput):
		return 2
	case errors.Is(err, errBadAnswer):
		return 1
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "pilotlight: interrupted; everything that was started has ended")
		return 1
	}
	fmt.Fprintln(os.Stderr, "pilotlight:", err)
	return 1
}

// begin runs a command. What goes wrong before the command itself runs is about
// how it was called.
func begin(ctx context.Context, root *cobra.Command) error {
	called := false
	root.PersistentPreRun = func(*cobra.Command, []string) { called = true }
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !called {
		fmt.Fprintf(root.ErrOrStderr(), "pilotlight: %v\n%s", err, cmd.UsageString())
		return errBadInput
	}
	return err
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "pilotlight",
		Short:         "Disaster recovery for AWS, as code",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newCheck(), newGraph(), newPoints(), newRehearse(), newRehearseAll(), newSimulate(), newInvoke(), newAnswer(), newStatus())
	root.AddCommand(newStarts()...)
	return root
}
