package workflow

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Paths into the execution's data. A step's answer replaces the last one; the
// run's name is the execution's own.
const (
	lastPath    = "$.last"
	statusPath  = "$.last.status"
	requestPath = "$.last.request"
	waitPath    = "$.last.waitSeconds"
	failurePath = "$.failure"
	runPath     = "$$.Execution.Name"
)

// The parts of Amazon States Language that a plan compiles to.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
type machine struct {
	Comment        string `json:",omitempty"`
	StartAt        string
	TimeoutSeconds int `json:",omitempty"`
	States         map[string]state
}

type state struct {
	Type           string
	Comment        string            `json:",omitempty"`
	Resource       string            `json:",omitempty"`
	Parameters     map[string]any    `json:",omitempty"`
	ResultSelector map[string]string `json:",omitempty"`
	ResultPath     any               `json:",omitempty"`
	TimeoutSeconds int               `json:",omitempty"`
	Retry          []retrier         `json:",omitempty"`
	Catch          []catcher         `json:",omitempty"`
	Choices        []choice          `json:",omitempty"`
	Default        string            `json:",omitempty"`
	SecondsPath    string            `json:",omitempty"`
	Branches       []machine         `json:",omitempty"`
	Next           string            `json:",omitempty"`
	End            bool              `json:",omitempty"`
	Error          string            `json:",omitempty"`
	Cause          string            `json:",omitempty"`
}

type choice struct {
	Variable     string
	StringEquals string
	Next         string
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	BackoffRate     float64
	MaxDelaySeconds int
	MaxAttempts     int
}

type catcher struct {
	ErrorEquals []string
	ResultPath  string
	Next        string
}

// retried are what time may mend: what goes wrong around a function rather than
// in it (throttling, Lambda's own errors, a crash, a time-out), and a function
// that says so itself, which is how a throttled or overtaken call to the ledger
// ends. The function looks at the world first, so invoking it again is always
// safe. No other answer by name is here: those say that trying again is no use.
// https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
var retried = []string{
	string(failure.TryAgain),
	"Lambda.ClientExecutionTimeoutException",
	"Lambda.ServiceException",
	"Lambda.AWSLambdaException",
	"Lambda.SdkClientException",
	"Lambda.TooManyRequestsException",
	"Lambda.Unknown",
	"Runtime.ExitError",
	"Sandbox.Timedout",
	"States.Timeout",
}

// patient tries again for four minutes: 2, 4, 8, 16, 32 seconds, then a minute
// each. On the day a region dies, the other one's services are busy too.
var patient = retrier{ErrorEquals: retried, IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: 8}

// task invokes a function, keeps its answer in $.last and goes to next.
func task(function, comment string, payload map[string]any, next string, catch []catcher) state {
	return state{
		Type:           "Task",
		Comment:        comment,
		Resource:       "arn:aws:states:::lambda:invoke",
		Parameters:     map[string]any{"FunctionName": Token(function), "Payload": payload},
		ResultSelector: map[string]string{"status.$": "$.Payload.status", "waitSeconds.$": "$.Payload.waitSeconds"},
		ResultPath:     lastPath,
		TimeoutSeconds: seconds(taskTimeout),
		Retry:          []retrier{patient},
		Catch:          catch,
		Next:           next,
	}
}

// caught leads from whatever goes wrong to a state, with the error beside it.
func caught(next string) []catcher {
	return []catcher{{[]string{"States.ALL"}, failurePath, next}}
}

func seconds(d time.Duration) int { return int(d / time.Second) }
