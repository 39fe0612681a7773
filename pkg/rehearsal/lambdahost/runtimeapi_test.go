package lambdahost

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRuntimeAPI_takesOneAnswerForTheInvocationItGave(t *testing.T) {
	api := newRuntimeAPI()
	server := httptest.NewServer(api.handler())
	defer server.Close()
	c := &call{id: "given", answered: make(chan answer, 1)}
	go func() { api.calls <- c }()
	next, err := http.Get(server.URL + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	next.Body.Close()
	for _, post := range []struct {
		path string
		want int
	}{
		{"invocation/other/response", http.StatusBadRequest},
		{"invocation/given/response", http.StatusAccepted},
		{"invocation/given/error", http.StatusBadRequest},
		{"init/error", http.StatusAccepted},
		{"init/error", http.StatusAccepted},
	} {
		r, err := http.Post(server.URL+"/2018-06-01/runtime/"+post.path, "application/json", strings.NewReader(`"`+post.path+`"`))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != post.want {
			t.Errorf("%s: status %d, want %d", post.path, r.StatusCode, post.want)
		}
	}
	if a := <-c.answered; string(a.payload) != `"invocation/given/response"` || a.failed {
		t.Errorf("answer = %+v", a)
	}
}
