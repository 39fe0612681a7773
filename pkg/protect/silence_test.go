package protect

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
)

// answered is an error that AWS answered with.
type answered string

func (a answered) Error() string     { return "api error " + string(a) }
func (a answered) ErrorCode() string { return string(a) }

func TestSilence_partsWhatWasNotAnsweredFromWhatWas(t *testing.T) {
	refused := &url.Error{Op: "Post", URL: "https://ec2.us-east-1.amazonaws.com/", Err: errors.New("connection refused")}
	late := fmt.Errorf("copy snap-1: %w", context.DeadlineExceeded)
	denied, ours := fmt.Errorf("copy snap-2: %w", answered("UnauthorizedOperation")), errors.New("its snapshot stays")
	unanswered, rest := Silence(t.Context(), errors.Join(refused, errors.Join(late, denied), ours))
	if len(unanswered) != 2 || unanswered[0] != refused || unanswered[1] != late {
		t.Errorf("not answered: %v", unanswered)
	}
	if !errors.Is(rest, denied) || !errors.Is(rest, ours) || errors.Is(rest, refused) {
		t.Errorf("the rest: %v", rest)
	}
	if unanswered, rest := Silence(t.Context(), nil); len(unanswered) > 0 || rest != nil {
		t.Errorf("of no error: %v, %v", unanswered, rest)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if unanswered, rest := Silence(over, late); len(unanswered) > 0 || !errors.Is(rest, late) {
		t.Errorf("with no time left: %v, %v", unanswered, rest)
	}
}
