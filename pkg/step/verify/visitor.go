package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/visit"
)

// patience bounds one look, from the name lookup to the last byte read. A page
// that takes longer does not serve anybody.
const patience = 5 * time.Second

// aVisitor asks through client, whose own limits stay. nil: as visit.New.
func aVisitor(client *http.Client) visit.Visitor { return visit.New("pilotlight-verify", client) }

// page is good when it answers that all is well.
func (k *Kind) page(ctx context.Context, url string) (look, error) {
	answer, err := k.visitor.Ask(ctx, url, patience)
	switch {
	case errors.Is(err, visit.ErrNotSecure):
		return look{}, step.Permanent("%q is not an https URL: correct the plan's \"url\"", url)
	case ctx.Err() != nil:
		return look{}, fmt.Errorf("verify %s: %w", url, ctx.Err())
	case err != nil:
		return look{detail: err.Error()}, nil
	}
	return look{answer.Status/100 == 2, fmt.Sprintf("%s answered %d", url, answer.Status)}, nil
}
