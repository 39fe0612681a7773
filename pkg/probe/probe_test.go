package probe

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// told is what was published.
type told struct {
	tries [][]Try
	err   error
}

func (m *told) Publish(_ context.Context, _ string, tries []Try) error {
	m.tries = append(m.tries, tries)
	return m.err
}

// hands are a clock that moves only when it is waited for.
type hands struct {
	at    time.Time
	waits []time.Duration
	stop  func(wait int) error // nil: no wait is broken off
}

func (h *hands) clock() clock {
	return clock{now: func() time.Time { return h.at }, wait: func(ctx context.Context, d time.Duration) error {
		h.waits = append(h.waits, d)
		h.at = h.at.Add(d)
		if h.stop != nil {
			if err := h.stop(len(h.waits)); err != nil {
				return err
			}
		}
		return ctx.Err()
	}}
}

// listening is an address that accepts connections and counts them.
func listening(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
	}()
	return listener.Addr().String()
}

// refusing is an address that refuses connections.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func sent(t *testing.T, spec plan.Probe) json.RawMessage {
	t.Helper()
	if spec.Timeout == 0 {
		spec.Timeout = plan.Duration(10 * time.Second)
	}
	if spec.Tries == 0 {
		spec.Tries = 1
	}
	raw, err := json.Marshal(Input{Plan: "storefront", Probe: spec})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestHandle_spreadsItsTriesOverTheMinute(t *testing.T) {
	at := listening(t)
	for name, c := range map[string]struct {
		left  time.Duration // until the deadline; zero: there is none
		tries int
		turn  time.Duration
	}{
		"three":                 {Timeout, 3, 20 * time.Second},
		"as many as a plan has": {Timeout, 6, 10 * time.Second},
		"no deadline":           {0, 3, 20 * time.Second},
		"more time":             {time.Hour, 2, 30 * time.Second},
		"less time":             {6 * time.Second, 3, time.Second},
	} {
		h := &hands{at: time.Now()}
		ctx := t.Context()
		if c.left > 0 {
			with, cancel := context.WithDeadline(ctx, h.at.Add(c.left))
			defer cancel()
			ctx = with
		}
		m := &told{}
		out, err := on(m, nil, net.DefaultResolver, h.clock()).Handle(ctx, sent(t, plan.Probe{TCP: at, Tries: c.tries}))
		want := []time.Duration{0}
		for range c.tries - 1 {
			want = append(want, c.turn)
		}
		if err != nil || out.Reached != c.tries || len(m.tries) != 1 || len(m.tries[0]) != c.tries || !slices.Equal(h.waits, want) {
			t.Errorf("%s: %+v, %v, published %v, after waits of %v; want %d tries, %s apart", name, out, err, m.tries, h.waits, c.tries, c.turn)
		}
	}
}

func TestHandle_makesNoTryWhoseTurnIsOver(t *testing.T) {
	m, h := &told{}, &hands{at: time.Now()}
	h.stop = func(wait int) error {
		if wait == 3 { // as when the machine stood still
			h.at = h.at.Add(Every)
		}
		return nil
	}
	out, err := on(m, nil, net.DefaultResolver, h.clock()).Handle(t.Context(), sent(t, plan.Probe{TCP: listening(t), Tries: 6}))
	if err != nil || len(out.Tries) != 2 || len(m.tries) != 1 || len(m.tries[0]) != 2 {
		t.Errorf("%+v, %v, published %v; want the two tries that were made in time", out, err, m.tries)
	}
}

func TestHandle_publishesNothingOfAnInvocationThatIsCutShort(t *testing.T) {
	over := errors.New("the process is ended")
	m, h := &told{}, &hands{at: time.Now()}
	h.stop = func(wait int) error {
		if wait == 2 {
			return over
		}
		return nil
	}
	_, err := on(m, nil, net.DefaultResolver, h.clock()).Handle(t.Context(), sent(t, plan.Probe{TCP: refusing(t), Tries: 3}))
	if !errors.Is(err, over) || len(m.tries) > 0 {
		t.Errorf("between two tries: %v, published %v", err, m.tries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	prober := on(m, nil, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}, (&hands{at: time.Now()}).clock())
	_, err = prober.Handle(ctx, sent(t, plan.Probe{DNS: "shop.example.com"}))
	if !errors.Is(err, context.Canceled) || len(m.tries) > 0 {
		t.Errorf("in the middle of one: %v, published %v", err, m.tries)
	}
}

func TestHandle_tellsWhatEachTrySaw(t *testing.T) {
	at := listening(t)
	gone := refusing(t)
	dialled := 0
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		dialled++
		return nil, errors.New("no name server")
	}}
	for name, c := range map[string]struct {
		spec plan.Probe
		want int
	}{
		"all reach":        {plan.Probe{TCP: at, Tries: 3}, 3},
		"none does":        {plan.Probe{TCP: gone, Tries: 3}, 0},
		"nothing resolves": {plan.Probe{TCP: "shop.example.com:443", Tries: 3}, 0},
	} {
		m := &told{}
		out, err := on(m, nil, resolver, (&hands{at: time.Now()}).clock()).Handle(t.Context(), sent(t, c.spec))
		if err != nil || out.Reached != c.want || len(m.tries) != 1 || !slices.Equal(m.tries[0], out.Tries) {
			t.Errorf("%s: %+v, %v, published %v", name, out, err, m.tries)
		}
		for _, try := range out.Tries {
			if try.Saw == "" || try.Reached != (c.want > 0) {
				t.Errorf("%s: %+v", name, try)
			}
		}
	}
	if dialled < 3 {
		t.Errorf("the name server was asked %d times in 3 tries", dialled)
	}
}

