package failures_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
)

func aQuestion(w *world, p *plan.Plan) any {
	_, err := sns.NewFromConfig(w.Upstream(recovery)).CreateTopic(w.t.Context(), &sns.CreateTopicInput{Name: aws.String(p.Name)})
	must(w, 0, err)
	p.Notify = p.Name
	return &plan.Approve{Question: "Is the warehouse told?"}
}

// aSitesPage answers at once and well, unless that is the trouble, and has an alarm
// that is OK.
func aSitesPage(w *world, p *plan.Plan) any {
	bad := int64(0)
	if w.trouble.short == "busy" {
		bad = 3
	}
	var looks atomic.Int64
	address, host := fmt.Sprintf("203.0.113.%d", w.number+1), p.Name+".example.com"
	site, err := w.Internet.Serve(address, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		if looks.Add(1) <= bad {
			answer.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	must(w, site, err)
	w.Internet.RegisterName(host, address)
	if w.trouble.short == "slow" {
		site.Kill()
	}
	client := cloudwatch.NewFromConfig(w.As("team", recovery)) // the front alone speaks the SDK's CBOR
	_, err = client.PutMetricAlarm(w.t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(p.Name), Namespace: aws.String("Shop"), MetricName: aws.String("Errors"), Statistic: cwtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
	})
	must(w, 0, err)
	_, err = client.SetAlarmState(w.t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(p.Name), StateValue: cwtypes.StateValueOk, StateReason: aws.String("a test")})
	must(w, 0, err)
	return &plan.Verify{URL: "https://" + host + "/", Alarms: []string{p.Name}, For: plan.Duration(time.Minute)}
}

func aDirection(w *world, p *plan.Plan) any {
	aPoint(w, p)
	return &plan.ResumeProtection{}
}

// aChild is a plan that recovers by itself, with the tick that every deployed plan
// has; or, where the parent's step is to fail, one whose run goes on until somebody
// cancels it.
func aChild(w *world, p *plan.Plan) any {
	text := fmt.Sprintf(`
plan: %[1]s-child
strategy: backup-restore
primary: us-east-1
recovery: us-west-2
objectives: {rto: 1h, rpo: 1h}
detect: {mode: manual}
recover:
  - set-parameter: {name: /%[1]s/child, value: away}
`, p.Name)
	if w.trouble.held {
		text += "  - verify: {url: https://nowhere.example.com/, timeout: 6h}\n"
	}
	child, schedules := w.deploy(text)
	var ticks []schedule.Schedule
	for _, s := range schedules {
		if strings.HasSuffix(s.Target, "decide-failover") {
			ticks = append(ticks, s)
		}
	}
	w.Schedule(ticks)
	return &plan.RunPlan{Plan: child.Name}
}

// aStack is one of a template in the recovery region's bucket.
func aStack(w *world, p *plan.Plan) any {
	client := s3.NewFromConfig(w.Upstream(recovery), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(w.t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(p.Name), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(recovery)},
	})
	must(w, 0, err)
	template := fmt.Sprintf(`{"Resources": {"Host": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/%s/host", "Type": "String", "Value": "away"}}},
		"Outputs": {"Host": {"Value": {"Ref": "Host"}}}}`, p.Name)
	_, err = client.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String(p.Name), Key: aws.String("host.json"), Body: strings.NewReader(template)})
	must(w, 0, err)
	return &plan.CreateStack{
		Stack: p.Name, Template: "https://" + p.Name + ".s3." + recovery + ".amazonaws.com/host.json", Role: "formation", Outputs: []string{"Host"},
	}
}

// aMapping is of a queue to a function of the team's, and turned off.
func aMapping(w *world, p *plan.Plan) any {
	_, err := iam.NewFromConfig(w.Upstream(recovery)).CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: aws.String(p.Name), AssumeRolePolicyDocument: aws.String("{}")})
	must(w, 0, err)
	client := lambda.NewFromConfig(w.Upstream(recovery))
	_, err = client.CreateFunction(w.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String(p.Name), Role: aws.String("arn:aws:iam::" + cloud.Account + ":role/" + p.Name), Runtime: types.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &types.FunctionCode{ZipFile: anArchive(w)},
	})
	must(w, 0, err)
	_, err = sqs.NewFromConfig(w.Upstream(recovery)).CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(p.Name)})
	must(w, 0, err)
	source := "arn:aws:sqs:" + recovery + ":" + cloud.Account + ":" + p.Name
	_, err = client.CreateEventSourceMapping(w.t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName: aws.String(p.Name), EventSourceArn: aws.String(source), Enabled: aws.Bool(false),
	})
	must(w, 0, err)
	return &plan.EventSource{Function: p.Name, Source: source, Enabled: true}
}

// anArchive has a file in it, which nothing runs.
func anArchive(w *world) []byte {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	file, err := archive.Create("bootstrap")
	_, wrote := must(w, file, err).Write([]byte("nothing"))
	must(w, 0, wrote)
	must(w, 0, archive.Close())
	return b.Bytes()
}

// aTeamsFunction runs beside Pilotlight's, and can take back what it does.
func aTeamsFunction(w *world, p *plan.Plan) any {
	out := filepath.Join(w.root, "bin", "host", "team")
	must(w, 0, lambdahost.Build(w.t.Context(), "testdata", []string{"move-host"}, out))
	must(w, 0, w.Host.Deploy(lambdahost.Function{
		Name: "move-host", Deployed: "move-host-of-" + p.Name, Binary: filepath.Join(out, "move-host", "bootstrap"),
		Region: recovery, Account: cloud.Account, Env: w.Environment(),
	}))
	return &plan.InvokeFunction{Function: "move-host-of-" + p.Name, Undo: true, Input: map[string]any{"parameter": "/" + p.Name + "/host"}}
}
