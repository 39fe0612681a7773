package simulator

import (
	"bytes"
	"io"
	"sync"
)

// tailSize holds a Python traceback.
const tailSize = 4 << 10

// tail passes on what is written to it and remembers the end, for the error of a
// process that dies.
type tail struct {
	then io.Writer

	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return t.then.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
