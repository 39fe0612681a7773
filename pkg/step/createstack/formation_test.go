package createstack

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/internal/whole"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// formation is CloudFormation on the wire, as its API reference has it: the
// simulator's creates everything at once and nothing ever fails there.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
type formation struct {
	t      *testing.T
	now    time.Time
	stacks []*stack // deleted ones too
	fails  string   // why the creation of a resource fails; empty: it does not
	sticky string   // why the deletion of a resource fails; empty: it does not
	needs  []string // parameters without a default that the template has
}

type stack struct {
	XMLName    xml.Name  `xml:"member"`
	StackId    string    `xml:"StackId"`
	StackName  string    `xml:"StackName"`
	Status     string    `xml:"StackStatus"`
	Created    time.Time `xml:"CreationTime"`
	Parameters []pair    `xml:"Parameters>member"`
	Tags       []tag     `xml:"Tags>member"`
	Outputs    []output  `xml:"Outputs>member"`
	token      string
	events     []event // newest first
}

type pair struct {
	Key   string `xml:"ParameterKey"`
	Value string `xml:"ParameterValue"`
}

type tag struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

type output struct {
	Key   string `xml:"OutputKey"`
	Value string `xml:"OutputValue"`
}

type event struct {
	XMLName  xml.Name `xml:"member"`
	Resource string   `xml:"LogicalResourceId"`
	Type     string   `xml:"ResourceType"`
	Status   string   `xml:"ResourceStatus"`
	Reason   string   `xml:"ResourceStatusReason,omitempty"`
	Token    string   `xml:"ClientRequestToken"`
}

func newFormation(t *testing.T) (*formation, aws.Config) {
	f := &formation{t: t, now: t0}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: whole.Client,
	}
}

func (f *formation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	form := r.PostForm
	answer := map[string]func(url.Values) (string, string){
		"CreateStack": f.create, "DeleteStack": f.delete, "DescribeStacks": f.describe,
		"DescribeStackEvents": f.describeEvents, "ValidateTemplate": f.validate, "GetCallerIdentity": f.self,
	}[form.Get("Action")]
	result, refused := answer(form)
	if refused != "" {
		w.WriteHeader(http.StatusBadRequest)
		code, message, _ := strings.Cut(refused, ": ")
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, message)
		return
	}
	action := form.Get("Action")
	fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, result, action, action)
}

// find looks among those that are not deleted by name, and among all by id.
func (f *formation) find(name string) *stack {
	for _, s := range f.stacks {
		if s.StackId == name || s.StackName == name && s.Status != "DELETE_COMPLETE" {
			return s
		}
	}
	return nil
}

func (f *formation) create(form url.Values) (string, string) {
	name, token := form.Get("StackName"), form.Get("ClientRequestToken")
	if s := f.find(name); s != nil {
		if s.token == token {
			return "<StackId>" + s.StackId + "</StackId>", ""
		}
		return "", "AlreadyExistsException: Stack [" + name + "] already exists"
	}
	if token == "" || token[0] < 'a' || form.Get("TemplateURL") == "" || form.Get("OnFailure") != "ROLLBACK" || form.Get("RoleARN") != "arn:aws:iam::123456789012:role/stacks/maker" {
		f.t.Errorf("asked for %v", form)
	}
	s := &stack{
		StackId: fmt.Sprintf("arn:aws:cloudformation:us-west-2:1:stack/%s/%d", name, len(f.stacks)), StackName: name,
		Status: "CREATE_IN_PROGRESS", Created: f.now, token: token,
	}
	for n := 1; form.Has(fmt.Sprintf("Parameters.member.%d.ParameterKey", n)); n++ {
		at := fmt.Sprintf("Parameters.member.%d.Parameter", n)
		s.Parameters = append(s.Parameters, pair{form.Get(at + "Key"), form.Get(at + "Value")})
	}
	for n := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", n)); n++ {
		at := fmt.Sprintf("Tags.member.%d.", n)
		s.Tags = append(s.Tags, tag{form.Get(at + "Key"), form.Get(at + "Value")})
	}
	f.stacks = append(f.stacks, s)
	return "<StackId>" + s.StackId + "</StackId>", ""
}

func (f *formation) self(url.Values) (string, string) {
	return "<Arn>arn:aws:sts::123456789012:assumed-role/create-stack/x</Arn>", ""
}

func (f *formation) delete(form url.Values) (string, string) {
	s := f.find(form.Get("StackName"))
	if s == nil {
		return "", ""
	}
	if s.Status == "ROLLBACK_IN_PROGRESS" {
		f.t.Error("deleted a stack that rolls back")
	}
	s.Status, s.token = "DELETE_IN_PROGRESS", form.Get("ClientRequestToken")
	return "", ""
}

func (f *formation) describe(form url.Values) (string, string) {
	s := f.find(form.Get("StackName"))
	if s == nil {
		return "", "ValidationError: Stack with id " + form.Get("StackName") + " does not exist"
	}
	return f.list("Stacks", s), ""
}

func (f *formation) describeEvents(form url.Values) (string, string) {
	s := f.find(form.Get("StackName"))
	if form.Get("NextToken") == "" && len(s.events) > 1 {
		return f.list("StackEvents", s.events[:1]) + "<NextToken>next</NextToken>", ""
	}
	return f.list("StackEvents", s.events[min(1, len(s.events)-1):]), ""
}

func (f *formation) validate(form url.Values) (string, string) {
	if !strings.HasSuffix(form.Get("TemplateURL"), "web.yaml") {
		return "", "ValidationError: S3 error: Access Denied"
	}
	var b strings.Builder
	for _, name := range f.needs {
		fmt.Fprintf(&b, "<member><ParameterKey>%s</ParameterKey></member>", name)
	}
	return "<Parameters>" + b.String() + "</Parameters><Capabilities><member>CAPABILITY_IAM</member></Capabilities><CapabilitiesReason>it makes roles</CapabilitiesReason>", ""
}

func (f *formation) list(name string, of any) string {
	text, err := xml.Marshal(of)
	if err != nil {
		f.t.Error(err)
	}
	return "<" + name + ">" + string(text) + "</" + name + ">"
}

// later is when what was under way is over.
func (f *formation) later() {
	f.now = f.now.Add(time.Minute)
	for _, s := range f.stacks {
		note := func(resource, status, reason string) {
			s.events = append([]event{{Resource: resource, Type: "AWS::X::" + resource, Status: status, Reason: reason, Token: s.token}}, s.events...)
		}
		switch s.Status {
		case "CREATE_IN_PROGRESS":
			s.Status = "CREATE_COMPLETE"
			if f.fails != "" {
				s.Status = "ROLLBACK_IN_PROGRESS"
				note("Balancer", "CREATE_FAILED", f.fails)
				note("Group", "CREATE_FAILED", "Resource creation cancelled")
			}
			s.Outputs = []output{{"Address", "lb.example"}, {"Other", "x"}}
		case "ROLLBACK_IN_PROGRESS":
			s.Status = "ROLLBACK_COMPLETE"
		case "DELETE_IN_PROGRESS":
			s.Status = "DELETE_COMPLETE"
			if f.sticky != "" {
				s.Status = "DELETE_FAILED"
				note("Bucket", "DELETE_FAILED", f.sticky)
			}
		}
	}
}

// there are the stacks that are not deleted, with their states.
func (f *formation) there() string {
	var names []string
	for _, s := range f.stacks {
		if s.Status != "DELETE_COMPLETE" {
			names = append(names, s.StackName+" "+s.Status)
		}
	}
	return strings.Join(names, ", ")
}
