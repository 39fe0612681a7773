package verify

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// site is a web server that answers with status, and counts how often.
type site struct {
	*httptest.Server
	status int
	asked  int
}

func newSite(t *testing.T) *site {
	s := &site{status: http.StatusOK}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked++
		if r.URL.Path == "/sorry" {
			t.Error("followed a redirect")
		}
		if s.status/100 == 3 {
			w.Header().Set("Location", "/sorry")
		}
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

// visiting is a kind that asks over the network alone.
func visiting(client *http.Client) *Kind { return &Kind{visitor: aVisitor(client)} }

// look is one Advance, by a new process, good since the given time.
func (s *site) look(t *testing.T, now, good time.Time, lasting time.Duration) step.Progress {
	t.Helper()
	got, err := visiting(s.Client()).Advance(t.Context(), step.Run{Now: now, Good: good}, plan.Verify{URL: s.URL, For: plan.Duration(lasting)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAdvance_isDoneWhenAnswersHaveBeenGoodForLongEnough(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		good    time.Time
		lasting time.Duration
		done    bool
	}{
		"the first good answer":          {time.Time{}, time.Minute, false},
		"good for half the time":         {t0.Add(-30 * time.Second), time.Minute, false},
		"good for all of it":             {t0.Add(-time.Minute), time.Minute, true},
		"the first, and one is enough":   {time.Time{}, 0, true},
		"a later one, and one is enough": {t0.Add(-time.Second), 0, true},
	} {
		if got := s.look(t, t0, c.good, c.lasting); !got.Good || got.Done != c.done {
			t.Errorf("%s: %+v; want good, done %t", name, got, c.done)
		}
	}
}

func TestAdvance_takesEveryBadAnswerForAMiss(t *testing.T) {
	s := newSite(t)
	for _, status := range []int{http.StatusFound, http.StatusNotFound, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		s.status = status
		if got := s.look(t, t0, t0.Add(-time.Hour), time.Minute); got.Good || got.Done || got.Detail == "" {
			t.Errorf("status %d: %+v; want a miss that says why", status, got)
		}
	}
	s.Close()
	if got := s.look(t, t0, t0.Add(-time.Hour), time.Minute); got.Good || got.Done || got.Detail == "" {
		t.Errorf("nothing listens: %+v; want a miss that says why", got)
	}
}

func TestAdvance_asksOnceALook(t *testing.T) {
	s := newSite(t)
	s.look(t, t0, time.Time{}, time.Minute)
	if s.asked != 1 {
		t.Errorf("asked %d times", s.asked)
	}
}

func TestAdvance_distrustsACertificateThatNobodyVouchesFor(t *testing.T) {
	s := newSite(t)
	got, err := visiting(nil).Advance(t.Context(), step.Run{Now: t0}, plan.Verify{URL: s.URL})
	if err != nil || got.Good {
		t.Errorf("Advance = %+v, %v; want a miss", got, err)
	}
}

func TestAdvance_refusesWhatIsNotHTTPS(t *testing.T) {
	for _, url := range []string{"http://shop.example.com", "shop.example.com", "https://%zz", "https:///x"} {
		_, err := visiting(nil).Advance(t.Context(), step.Run{Now: t0}, plan.Verify{URL: url})
		if failure.ClassOf(err) != failure.Permanent {
			t.Errorf("%q: error %v; want a permanent one", url, err)
		}
	}
}

func TestAdvance_doesNotBlameTheSiteForItsOwnEnd(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := visiting(s.Client()).Advance(ctx, step.Run{Now: t0}, plan.Verify{URL: s.URL}); err == nil {
		t.Error("a look that was cut short counts as a miss")
	}
}
