package discrete

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// done is what follows a machine or a branch: the state that ended it, its data,
// and its error.
type done func(end string, data map[string]any, failed *failure.Caught)

func (x *execution) machine(m *Machine, data map[string]any, s *scope, then done) {
	x.enter(m, m.StartAt, data, s, then)
}

func (x *execution) enter(m *Machine, name string, data map[string]any, s *scope, then done) {
	state := m.States[name]
	if state == nil {
		x.broken = fmt.Errorf("there is no state %q", name)
		return
	}
	x.outcome.Path = append(x.outcome.Path, name)
	x.events(1) // …StateEntered
	leave := func(data map[string]any) {
		x.events(1) // …StateExited
		if state.End || state.Type == "Succeed" {
			then(name, data, nil)
			return
		}
		x.enter(m, state.Next, data, s, then)
	}
	switch state.Type {
	case "Task":
		x.task(m, name, state, data, s, then, leave)
	case "Wait":
		x.after(x.seconds(state.SecondsPath, data), s, func() { leave(data) })
	case "Choice":
		x.events(1)
		x.enter(m, x.choose(state, data), data, s, then)
	case "Parallel":
		x.parallel(m, name, state, data, s, then, leave)
	case "Pass", "Succeed":
		leave(data)
	case "Fail":
		then(name, data, &failure.Caught{Error: state.Error, Cause: state.Cause})
	default:
		x.broken = fmt.Errorf("state %q has a type that is not played: %q", name, state.Type)
	}
}

func (x *execution) task(m *Machine, name string, state *State, data map[string]any, s *scope, then done, leave func(map[string]any)) {
	payload, err := x.payload(state, data)
	if err != nil {
		x.broken = fmt.Errorf("state %q: %w", name, err)
		return
	}
	function := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(state.Parameters["FunctionName"]), "${"), "Arn}")
	var attempt func(n int)
	attempt = func(n int) {
		x.events(2) // TaskScheduled, TaskStarted
		answer, failed, took := x.invoke(function, payload, x.now)
		x.after(took, s, func() {
			x.events(1) // TaskSucceeded or TaskFailed
			if failed == nil {
				leave(x.result(state, data, answer))
				return
			}
			if wait, again := retry(state, failed, n); again {
				x.after(wait, s, func() { attempt(n + 1) })
				return
			}
			x.caught(m, name, state, data, s, then, failed)
		})
	}
	attempt(0)
}

// parallel begins every branch. The first that fails stops the others.
func (x *execution) parallel(m *Machine, name string, state *State, data map[string]any, s *scope, then done, leave func(map[string]any)) {
	x.events(1) // ParallelStateStarted
	group := &scope{outer: s}
	open := len(state.Branches)
	for _, branch := range state.Branches {
		x.machine(branch, maps.Clone(data), group, func(_ string, _ map[string]any, failed *failure.Caught) {
			if group.stopped() {
				return
			}
			if failed != nil {
				group.over = true
				x.events(1)
				x.caught(m, name, state, data, s, then, failed)
				return
			}
			if open--; open == 0 {
				x.events(1) // ParallelStateSucceeded
				leave(data)
			}
		})
	}
}

func (x *execution) caught(m *Machine, name string, state *State, data map[string]any, s *scope, then done, failed *failure.Caught) {
	x.events(1)
	for _, c := range state.Catch {
		if matches(c.ErrorEquals, failed.Error) {
			x.enter(m, c.Next, with(data, c.ResultPath, map[string]any{"Error": failed.Error, "Cause": failed.Cause}), s, then)
			return
		}
	}
	then(name, data, failed)
}

func matches(names []string, name string) bool {
	return slices.Contains(names, name) || slices.Contains(names, "States.ALL")
}

func retry(state *State, failed *failure.Caught, n int) (time.Duration, bool) {
	for _, r := range state.Retry {
		if matches(r.ErrorEquals, failed.Error) {
			wait := float64(r.IntervalSeconds) * math.Pow(r.BackoffRate, float64(n))
			return time.Duration(min(wait, float64(r.MaxDelaySeconds)) * float64(time.Second)), n < r.MaxAttempts
		}
	}
	return 0, false
}

func (x *execution) choose(state *State, data map[string]any) string {
	for _, c := range state.Choices {
		if value, ok := x.at(c.Variable, data); ok && value == c.StringEquals {
			return c.Next
		}
	}
	return state.Default
}

// seconds must be a whole number, as SecondsPath asks for.
func (x *execution) seconds(path string, data map[string]any) time.Duration {
	value, _ := x.at(path, data)
	n, ok := value.(float64)
	if !ok || n < 0 || n != math.Trunc(n) {
		x.broken = fmt.Errorf("%s is %v, no number of seconds", path, value)
	}
	return time.Duration(n) * time.Second
}

// payload resolves what ends in ".$", at every depth.
func (x *execution) payload(state *State, data map[string]any) ([]byte, error) {
	resolved, err := x.resolve(state.Parameters, data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(resolved.(map[string]any)["Payload"])
}

func (x *execution) resolve(value any, data map[string]any) (any, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return value, nil
	}
	out := map[string]any{}
	for key, inner := range fields {
		path, isPath := strings.CutSuffix(key, ".$")
		if !isPath {
			resolved, err := x.resolve(inner, data)
			if err != nil {
				return nil, err
			}
			out[key] = resolved
			continue
		}
		found, ok := x.at(fmt.Sprint(inner), data)
		if !ok {
			return nil, fmt.Errorf("nothing is at %v", inner)
		}
		out[path] = found
	}
	return out, nil
}

func (x *execution) at(path string, data map[string]any) (any, bool) {
	if path == "$$.Execution.Name" {
		return x.name, true
	}
	var value any = data
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "$."), ".") {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = fields[part]; !ok {
			return nil, false
		}
	}
	return value, true
}

// result is the data with the answer, or what is selected of it, in its place.
func (x *execution) result(state *State, data map[string]any, answer []byte) map[string]any {
	var payload any
	if err := json.Unmarshal(answer, &payload); err != nil {
		x.broken = fmt.Errorf("a function answered no JSON: %w", err)
		return data
	}
	selected := map[string]any{}
	for key, path := range state.ResultSelector {
		value, ok := x.at(path, map[string]any{"Payload": payload})
		if !ok {
			x.broken = fmt.Errorf("nothing is at %s of %s", path, answer)
		}
		selected[strings.TrimSuffix(key, ".$")] = value
	}
	var path string
	if err := json.Unmarshal(state.ResultPath, &path); err != nil {
		x.broken = fmt.Errorf("result path %s: %w", state.ResultPath, err)
	}
	return with(data, path, selected)
}

func with(data map[string]any, path string, value any) map[string]any {
	out := maps.Clone(data)
	out[strings.TrimPrefix(path, "$.")] = value
	return out
}
