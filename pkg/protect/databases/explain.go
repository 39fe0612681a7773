package databases

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// Explain judges every point of both sides as a pass would do now, and changes
// nothing. Of backups there is nothing to judge: RDS lets them go by their age.
func Explain(ctx context.Context, cfg aws.Config, begun protect.Pass) ([]retention.Verdict, error) {
	p := newPass(begun, newView(cfg))
	if p.byBackups() {
		return nil, nil
	}
	seen, err := p.points(ctx)
	if err != nil {
		return nil, err
	}
	guards := retention.Guards{Pinned: p.Pinned, Copied: p.missing(seen).Outstanding}
	return append(p.judge(seen.copies, guards), p.judge(seen.sources, guards)...), nil
}
