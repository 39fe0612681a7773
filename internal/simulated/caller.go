package simulated

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/middleware"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// Fresh is the shared AWS without anything in it, behind a front of its own: what is
// made there takes its modelled time.
func Fresh(t testing.TB) (*AWS, *front.Front) {
	t.Helper()
	a := Shared(t)
	response, err := http.Post(a.simulator.URL()+"/moto-api/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	upstream, err := url.Parse(a.simulator.URL())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := front.New(front.Options{Listener: listener, Upstream: upstream, Clock: a.Clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, f
}

// ErrCrash is what a caller gets instead of an answer when it dies.
var ErrCrash = errors.New("the function died after the call")

// Caller is a function whose changes are written down, and which can die.
type Caller struct {
	Changes []string // "region.Operation" of each mutating call that AWS carried out
	Calls   int      // that AWS was asked, whatever it answered
	CrashAt int      // dies after the change of this number; 0: never
}

// Config reaches a region through a front, as the caller.
func (c *Caller) Config(a *AWS, f *front.Front, region string) aws.Config {
	cfg := a.Config(region)
	cfg.BaseEndpoint = aws.String(f.URL())
	return c.On(cfg)
}

// On is cfg as the caller uses it.
func (c *Caller) On(cfg aws.Config) aws.Config {
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("caller", c.note), middleware.After)
	})
	return cfg
}

func (c *Caller) note(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	c.Calls++
	out, metadata, err := next.HandleInitialize(ctx, in)
	if _, presigned := out.Result.(*v4.PresignedHTTPRequest); presigned {
		return out, metadata, err // RDS sends it on, not the caller
	}
	operation := awsmiddleware.GetOperationName(ctx)
	for _, reads := range []string{"Describe", "Get", "List", "Validate"} {
		if err != nil || strings.HasPrefix(operation, reads) {
			return out, metadata, err
		}
	}
	c.Changes = append(c.Changes, awsmiddleware.GetRegion(ctx)+"."+operation)
	if len(c.Changes) == c.CrashAt {
		return middleware.InitializeOutput{}, middleware.Metadata{}, ErrCrash
	}
	return out, metadata, nil
}
