package ebs

import (
	"context"
	"errors"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/locks"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// Explain judges every point at every site as a pass would do now, and changes
// nothing. Its error names the sites that did not answer; the verdicts on the
// others come with it.
func (p *Pass) Explain(ctx context.Context) ([]retention.Verdict, error) {
	sides := p.look(ctx)
	missing := p.missing(sides[0], sides[1])
	var verdicts []retention.Verdict
	var failed []error
	for _, s := range sides {
		if s.err != nil {
			failed = append(failed, s.err)
			continue
		}
		// With no usable copy to turn to, InUse turns nothing.
		inUse, err := p.kind.InUse(ctx, s.Site, nil, &protect.Result{})
		if err != nil {
			failed = append(failed, err)
			continue
		}
		locked, err := locks.Read(ctx, p.In(s.Site), p.Pass, s.Copies)
		if err != nil {
			failed = append(failed, fmt.Errorf("list the locked snapshots in %s: %w", s.Region, err))
			continue
		}
		verdicts = append(verdicts, p.judge(s.Seen, retention.Guards{InUse: inUse, Pinned: p.Pinned, Copied: missing.Outstanding, Locked: locked})...)
	}
	return verdicts, errors.Join(failed...)
}
