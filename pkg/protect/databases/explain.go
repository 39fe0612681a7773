package databases

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// Explain judges every point at every site as a pass would do now, and changes
// nothing. Its error names the sites that did not answer; the verdicts on the
// others come with it. Of backups there is nothing to judge: RDS lets them go by their age.
func Explain(ctx context.Context, cfg aws.Config, begun protect.Pass) ([]retention.Verdict, error) {
	p := newPass(begun, newView(cfg))
	if p.byBackups() {
		return nil, nil
	}
	held := p.look(ctx)
	guards := retention.Guards{Pinned: p.Pinned, Copied: p.missing(held[0], held[1]).Outstanding}
	var verdicts []retention.Verdict
	var failed []error
	for _, h := range held {
		verdicts = append(verdicts, p.judge(h, guards)...)
		failed = append(failed, h.err)
	}
	return verdicts, errors.Join(failed...)
}
