package failure_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// coded is an error of an AWS SDK.
type coded string

func (c coded) Error() string     { return "api error " + string(c) }
func (c coded) ErrorCode() string { return string(c) }

func TestClassOf(t *testing.T) {
	permanent, refused := failure.Permanentf("no replica %s", "orders"), failure.BadInputf("no plan")
	over := failure.Failed{Class: failure.RunOver, Message: "run p-1 is over"}
	for name, c := range map[string]struct {
		err  error
		want failure.Class
	}{
		"nothing went wrong":                      {nil, ""},
		"said to be permanent":                    {permanent, failure.Permanent},
		"said to be permanent, wrapped twice":     {fmt.Errorf("promote: %w", fmt.Errorf("look: %w", permanent)), failure.Permanent},
		"said to be permanent, joined":            {errors.Join(errors.New("x"), permanent), failure.Permanent},
		"several permanent ones":                  {errors.Join(permanent, failure.Permanentf("no image")), failure.Permanent},
		"a refused input":                         {fmt.Errorf("read: %w", refused), failure.BadInput},
		"a run that is over":                      {over, failure.RunOver},
		"throttled":                               {coded("RequestLimitExceeded"), failure.TryAgain},
		"throttled, wrapped":                      {fmt.Errorf("launch: %w", coded("Throttling")), failure.TryAgain},
		"AWS's own trouble":                       {coded("InternalError"), failure.TryAgain},
		"no room today":                           {coded("InsufficientInstanceCapacity"), failure.TryAgain},
		"denied":                                  {coded("UnauthorizedOperation"), failure.Permanent},
		"denied, wrapped":                         {fmt.Errorf("launch: %w", coded("AccessDenied")), failure.Permanent},
		"denied, joined to what time mends":       {errors.Join(errors.New("reset"), coded("AccessDenied")), failure.Permanent},
		"a code that only begins like one":        {coded("ValidationErrors"), failure.TryAgain},
		"not there":                               {coded("DBInstanceNotFound"), failure.Permanent},
		"cut off":                                 {context.DeadlineExceeded, failure.TryAgain},
		"denied in one place, cut off in another": {errors.Join(context.DeadlineExceeded, coded("AccessDenied")), failure.Permanent},
		"cancelled":                               {context.Canceled, failure.TryAgain},
		"of no known kind":                        {errors.New("connection reset"), failure.TryAgain},
		"said to be permanent despite its code":   {errors.Join(coded("Throttling"), permanent), failure.Permanent},
	} {
		if got := failure.ClassOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestCode_isThatOfTheSDKsError(t *testing.T) {
	for want, err := range map[string]error{
		"":           errors.New("connection reset"),
		"Throttling": fmt.Errorf("launch: %w", errors.Join(errors.New("x"), coded("Throttling"))),
	} {
		if got := failure.Code(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := failure.Code(nil); got != "" {
		t.Errorf("no error has the code %q", got)
	}
}

func TestFailed_saysItsMessageAndNothingElse(t *testing.T) {
	if got := failure.Permanentf("no replica %s: %v", "orders", coded("X")).Error(); got != "no replica orders: api error X" {
		t.Errorf("%q", got)
	}
}
