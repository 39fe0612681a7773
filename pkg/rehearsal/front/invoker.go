package front

import "context"

// Invoker runs the deployed Lambda functions.
type Invoker interface {
	// Invoke runs function, given as a name or an ARN, each with or without a
	// version. A synchronous call blocks until the function has answered or ctx
	// ends; an asynchronous one returns at once and says only whether the function
	// exists.
	Invoke(ctx context.Context, function string, payload []byte, asynchronous bool) Result
}

// Result is what Lambda's Invoke answers.
type Result struct {
	Payload       []byte // of a synchronous call: the answer, or the error as JSON
	FunctionError string // "Unhandled" when the function failed, else empty
	NotFound      bool   // no such function is deployed
}