func TestHandle_failsWhenNobodyTakesWhatItSaw(t *testing.T) {
	m := &told{err: errors.New("throttled")}
	out, err := on(m, nil, net.DefaultResolver, (&hands{at: time.Now()}).clock()).Handle(t.Context(), sent(t, plan.Probe{TCP: listening(t)}))
	if !errors.Is(err, m.err) || out.Reached != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestMachine_waitsAndMeasuresTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := machine()
		began := c.now()
		if err := c.wait(t.Context(), 20*time.Second); err != nil || c.now().Sub(began) != 20*time.Second {
			t.Errorf("waited %s, %v", c.now().Sub(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || c.now().Sub(began) != 21*time.Second {
			t.Errorf("until its deadline: %v after %s", err, c.now().Sub(began))
		}
		if err := c.wait(t.Context(), -time.Second); err != nil || c.now().Sub(began) != 21*time.Second {
			t.Errorf("for what is past: %v after %s", err, c.now().Sub(began))
		}
	})
}

func TestDecode_refusesWhatNoPlanSays(t *testing.T) {
	for raw, right := range map[string]bool{
		`{"plan":"p","probe":{"url":"https://a.example.com","status":200,"tries":1,"timeout":"5s"}}`: true,
		`{"plan":"p","probe":{"tcp":"a.example.com:443","tries":60,"timeout":"5s"}}`:                 true,
		`{"plan":"p","probe":{"dns":"a.example.com","answer":"192.0.2.1","tries":1,"timeout":"5s"}}`: true,
		`{"probe":{"dns":"a.example.com","tries":1,"timeout":"5s"}}`:                                 false,
		`{"plan":"p"}`: false,
		`{"plan":"p","probe":{"tries":1,"timeout":"5s"}}`:                                                             false,
		`{"plan":"p","probe":{"dns":"a.example.com","tcp":"a.example.com:443","tries":1,"timeout":"5s"}}`:             false,
		`{"plan":"p","probe":{"url":"http://a.example.com","status":200,"tries":1,"timeout":"5s"}}`:                   false,
		`{"plan":"p","probe":{"url":"https://a.example.com","tries":1,"timeout":"5s"}}`:                               false,
		`{"plan":"p","probe":{"tcp":"a.example.com","tries":1,"timeout":"5s"}}`:                                       false,
		`{"plan":"p","probe":{"dns":"a.example.com","timeout":"5s"}}`:                                                 false,
		`{"plan":"p","probe":{"dns":"a.example.com","tries":61,"timeout":"5s"}}`:                                      false,
		`{"plan":"p","probe":{"dns":"a.example.com","tries":-1,"timeout":"5s"}}`:                                      false,
		`{"plan":"p","probe":{"dns":"a.example.com","tries":1}}`:                                                      false,
		`{"plan":"p","probe":{"dns":"a.example.com","tries":1,"timeout":"-5s"}}`:                                      false,
		`{"plan":"p","probe":{"dns":"a.example.com","tries":1,"timeout":"5s"},"url":"https://attacker.example.com/"}`: false,
	} {
		_, err := Decode([]byte(raw))
		if right != (err == nil) || err != nil && failure.ClassOf(err) != failure.BadInput {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzHandle(f *testing.F) {
	for _, raw := range repository.Events(f, Function) {
		f.Add(raw)
	}
	for _, raw := range []string{``, `{}`, `null`, `[]`, `{"plan":""}`, `{"plan":"a","probe":{"tcp":":1","tries":1,"timeout":"1ns"}}`, `{"plan":"a"} {}`} {
		f.Add([]byte(raw))
	}
	// Nothing leaves this machine, and nothing that an input says takes long.
	nowhere := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := Decode(raw)
		if err != nil {
			if failure.ClassOf(err) != failure.BadInput {
				t.Errorf("%v is no refusal", err)
			}
			return
		}
		again, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(again); err != nil {
			t.Errorf("what was read is refused when it is written again: %v", err)
		}
		if in.Probe.DNS == "" {
			return
		}
		m := &told{}
		out, err := on(m, nil, nowhere, (&hands{at: time.Now()}).clock()).Handle(t.Context(), raw)
		if err != nil || len(out.Tries) != in.Probe.Tries || len(m.tries) != 1 {
			t.Errorf("%+v, %v, published %v", out, err, m.tries)
		}
	})
}
