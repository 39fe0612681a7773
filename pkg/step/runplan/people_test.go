package runplan

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// answers is Lambda with one function; what the function says no to has a header.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func answers(t *testing.T, refuses bool, heard *[]answering.Request) aws.Config {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "/2015-03-31/functions/pilotlight-c-answer-run/invocations"; r.URL.Path != want {
			t.Errorf("asked for %s, want %s", r.URL.Path, want)
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request answering.Request
		if err := json.Unmarshal(raw, &request); err != nil {
			t.Error(err)
		}
		*heard = append(*heard, request)
		if refuses {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(w, `{"errorMessage":"run c-1 is over"}`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	return aws.Config{Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

func TestCancel_speaksThroughTheChildsAnswerRun(t *testing.T) {
	var heard []answering.Request
	k := New(answers(t, false, &heard), nil, nil)
	if err := k.people.cancel(t.Context(), "c", "c-1", "run p-1", "the parent is taken back"); err != nil {
		t.Fatal(err)
	}
	want := []answering.Request{{Plan: "c", Run: "c-1", Step: run.Whole, Word: run.SayAbort, By: "run p-1", Reason: "the parent is taken back"}}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	k = New(answers(t, true, &heard), nil, nil)
	if err := k.people.cancel(t.Context(), "c", "c-1", "run p-1", ""); err == nil || !strings.Contains(err.Error(), "run c-1 is over") {
		t.Errorf("%v; want what the function said", err)
	}
}
