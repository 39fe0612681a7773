package front

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// teams are the actions on event source mappings that a team has in moto. Those of
// Pilotlight's own queues are the rehearsal's (pkg/rehearsal/mapping).
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
var teams = []string{"ListEventSourceMappings", "UpdateEventSourceMapping", "ListTags", "TagResource", "UntagResource"}

// lambda answers Invoke and GetFunctionConfiguration. Functions are the function
// host's own business, and nothing else of them is offered over HTTP.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (f *Front) lambda(x *exchange) (*answer, *failure) {
	if slices.Contains(teams, x.who.Action) {
		return f.forward(x)
	}
	if x.who.Action != "Invoke" && x.who.Action != "GetFunctionConfiguration" {
		f.log.Error("simulator cannot do this", "service", x.who.Service, "action", x.who.Action, "region", x.who.Region)
		return nil, notImplemented(x.who)
	}
	name := functionName(x.request)
	f.mu.Lock()
	functions := f.functions
	f.mu.Unlock()
	if functions == nil {
		return noSuchFunction(name), nil
	}
	dry := x.request.Header.Get("X-Amz-Invocation-Type") == "DryRun"
	if limit, found := functions.Timeout(name); dry || x.who.Action != "Invoke" {
		if !found {
			return noSuchFunction(name), nil
		}
		return configuration(name, limit, dry), nil
	}
	asynchronous := x.request.Header.Get("X-Amz-Invocation-Type") == "Event"
	result := functions.Invoke(f.alive, name, x.body, asynchronous)
	if result.NotFound {
		return noSuchFunction(name), nil
	}
	a := &answer{status: http.StatusOK, header: http.Header{}, body: result.Payload}
	if asynchronous {
		a.status, a.body = http.StatusAccepted, nil
		return a, nil
	}
	a.header.Set("Content-Type", "application/json")
	a.header.Set("X-Amz-Executed-Version", executedVersion(name))
	if result.FunctionError != "" {
		a.header.Set("X-Amz-Function-Error", result.FunctionError)
	}
	return a, nil
}

// configuration is what is known of a function; dry: that the caller may invoke it,
// because who may is not asked here.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
func configuration(name string, limit time.Duration, dry bool) *answer {
	if dry {
		return &answer{status: http.StatusNoContent, header: http.Header{}}
	}
	a := &answer{status: http.StatusOK, header: http.Header{}}
	a.header.Set("Content-Type", "application/json")
	a.body, _ = json.Marshal(map[string]any{"FunctionName": name, "State": "Active", "Timeout": int(limit / time.Second)})
	return a
}

// functionName takes the name, or ARN, from the path, and a version from the query.
func functionName(r *http.Request) string {
	segments := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	name, err := url.PathUnescape(segments[2]) // identify has seen that there are four
	if err != nil {
		name = segments[2]
	}
	if version := r.URL.Query().Get("Qualifier"); version != "" {
		name += ":" + version
	}
	return name
}

// executedVersion is the last part of a versioned name: a name has at most one
// colon before it, an ARN six.
func executedVersion(name string) string {
	parts := strings.Split(name, ":")
	if n := len(parts); n == 2 || n == 8 {
		return parts[n-1]
	}
	return "$LATEST"
}

func noSuchFunction(name string) *answer {
	a := &answer{status: http.StatusNotFound, header: http.Header{}}
	a.header.Set("Content-Type", "application/json")
	a.header.Set("X-Amzn-Errortype", "ResourceNotFoundException")
	a.body, _ = json.Marshal(map[string]string{"Type": "User", "Message": "Function not found: " + name})
	return a
}
