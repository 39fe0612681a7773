package internet

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// A control plane that is busy keeps one waiting who asks it, and nobody else.
func TestRead_doesNotWaitForWhoAsks(t *testing.T) {
	c, err := clock.New(os.DevNull, 60)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	asked, answer := make(chan struct{}), make(chan struct{})
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}))
	defer busy.Close()
	endpoint, err := url.Parse(busy.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := newRoute53(endpoint, c)
	r.last = reading{at: c.Now().Add(-time.Hour), zones: []zone{{name: "example.com."}}}

	failed := make(chan error, 1)
	go func() {
		_, _, err := r.read(t.Context())
		failed <- err
	}()
	<-asked
	zones, _, err := r.read(t.Context())
	if err != nil || len(zones) != 1 {
		t.Errorf("beside who asks: %v, %v", zones, err)
	}
	close(answer)
	if err := <-failed; err == nil {
		t.Error("who asked was told of no failure")
	}
}

// Nobody answers at the endpoint, so who waits for his turn hears of a failure.
func TestRead_waitsForTheFirstAnswer(t *testing.T) {
	c, err := clock.New(os.DevNull, 60)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := newRoute53(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}, c)
	r.turn.Lock()
	const readers = 50
	begun, done := make(chan struct{}, readers), make(chan error, readers)
	for range readers {
		go func() {
			begun <- struct{}{}
			_, _, err := r.read(t.Context())
			done <- err
		}()
	}
	for range readers {
		<-begun
	}
	r.turn.Unlock()
	for range readers {
		if err := <-done; err == nil {
			t.Error("one did not wait for who asks")
		}
	}
}
