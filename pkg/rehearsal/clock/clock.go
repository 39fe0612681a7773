// Package clock is the rehearsal's time. Data time runs Scale times as fast as
// real time and can be moved forward past idle stretches; the simulator reads it
// from a small memory-mapped file, so that both always agree. The product never
// sees this package: it takes its time from AWS's answers.
//
// A second in which the machine runs nobody, because it is suspended or has too much
// to do, would be a minute in which the rehearsed AWS did nothing. So data time goes
// on from beat to beat, and a beat that comes late counts as Longest.
package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"
)

// Size of the shared file: a sequence number, then three float64, all little
// endian. The sequence number is odd while the rest is being written. Data time
// is dataBase + min(unixNow - realBase, Longest) * scale, in seconds since 1970.
const Size = 32

const (
	// Longest is the real time that one beat may count for.
	Longest = 100 * time.Millisecond
	beat    = Longest / 10
)

// Clock is safe for concurrent use.
type Clock struct {
	scale  float64
	began  time.Time
	end    chan struct{}
	ended  sync.WaitGroup
	close  func() error
	failed error // why a beat could not be shared; run's, until it has ended

	mu       sync.Mutex
	file     *os.File
	sequence uint64
	realBase time.Time // the last beat
	dataBase time.Time // … in data time
	jumped   time.Duration
	stood    time.Duration
}

// New starts a clock at real time's now and shares it through the file at path,
// until Close.
func New(path string, scale float64) (*Clock, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("share the clock: %w", err)
	}
	now := time.Now()
	c := &Clock{scale: scale, began: now, end: make(chan struct{}), file: file, realBase: now, dataBase: now}
	if err := c.share(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.ended.Go(c.run)
	c.close = sync.OnceValue(func() error {
		close(c.end)
		c.ended.Wait()
		return errors.Join(c.failed, file.Close())
	})
	return c, nil
}

func (c *Clock) run() {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := c.beat(0); err != nil {
				c.failed = err
			}
		case <-c.end:
			return
		}
	}
}

// beat takes in what went by since the last one, and a jump besides.
func (c *Clock) beat(jump time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	real := time.Now()
	c.stood += max(0, real.Sub(c.realBase)-Longest)
	c.dataBase, c.realBase = c.at(real).Add(jump), real
	c.jumped += jump
	return c.share()
}

// Scale is how many data seconds pass in a real one.
func (c *Clock) Scale() float64 { return c.scale }

// Now is the data time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(time.Now())
}

func (c *Clock) at(real time.Time) time.Time {
	since := min(real.Sub(c.realBase), Longest)
	return c.dataBase.Add(time.Duration(float64(since) * c.scale))
}

// Jump moves data time forward by d; a negative d is ignored.
func (c *Clock) Jump(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	return c.beat(d)
}

// Jumped is how much idle data time was jumped over so far.
func (c *Clock) Jumped() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jumped
}

// Stood is how much real time the clock did not count, because beats were late.
func (c *Clock) Stood() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stood
}

// ran is how much data time has passed that was not jumped over.
func (c *Clock) ran() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(time.Now()).Sub(c.began) - c.jumped
}

// Real converts a data duration to the real time that it takes.
func (c *Clock) Real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.scale)
}

// Wait blocks for a data duration, or until ctx ends. A Jump does not shorten it.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	for until := c.ran() + d; ; {
		timer := time.NewTimer(c.Real(until - c.ran()))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-c.end:
			timer.Stop()
			return errors.New("the clock has stopped")
		}
		if c.ran() >= until {
			return nil
		}
	}
}

// Close stops the clock, for good, and lets go of the shared file.
func (c *Clock) Close() error { return c.close() }

func (c *Clock) share() error {
	var b [Size]byte
	put := func(sequence uint64) error {
		binary.LittleEndian.PutUint64(b[0:], sequence)
		_, err := c.file.WriteAt(b[:], 0)
		return err
	}
	binary.LittleEndian.PutUint64(b[8:], math.Float64bits(seconds(c.realBase)))
	binary.LittleEndian.PutUint64(b[16:], math.Float64bits(seconds(c.dataBase)))
	binary.LittleEndian.PutUint64(b[24:], math.Float64bits(c.scale))
	if err := put(c.sequence + 1); err != nil {
		return fmt.Errorf("share the clock: %w", err)
	}
	c.sequence += 2
	if err := put(c.sequence); err != nil {
		return fmt.Errorf("share the clock: %w", err)
	}
	return nil
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
