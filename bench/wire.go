package main

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/backlog"
)

// ec2 is as much of EC2 as a rotation calls, over HTTP and in data time: it pages,
// makes snapshots and copies that take their time, holds the quota of copies, and
// counts every call. Python's simulator answers 5,000 snapshots too slowly to be
// asked hundreds of times.
type ec2 struct {
	server *httptest.Server

	mu        sync.Mutex
	now       time.Time
	copyTakes time.Duration
	foreign   int // copies of another tool that never end
	volumes   []wireVolume
	snapshots map[string][]*wireSnapshot // by region
	ids       int

	calls  map[string]int // by action
	looks  int            // those among them that change nothing
	busy   int            // most copies in flight at once
	mishap float64        // share of mutations that are refused, and of calls after which the caller is dead
	random *rand.Rand
	bare   int // mutations without lineage tags
}

type wireVolume struct {
	ID          string `xml:"volumeId"`
	Size        int    `xml:"size"`
	Status      string `xml:"status"`
	Attachments []struct {
		Instance string `xml:"instanceId"`
		Device   string `xml:"device"`
	} `xml:"attachmentSet>item"`
}

type wireTag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type wireSnapshot struct {
	ID       string    `xml:"snapshotId"`
	Volume   string    `xml:"volumeId"`
	Status   string    `xml:"status"`
	Start    string    `xml:"startTime"`
	Done     string    `xml:"completionTime,omitempty"`
	Size     int       `xml:"volumeSize"`
	Transfer string    `xml:"transferType,omitempty"`
	Tags     []wireTag `xml:"tagSet>item"`

	done time.Time
}

const (
	region   = "us-east-1"
	standby  = "us-west-2"
	snapping = 3 * time.Minute
)

func newEC2(instances, each int) *ec2 {
	e := &ec2{
		now: time.Unix(noon, 0).UTC(), copyTakes: 10 * time.Minute, snapshots: map[string][]*wireSnapshot{},
		calls: map[string]int{}, random: rand.New(rand.NewPCG(3, 3)),
	}
	for i := range instances {
		for n := range each {
			v := wireVolume{ID: fmt.Sprintf("vol-%05d-%d", i, n), Size: 100, Status: "in-use"}
			v.Attachments = append(v.Attachments, struct {
				Instance string `xml:"instanceId"`
				Device   string `xml:"device"`
			}{fmt.Sprintf("i-%05d", i), fmt.Sprint("/dev/sd", n)})
			e.volumes = append(e.volumes, v)
		}
	}
	e.server = httptest.NewServer(e)
	return e
}

// config reaches it, without retries: a refused call is counted once.
func (e *ec2) config() aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(e.server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("rotate-snapshots", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  whole.Client,
	}
}

// ServeHTTP answers one call.
func (e *ec2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	in := strings.Split(r.Header.Get("Authorization"), "/")[2]
	action := r.Form.Get("Action")
	e.calls[action]++
	look := strings.HasPrefix(action, "Describe") || strings.HasPrefix(action, "Get")
	if look {
		e.looks++
	}
	code := ""
	if !look && e.random.Float64() < e.mishap {
		code = "RequestLimitExceeded"
	}
	var answer any
	if code == "" {
		answer, code = e.act(action, in, r.Form)
	}
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<Response><Errors><Error><Code>%s</Code><Message>refused</Message></Error></Errors><RequestID>x</RequestID></Response>`, code)
		return
	}
	if !look && e.random.Float64() < e.mishap {
		hangUp(w) // it has acted, and the caller never hears of it
		return
	}
	body, err := xml.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the caller sees what is missing
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		err = connection.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// settle ends the snapshots and copies whose time is over.
func (e *ec2) settle() {
	for _, in := range e.snapshots {
		for _, s := range in {
			if s.Status == "pending" && !e.now.Before(s.done) {
				s.Status, s.Done = "completed", s.done.Format(time.RFC3339)
			}
		}
	}
}

func (e *ec2) act(action, in string, form url.Values) (answer any, code string) {
	switch action {
	case "DescribeVolumes":
		from, to, next := page(form, len(e.volumes))
		return struct {
			XMLName xml.Name     `xml:"DescribeVolumesResponse"`
			Items   []wireVolume `xml:"volumeSet>item"`
			Next    string       `xml:"nextToken,omitempty"`
		}{Items: e.volumes[from:to], Next: next}, ""
	case "DescribeInstances":
		return e.instances(form), ""
	case "DescribeSnapshots":
		found := e.filtered(in, form)
		from, to, next := page(form, len(found))
		return struct {
			XMLName xml.Name        `xml:"DescribeSnapshotsResponse"`
			Items   []*wireSnapshot `xml:"snapshotSet>item"`
			Next    string          `xml:"nextToken,omitempty"`
		}{Items: found[from:to], Next: next}, ""
	case "CreateSnapshots":
		for _, v := range e.volumes {
			if v.Attachments[0].Instance == form.Get("InstanceSpecification.InstanceId") {
				e.make(in, v.ID, v.Size, snapping, form)
			}
		}
		return done("CreateSnapshotsResponse"), ""
	case "CopySnapshot":
		if e.inFlight()+e.foreign >= backlog.Slots {
			return nil, "ResourceLimitExceeded"
		}
		e.make(in, "vol-ffffffff", 100, e.copyTakes, form).Transfer = "standard"
		e.busy = max(e.busy, e.inFlight()+e.foreign)
		return done("CopySnapshotResponse"), ""
	case "CreateTags", "DeleteTags":
		e.tag(in, form, action == "CreateTags")
		return done(action + "Response"), ""
	case "DeleteSnapshot":
		for i, s := range e.snapshots[in] {
			if s.ID == form.Get("SnapshotId") {
				e.snapshots[in] = append(e.snapshots[in][:i:i], e.snapshots[in][i+1:]...)
				break
			}
		}
		return done("DeleteSnapshotResponse"), ""
	}
	return nil, "InvalidAction"
}

func done(name string) any {
	return struct {
		XMLName xml.Name
		Return  bool `xml:"return"`
	}{XMLName: xml.Name{Local: name}, Return: true}
}

// page cuts out what a listing asks for; its token is where the next page begins.
func page(form url.Values, all int) (from, to int, next string) {
	size := 1000
	if asked, err := strconv.Atoi(form.Get("MaxResults")); err == nil {
		size = asked
	}
	if token, err := strconv.Atoi(form.Get("NextToken")); err == nil {
		from = token
	}
	if to = min(from+size, all); to < all {
		next = strconv.Itoa(to)
	}
	return from, to, next
}
