package databases

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Points are the snapshots of a policy in cfg's region, taken or copied there, usable
// or not. Of backups there are none: what they can be restored to, RDS says.
func Points(ctx context.Context, cfg aws.Config, name string, policy plan.Policy) ([]lineage.Point, error) {
	p := newPass(protect.Pass{Input: protect.Input{Plan: name, Policy: policy}}, newView(cfg))
	if p.byBackups() {
		return nil, nil
	}
	h := p.hold(ctx, p.shared.at(protect.Site{Region: cfg.Region}, p.cluster()))
	return append(h.own, h.copies...), h.err
}
