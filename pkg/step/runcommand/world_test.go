package runcommand

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is the simulated EC2, and SSM on the wire, as its API reference has it: the
// simulator's commands are done at once and nobody can list how they go.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
type world struct {
	simulated.Caller
	t        *testing.T
	now      time.Time
	ec2      *ec2.Client
	image    string
	commands []*command
	state    string   // that commands end in
	offline  []string // instances
	lag      map[time.Time]float64
	kind     *Kind
	run      step.Run
	spec     plan.RunCommand
}

type command struct {
	CommandId         string
	Comment           string
	DocumentName      string
	InstanceIds       []string
	Parameters        map[string][]string
	RequestedDateTime float64
	status            string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	worlds++
	cfg := simulated.Shared(t).Config("us-west-2")
	w := &world{t: t, now: t0, ec2: ec2.NewFromConfig(cfg), state: "Success", lag: map[time.Time]float64{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	wire := w.On(aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: whole.Client,
	})
	w.kind = &Kind{ssm.NewFromConfig(wire), ec2.NewFromConfig(w.On(cfg)), w}
	w.run = step.Run{Plan: "storefront", ID: "storefront-1", Step: "promote", Mode: run.Unplanned, Recovery: "us-west-2", Began: t0}
	w.spec = plan.RunCommand{
		Document: "promote-replica", Instances: fmt.Sprintf("db-%d", worlds), Parameters: map[string][]string{"Database": {"orders"}},
		Lag: &plan.Metric{Namespace: "Storefront", Name: "Lag", Dimensions: map[string]string{"Database": "orders"}, Most: 5},
	}
	out, err := w.ec2.RegisterImage(t.Context(), &ec2.RegisterImageInput{
		Name: aws.String(fmt.Sprintf("image-%d", worlds)), Architecture: ec2types.ArchitectureValuesArm64, RootDeviceName: aws.String("/dev/xvda"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.image = *out.ImageId
	return w
}

// worlds counts them: each has names of its own in the one simulator.
var worlds int

// launch starts instances of a name, a drill's when it says which.
func (w *world) launch(name string, count int32, drill string) []string {
	w.t.Helper()
	tags := []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String(name)}}
	if drill != "" {
		tags = append(tags, ec2types.Tag{Key: aws.String("pilotlight:drill"), Value: aws.String(drill)})
	}
	out, err := w.ec2.RunInstances(w.t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(w.image), MinCount: aws.Int32(count), MaxCount: aws.Int32(count),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: tags}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, i := range out.Instances {
		ids = append(ids, *i.InstanceId)
	}
	return ids
}

func (w *world) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	var asked struct {
		command
		CommandId string
		Name      string
		NextToken string
		Filters   []map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		w.t.Error(err)
	}
	var said any
	switch operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."); operation {
	case "SendCommand":
		said = map[string]any{"Command": w.send(asked.command)}
	case "ListCommands":
		said = w.page(asked.NextToken)
	case "ListCommandInvocations":
		said = map[string]any{"CommandInvocations": w.invocations(asked.CommandId)}
	case "DescribeInstanceInformation":
		said = map[string]any{"InstanceInformationList": w.nodes(asked.Filters)}
	case "DescribeDocument":
		if asked.Name != "promote-replica" {
			answer.Header().Set("X-Amzn-ErrorType", "InvalidDocument")
			answer.WriteHeader(http.StatusBadRequest)
			return
		}
		said = map[string]any{"Document": map[string]any{"DocumentType": "Command", "Parameters": []map[string]string{{"Name": "Database"}, {"Name": "Force", "DefaultValue": "no"}}}}
	default:
		w.t.Errorf("asked for %s", operation)
	}
	if err := json.NewEncoder(answer).Encode(said); err != nil {
		w.t.Error(err)
	}
}

func (w *world) send(c command) *command {
	if len(c.InstanceIds) > 50 || len(c.InstanceIds) == 0 || len(c.Comment) > 100 {
		w.t.Errorf("sent %+v", c)
	}
	c.CommandId, c.RequestedDateTime, c.status = fmt.Sprintf("c-%d", len(w.commands)), float64(w.now.Unix()), "InProgress"
	w.commands = append(w.commands, &c)
	return &c
}

// page lists the commands of others first, and the step's on a second page.
func (w *world) page(token string) map[string]any {
	if token == "" {
		return map[string]any{"Commands": []command{{CommandId: "x", Comment: "pilotlight storefront-11/promote attempt 0", InstanceIds: []string{"i-x"}}}, "NextToken": "next"}
	}
	return map[string]any{"Commands": w.commands}
}

func (w *world) invocations(of string) []map[string]any {
	var all []map[string]any
	for _, c := range w.commands {
		for _, id := range c.InstanceIds {
			if c.CommandId == of {
				all = append(all, map[string]any{"CommandId": of, "InstanceId": id, "Status": c.status, "StatusDetails": c.status,
					"CommandPlugins": []map[string]string{{"Status": c.status, "Output": "replica is\nnot ready"}}})
			}
		}
	}
	return all
}

func (w *world) nodes(filters []map[string]any) []map[string]string {
	var all []map[string]string
	for _, filter := range filters {
		for _, id := range filter["Values"].([]any) {
			ping := "Online"
			if slices.Contains(w.offline, id.(string)) {
				ping = "ConnectionLost"
			}
			all = append(all, map[string]string{"InstanceId": id.(string), "PingStatus": ping})
		}
	}
	return all
}

func (w *world) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	out := &cloudwatch.GetMetricStatisticsOutput{}
	for at, value := range w.lag {
		if !at.Before(*in.StartTime) && at.Before(*in.EndTime) {
			out.Datapoints = append(out.Datapoints, cwtypes.Datapoint{Timestamp: aws.Time(at), Maximum: aws.Float64(value)})
		}
	}
	return out, nil
}

func (w *world) later() {
	w.now = w.now.Add(time.Minute)
	for _, c := range w.commands {
		c.status = w.state
	}
}

func (w *world) advance() (step.Progress, error) {
	w.run.Now = w.now
	return w.kind.Advance(w.t.Context(), w.run, w.spec)
}

func (w *world) undo() step.Progress {
	w.t.Helper()
	got, err := w.kind.Undo(w.t.Context(), w.run, w.spec)
	if err != nil || !got.Done {
		w.t.Fatalf("Undo = %+v, %v; want done", got, err)
	}
	return got
}
