package clock

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

const scale = 60

// stopped is a clock whose beats a test makes itself.
func stopped(t *testing.T) *Clock {
	t.Helper()
	c, err := New(os.DevNull, scale)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c.file, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.file.Close() })
	return c
}

func TestClock_countsALateBeatAsTheLongest(t *testing.T) {
	c := stopped(t)
	for _, late := range []time.Duration{0, beat, Longest, 2 * Longest, time.Hour} {
		if got, want := c.at(c.realBase.Add(late)).Sub(c.dataBase), scale*min(late, Longest); got != want {
			t.Errorf("%s after a beat it is %s after it, want %s", late, got, want)
		}
	}
	before, stood := c.dataBase, c.Stood()
	c.realBase = time.Now().Add(-time.Hour)
	if err := c.beat(0); err != nil {
		t.Fatal(err)
	}
	if counted := c.dataBase.Sub(before); counted != scale*Longest {
		t.Errorf("a beat that came an hour late counts %s", counted)
	}
	if left := c.Stood() - stood; left < time.Hour-Longest || left > time.Hour+time.Minute {
		t.Errorf("%s were left out of the hour", left)
	}
}

func TestClock_neverGoesBack(t *testing.T) {
	c, err := New(os.DevNull, scale)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	last, end := c.Now(), time.Now().Add(5*Longest)
	for time.Now().Before(end) {
		now := c.Now()
		if now.Before(last) {
			t.Fatalf("%s, and then %s", last, now)
		}
		last = now
	}
}

func TestJump_isNoTimeThatWasWaited(t *testing.T) {
	c := stopped(t)
	at, ran := c.Now(), c.ran()
	if err := c.Jump(12 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if d := c.Now().Sub(at); d < 12*time.Hour || d > 12*time.Hour+2*scale*Longest {
		t.Errorf("jumped by %s", d)
	}
	if d := c.ran() - ran; d < 0 || d > 2*scale*Longest {
		t.Errorf("the jump counts as %s of waiting", d)
	}
	if c.Jumped() != 12*time.Hour {
		t.Errorf("jumped over %s", c.Jumped())
	}
	if err := c.Jump(-time.Hour); err != nil || c.Jumped() != 12*time.Hour {
		t.Errorf("back: %v, %s", err, c.Jumped())
	}
}

func TestWait_endsWhenTheClockSaysSo(t *testing.T) {
	c, err := New(os.DevNull, scale)
	if err != nil {
		t.Fatal(err)
	}
	from := c.Now()
	if err := c.Wait(t.Context(), 10*time.Second); err != nil || c.Now().Sub(from) < 10*time.Second {
		t.Errorf("waited %s: %v", c.Now().Sub(from), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Wait(t.Context(), time.Hour); err == nil {
		t.Error("waited an hour on a clock that has stopped")
	}
}
