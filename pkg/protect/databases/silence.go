package databases

import (
	"context"
	"errors"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// settle makes of errors what they mean for the pass. A region that does not answer
// is not its failure, because to make the pass again changes nothing: as long as one
// side of the direction is there, it is told, and the ages tell the rest.
func (p *pass) settle(ctx context.Context, failed ...error) error {
	err := errors.Join(failed...)
	if p.from.down != nil && p.to.down != nil {
		return err
	}
	unanswered, rest := protect.Silence(ctx, err)
	for _, one := range unanswered {
		said := protect.NotAnswered(one)
		if at := p.downBy(one); at != nil {
			said = p.Silent(at.Region)
		}
		if !slices.Contains(p.result.Problems, said) { // a region has several listings
			p.problem("%s", said)
		}
	}
	return rest
}

// elsewhere are the errors of sites that are neither side of this direction.
// Nothing is made there now, and what is there waits: what AWS answered is told too.
func (p *pass) elsewhere(held []holding) error {
	var failed []error
	for _, h := range held {
		if h.err != nil && !failure.Unanswered(h.err) {
			p.problem("what the other direction left is not retired: %v", h.err)
			continue
		}
		failed = append(failed, h.err)
	}
	return errors.Join(failed...)
}

// downBy is the side that is not asked any more because of an error; nil: none.
func (p *pass) downBy(err error) *side {
	for _, s := range p.shared.sides {
		if s.down != nil && errors.Is(err, s.down) {
			return s
		}
	}
	return nil
}
