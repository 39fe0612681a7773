package step

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// spec is what the tests' step kind is told.
type spec struct {
	Size int `json:"size,omitempty"`
}

// look is what one look of the tests' step kind finds.
type look struct {
	progress Progress
	err      error
}

// scene is a run of plan p with a step kind that finds what it is told, one look
// a call, and the last of them from then on.
type scene struct {
	t     *testing.T
	book  *ledgertest.Ledger
	looks []look
	told  []Run // what each Advance knew
}

func newScene(t *testing.T, looks ...look) *scene {
	return &scene{t: t, book: ledgertest.Started("p", noon), looks: looks}
}

func (s *scene) Advance(_ context.Context, r Run, _ spec) (Progress, error) {
	return s.look("advance", r)
}

func (s *scene) Undo(_ context.Context, r Run, _ spec) (Progress, error) { return s.look("undo", r) }

func (s *scene) Check(_ context.Context, r Run, _ spec) ([]string, error) {
	found, err := s.look("check", r)
	return strings.Fields(found.Detail), err
}

func (s *scene) look(op string, r Run) (Progress, error) {
	s.book.Called(op)
	found := s.looks[min(len(s.told), len(s.looks)-1)]
	s.told = append(s.told, r)
	return found.progress, found.err
}

// asked is a request for a step of run p-1.
func asked(op Op, step string) string {
	return fmt.Sprintf(`{"op":%q,"plan":"p","run":"p-1","step":%q,"kind":"verify","primary":"us-east-1","recovery":"us-west-2",`+
		`"timeout":"10m","pace":{"least":5,"share":10,"most":60},"drill":{"suffix":"drill","ttl":"8h"},"spec":{"size":1}}`, op, step)
}

// ask is one invocation for a step of run p-1.
func (s *scene) ask(step string) (Answer, error) {
	return s.send(asked(Advance, step))
}

func (s *scene) send(payload string) (Answer, error) {
	return Handler(s.book, func(string) *scene { return s })(s.t.Context(), json.RawMessage(payload))
}

// entries are the run's journal: "orders begun".
func (s *scene) entries() []string {
	var all []string
	for _, entry := range s.book.Entries("p-1") {
		all = append(all, entry.Step+" "+string(entry.Event))
	}
	return all
}

func (s *scene) wantCalls(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.book.Calls()); diff != "" {
		s.t.Errorf("calls (-want +got):\n%s", diff)
	}
}

var (
	pending = look{progress: Progress{Detail: "1 of 4"}}
	good    = look{progress: Progress{Good: true, Detail: "200"}}
	done    = look{progress: Progress{Done: true, Detail: "4 of 4", Outputs: map[string]string{"endpoint": "db.example"}}}
)
