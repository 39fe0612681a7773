package lambdahost

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// answer is how one invocation ended: with what the function said, or with what
// Lambda says in its place.
type answer struct {
	payload []byte
	failed  bool
}

// unhandled is what the Invoke API calls every error of a custom runtime.
const unhandled = "Unhandled"

func (a answer) result() front.Result {
	if a.failed {
		return front.Result{Payload: a.payload, FunctionError: unhandled}
	}
	return front.Result{Payload: a.payload}
}

// problem is the "type: message" of a failed answer, else empty.
func (a answer) problem() string {
	if !a.failed {
		return ""
	}
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(a.payload, &e); err != nil {
		return string(a.payload)
	}
	return e.Type + ": " + e.Message
}

// The names and sentences with which Lambda answers for a function that did not.
// Step Functions matches the type by its name (Sandbox.Timedout) and by
// States.TaskFailed; it is not States.Timeout, which is a Task's own.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
func timedOut(id string, after time.Duration) answer {
	return lambdaError("Sandbox.Timedout", id, fmt.Sprintf("Task timed out after %.2f seconds", after.Seconds()))
}

// exited: err is what waiting for the process said; nil is an exit with status 0.
func exited(id string, err error) answer {
	if err == nil {
		return lambdaError("Runtime.ExitError", id, "Runtime exited without providing a reason")
	}
	return lambdaError("Runtime.ExitError", id, fmt.Sprintf("Runtime exited with error: %v", err))
}

// notStarted: err is what starting a process said.
func notStarted(id string, err error) answer {
	if errors.Is(err, ErrClosed) {
		return hostClosed(id)
	}
	return lambdaError("Runtime.InvalidEntrypoint", id, err.Error())
}

// hostClosed is none of AWS's: nobody should still be calling.
func hostClosed(id string) answer {
	return lambdaError("Rehearsal.Closed", id, "the rehearsal is over")
}

// maxPayload is the largest answer that Lambda passes on: 6 MB and some room for
// what is around it.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6<<20 + 100

func tooLarge() answer {
	return failure("Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload))
}

func lambdaError(name, id, message string) answer {
	return failure(name, fmt.Sprintf("RequestId: %s Error: %s", id, message))
}

func failure(name, message string) answer {
	// Two strings always marshal.
	payload, _ := json.Marshal(map[string]string{"errorType": name, "errorMessage": message})
	return answer{payload: payload, failed: true}
}
