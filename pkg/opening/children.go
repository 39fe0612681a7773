package opening

import (
	"context"

	"github.com/pilotlight/pilotlight/pkg/reserve"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// reserved is the record once the run has the locks of its children, all before
// anything is done. A child that cannot take part ends the run here, Aborted.
func reserved(ctx context.Context, ledger Ledger, record run.Record, request Request) (run.Record, error) {
	if len(request.Children) == 0 {
		return record, nil
	}
	given, err := record.State.Given()
	if err != nil {
		return record, err
	}
	order := run.Order{Mode: record.Mode(), AsOf: given.AsOf, Reason: given.Reason}
	if err := reserve.Take(ctx, ledger, request.Plan, order, request.Children); err != nil {
		return record, err
	}
	return ledger.Open(ctx, request.Plan, request.Run)
}
