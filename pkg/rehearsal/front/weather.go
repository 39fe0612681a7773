package front

import "sync"

// condition is how a region's endpoints behave.
type condition int

const (
	calm condition = iota
	struck
	refusing
)

// weather is the condition of every region. Safe for concurrent use.
type weather struct {
	mu     sync.RWMutex
	region map[string]condition // absent: calm
}

func (w *weather) set(region string, c condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.region[region] = c
}

func (w *weather) of(region string) condition {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.region[region]
}

func (w *weather) isStruck(region string) bool { return w.of(region) == struck }
