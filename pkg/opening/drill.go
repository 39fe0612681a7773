package opening

import (
	"context"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Alarms reads alarms as they are now. One that cannot be read is decide.Unreadable
// and no error.
type Alarms interface {
	Read(ctx context.Context, alarms []plan.Alarm) ([]decide.Sight, error)
}

// begin refuses a drill that may not begin now: the run ends Aborted, and nothing
// was changed. One that was taken up goes on when its window shuts; what stops it
// from then on is decide-failover, which reads the same alarms every minute.
func begin(ctx context.Context, alarms Alarms, record run.Record, request Request) error {
	if record.State.Mode != run.Drill || record.State.Phase != run.Starting {
		return nil
	}
	var sights []decide.Sight
	if watched := request.Drill.Watched(request.Recovery); len(watched) > 0 {
		var err error
		if sights, err = alarms.Read(ctx, watched); err != nil {
			return fmt.Errorf("read the alarms of drill %s: %w", request.Run, err)
		}
	}
	if why := drill.Bar(request.Drill, record.Now, sights); why != "" {
		return failure.Permanentf("drill %s does not begin: %s", request.Run, why)
	}
	return nil
}
