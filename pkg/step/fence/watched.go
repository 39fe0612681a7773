package fence

import (
	"context"
	"errors"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// errOver says that the old primary is to be left alone from now on.
var errOver = errors.New("the plan has moved on")

// still asks the ledger whether the old primary is to be shut, as it was when the
// look began: a failback may have started since, and wants that side back. A run
// that is stopped ends it too, once its fence is being taken back.
func (k Keeping) still(ctx context.Context, book Book, record run.Record) error {
	now, _, err := book.State(ctx, k.Plan)
	if err != nil {
		return fmt.Errorf("ask whether %s is to be fenced still: %w", k.Primary, err)
	}
	serves := now.Posture == run.Active || now.Posture == run.FailingOver
	if now.Run != record.State.Run || now.Unfenced.IsZero() || !serves {
		return errOver
	}
	return nil
}

// watched asks before each change of a thing. That is a read for each, of a
// millisecond or so, and one look takes some forty seconds: what may still come too
// late is the one call that is on its way.
func watched(all []thing, still func(context.Context) error) []thing {
	asking := make([]thing, len(all))
	for i, t := range all {
		asking[i] = asked{t, still}
	}
	return asking
}

type asked struct {
	thing
	still func(context.Context) error
}

func (a asked) remember(ctx context.Context) error {
	if err := a.still(ctx); err != nil {
		return err
	}
	return a.thing.remember(ctx)
}

func (a asked) close(ctx context.Context) error {
	if err := a.still(ctx); err != nil {
		return err
	}
	return a.thing.close(ctx)
}
