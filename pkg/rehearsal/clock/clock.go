// Package clock is the rehearsal's time. Data time runs Scale times as fast as
// real time and can be moved forward past idle stretches; the simulator reads it
// from a small memory-mapped file, so that both always agree. The product never
// sees this package: it takes its time from AWS's answers.
package clock

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"sync"
	"time"
)

// Size of the shared file: a sequence number, then three float64, all little
// endian. The sequence number is odd while the rest is being written. Data time
// is dataBase + (unixNow - realBase) * scale, in seconds since 1970.
const Size = 32

// Clock is safe for concurrent use.
type Clock struct {
	scale float64

	mu       sync.Mutex
	file     *os.File
	sequence uint64
	realBase time.Time
	dataBase time.Time
	jumped   time.Duration
}

// New starts a clock at real time's now and shares it through the file at path.
func New(path string, scale float64) (*Clock, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("share the clock: %w", err)
	}
	now := time.Now()
	c := &Clock{scale: scale, file: file, realBase: now, dataBase: now}
	return c, c.share()
}

// Scale is how many data seconds pass in a real one.
func (c *Clock) Scale() float64 { return c.scale }

// Now is the data time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	return c.dataBase.Add(time.Duration(float64(time.Since(c.realBase)) * c.scale))
}

// Jump moves data time forward by d; a negative d is ignored.
func (c *Clock) Jump(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	real := time.Now()
	c.dataBase, c.realBase = c.now().Add(d), real
	c.jumped += d
	return c.share()
}

// Jumped is how much idle data time was jumped over so far.
func (c *Clock) Jumped() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jumped
}

// Real converts a data duration to the real time that it takes.
func (c *Clock) Real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.scale)
}

// Wait blocks for a data duration, or until ctx ends. A Jump does not shorten it.
func (c *Clock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(c.Real(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close lets go of the shared file.
func (c *Clock) Close() error { return c.file.Close() }

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

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
