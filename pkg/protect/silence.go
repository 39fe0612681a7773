package protect

import (
	"context"
	"errors"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Silence parts an error of a pass into what AWS did not answer and the rest. The
// former is no failure of the pass: the next one looks whether the call acted, and
// tries again. When the pass itself has run out of time, slow and silent cannot be
// told apart, and everything is the rest.
func Silence(ctx context.Context, err error) (unanswered []error, rest error) {
	if ctx.Err() != nil {
		return nil, err
	}
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case ok:
		var failed []error
		for _, one := range joined.Unwrap() {
			silent, other := Silence(ctx, one)
			unanswered, failed = append(unanswered, silent...), append(failed, other)
		}
		return unanswered, errors.Join(failed...)
	case failure.Unanswered(err):
		return []error{err}, nil
	}
	return nil, err
}

// Silent tells of a region that does not answer what that costs a pass.
func (p Pass) Silent(region string) string {
	lost := "what the other direction left there is not retired"
	switch region {
	case p.From.Region:
		lost = "nothing there is taken, copied or retired"
	case p.To.Region:
		lost = "what is missing there is not copied, and nothing is retired"
	}
	return fmt.Sprintf("%s does not answer: %s; the next pass tries again", region, lost)
}

// NotAnswered tells of a call that got no answer from a region that had answered
// before.
func NotAnswered(err error) string {
	return fmt.Sprintf("not answered: %v; the next pass looks whether it acted, and tries again", err)
}
