package invokefunction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// input is the plan's, with outputs of earlier steps in the place of references in
// any of its texts.
func input(r step.Run, spec plan.InvokeFunction) (map[string]any, error) {
	given := map[string]any{}
	for key, value := range spec.Input {
		expanded, err := expand(r, value)
		if err != nil {
			return nil, fmt.Errorf("input %s of %s: %w", key, spec.Function, err)
		}
		given[key] = expanded
	}
	return given, nil
}

func expand(r step.Run, value any) (any, error) {
	switch v := value.(type) {
	case string:
		return r.Expand(v)
	case []any:
		all := make([]any, len(v))
		for i := range v {
			var err error
			if all[i], err = expand(r, v[i]); err != nil {
				return nil, err
			}
		}
		return all, nil
	case map[string]any:
		all := map[string]any{}
		for key := range v {
			var err error
			if all[key], err = expand(r, v[key]); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return value, nil
}

// hopeless are the errors of a function that cannot even start: no invocation mends
// its code.
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
var hopeless = []string{
	"Runtime.ImportModuleError", "Runtime.HandlerNotFound", "Runtime.InvalidEntrypoint", "Runtime.UserCodeSyntaxError",
	string(failure.Permanent), string(failure.BadInput),
}

// broken is an invocation that ended in an error of the function's own: one that it
// threw, its timeout, its memory. Another may go better, until the step's timeout; a
// function that knows better answers FAILED.
func broken(function string, payload []byte) error {
	var thrown struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(payload, &thrown); err != nil {
		return fmt.Errorf("%s ended in an error: %s", function, payload)
	}
	if slices.Contains(hopeless, thrown.Type) {
		return step.Permanent("%s ended in %s: %s", function, thrown.Type, thrown.Message)
	}
	return fmt.Errorf("%s ended in %s: %s", function, thrown.Type, thrown.Message)
}

// understood refuses an answer that says nothing: taken for done, it would be a
// recovery that nobody carried out.
func understood(function string, payload []byte) (Answer, error) {
	var answer Answer
	err := json.Unmarshal(payload, &answer)
	if err != nil || !slices.Contains([]Status{Done, Wait, Failed}, answer.Status) {
		const most = 200
		return answer, step.Permanent("%s answered %q: have it answer {\"status\": %q, %q or %q}", function, payload[:min(len(payload), most)], Done, Wait, Failed)
	}
	return answer, nil
}

// missing is an output that the plan names and the answer lacks; "" is none.
func missing(spec plan.InvokeFunction, answer Answer) string {
	for _, name := range spec.Outputs {
		if _, ok := answer.Outputs[name]; !ok {
			return name
		}
	}
	return ""
}

// limit is a function's timeout, which Lambda has in seconds.
func limit(seconds int32) time.Duration { return time.Duration(seconds) * time.Second }

// Check asks Lambda whether the step's role may invoke the function, and whether an
// invocation ends before the step stops waiting for it.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.InvokeFunction) ([]string, error) {
	out, err := k.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(spec.Function)})
	var unknown *types.ResourceNotFoundException
	if errors.As(err, &unknown) {
		return []string{fmt.Sprintf("There is no function %s in %s: make it, or correct the plan's \"function\".", spec.Function, r.Recovery)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at function %s: %w", spec.Function, err)
	}
	var problems []string
	if out.State == types.StateFailed {
		problems = append(problems, fmt.Sprintf("Function %s cannot be invoked: %s.", spec.Function, aws.ToString(out.StateReason)))
	}
	if lasts := limit(aws.ToInt32(out.Timeout)); lasts > Patience {
		problems = append(problems, fmt.Sprintf("Function %s may run for %s, but has %s to answer: give it a shorter timeout, and have it answer WAIT meanwhile.", spec.Function, lasts, Patience))
	}
	_, err = k.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(spec.Function), InvocationType: types.InvocationTypeDryRun})
	if failure.ClassOf(err) == failure.Permanent {
		return append(problems, fmt.Sprintf("Function %s may not be invoked by the step: %v.", spec.Function, err)), nil
	}
	return problems, err
}
