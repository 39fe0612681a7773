package front

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// newReplica is a database in the east with a replica in the west, both ready.
func newReplica(t *testing.T, f *Front) {
	t.Helper()
	must[*rds.CreateDBInstanceOutput](t)(databases(f, east).CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.t4g.small"),
		MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"), AllocatedStorage: aws.Int32(20)}))
	if db := database(t, f, east, "orders"); *db.DBInstanceStatus != "creating" || db.Endpoint != nil {
		t.Errorf("a new database is %s at %v", *db.DBInstanceStatus, db.Endpoint)
	}
	pass(t, time.Hour)
	must[*rds.CreateDBInstanceReadReplicaOutput](t)(databases(f, west).CreateDBInstanceReadReplica(t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("replica"), SourceDBInstanceIdentifier: aws.String("arn:aws:rds:us-east-1:123456789012:db:orders"), SourceRegion: aws.String(east)}))
	pass(t, time.Hour)
}

func databases(f *Front, region string) *rds.Client {
	return rds.NewFromConfig(as(f, "tester", region))
}

func database(t *testing.T, f *Front, region, id string) rdstypes.DBInstance {
	t.Helper()
	out := must[*rds.DescribeDBInstancesOutput](t)(databases(f, region).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id}))
	return out.DBInstances[0]
}

func TestPromotion_keepsTheReplicaWhatItWasUntilItIsDone(t *testing.T) {
	f := start(t)
	newReplica(t, f)
	promote := func() error {
		_, err := databases(f, west).PromoteReadReplica(t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: aws.String("replica")})
		return err
	}
	if err := promote(); err != nil {
		t.Fatal(err)
	}
	if db := database(t, f, west, "replica"); *db.DBInstanceStatus != "modifying" || aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier) == "" {
		t.Errorf("while it is promoted: %s, replica of %v", *db.DBInstanceStatus, db.ReadReplicaSourceDBInstanceIdentifier)
	}
	if err := promote(); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("promoted again: %v", err)
	}
	pass(t, 7*time.Minute)
	if db := database(t, f, west, "replica"); *db.DBInstanceStatus != "available" || db.ReadReplicaSourceDBInstanceIdentifier != nil {
		t.Errorf("afterwards: %s, replica of %v", *db.DBInstanceStatus, db.ReadReplicaSourceDBInstanceIdentifier)
	}
	if err := promote(); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("promoted though it is no replica: %v", err)
	}
}

func TestModification_showsTheOldClassUntilItIsDone(t *testing.T) {
	f := start(t)
	newReplica(t, f)
	modify := func() error {
		_, err := databases(f, west).ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String("replica"),
			DBInstanceClass: aws.String("db.r6g.large"), MultiAZ: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
		return err
	}
	look := func() string {
		db := database(t, f, west, "replica")
		wanted := ""
		if p := db.PendingModifiedValues; p != nil {
			wanted = aws.ToString(p.DBInstanceClass)
		}
		return fmt.Sprintf("%s %s %v → %q", *db.DBInstanceStatus, *db.DBInstanceClass, *db.MultiAZ, wanted)
	}
	if err := modify(); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != `modifying db.t4g.small false → "db.r6g.large"` {
		t.Errorf("at once: %s", got)
	}
	if err := modify(); refusal(err) != "InvalidDBInstanceState" {
		t.Errorf("modified again: %v", err)
	}
	pass(t, 9*time.Minute)
	if got := look(); got != `available db.r6g.large true → ""` {
		t.Errorf("afterwards: %s", got)
	}
	if err := modify(); err != nil || !strings.HasPrefix(look(), "available") {
		t.Errorf("modified to what it is: %v, %s", err, look())
	}
}

func TestTarget_isInitialUntilHealthyAndMustRun(t *testing.T) {
	f := start(t)
	client, id := elb.NewFromConfig(as(f, "tester", east)), newInstances(t, f, 1)[0]
	vpcs := must[*ec2.DescribeVpcsOutput](t)(compute(f, east).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}))
	group := must[*elb.CreateTargetGroupOutput](t)(client.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, VpcId: vpcs.Vpcs[0].VpcId})).TargetGroups[0].TargetGroupArn
	register := func() error {
		_, err := client.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: group, Targets: []elbtypes.TargetDescription{{Id: &id}}})
		return err
	}
	state := func() string {
		out := must[*elb.DescribeTargetHealthOutput](t)(client.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: group}))
		h := out.TargetHealthDescriptions[0].TargetHealth
		return string(h.State) + " " + string(h.Reason)
	}
	if err := register(); refusal(err) != "InvalidTarget" {
		t.Errorf("pending instance registered: %v", err)
	}
	pass(t, time.Minute)
	if err := register(); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != "initial Elb.RegistrationInProgress" {
		t.Errorf("just registered: %s", got)
	}
	pass(t, time.Minute)
	if got := state(); got != "healthy " {
		t.Errorf("later: %s", got)
	}
}

func TestRecordChange_isPendingThenInSync(t *testing.T) {
	f := start(t)
	client := route53.NewFromConfig(as(f, "tester", east))
	zone := must[*route53.CreateHostedZoneOutput](t)(client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("1")}))
	change := func() *string {
		out := must[*route53.ChangeResourceRecordSetsOutput](t)(client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zone.HostedZone.Id, ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{
				Action: r53types.ChangeActionUpsert, ResourceRecordSet: &r53types.ResourceRecordSet{Name: aws.String("a.example.com"), Type: r53types.RRTypeA,
					TTL: aws.Int64(5), ResourceRecords: []r53types.ResourceRecord{{Value: aws.String("192.0.2.1")}}}}}}}))
		return out.ChangeInfo.Id
	}
	status := func(id *string) r53types.ChangeStatus {
		return must[*route53.GetChangeOutput](t)(client.GetChange(t.Context(), &route53.GetChangeInput{Id: id})).ChangeInfo.Status
	}
	first := change()
	pass(t, 20*time.Second)
	second := change()
	pass(t, 20*time.Second)
	if a, b := status(first), status(second); a != r53types.ChangeStatusInsync || b != r53types.ChangeStatusPending {
		t.Errorf("after 40 s %s, after 20 s %s", a, b)
	}
}

// echo answers with the function's name and the payload.
type echo struct{}

func (echo) Invoke(_ context.Context, function string, payload []byte, asynchronous bool) Result {
	switch {
	case function == "missing":
		return Result{NotFound: true}
	case function == "broken":
		return Result{Payload: []byte(`{"errorType":"X"}`), FunctionError: "Unhandled"}
	}
	return Result{Payload: fmt.Appendf(nil, "%s %s %v", function, payload, asynchronous)}
}

func (echo) Timeout(function string) (time.Duration, bool) {
	return 20 * time.Second, function != "missing"
}

func invocation(t *testing.T, ctx context.Context, f *Front, function, kind string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL()+"/2015-03-31/functions/"+function+"/invocations", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = ownHeader(place{region: west}, "lambda", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", kind)
	return r
}

func TestInvoke_answersAsLambdaDoes(t *testing.T) {
	f := start(t)
	ask := func(function, kind string) string {
		response, err := http.DefaultClient.Do(invocation(t, t.Context(), f, function, kind))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		h := response.Header
		if h.Get("X-Amzn-Requestid") == "" {
			t.Error("no request id")
		}
		return fmt.Sprintf("%d %s %s%s%s", response.StatusCode, body, h.Get("X-Amz-Function-Error"), h.Get("X-Amzn-Errortype"), h.Get("X-Amz-Executed-Version"))
	}
	if got := ask("f", ""); !strings.HasPrefix(got, "404") {
		t.Errorf("without functions: %s", got)
	}
	f.SetFunctions(echo{})
	for _, c := range [][3]string{
		{"f", "", "200 f {} false $LATEST"},
		{"arn%3Aaws%3Alambda%3Aus-west-2%3A123456789012%3Afunction%3Af%3A7", "RequestResponse", "200 arn:aws:lambda:us-west-2:123456789012:function:f:7 {} false 7"},
		{"f", "Event", "202  "},
		{"f", "DryRun", "204  "},
		{"broken", "", `200 {"errorType":"X"} Unhandled$LATEST`},
		{"missing", "", `404 {"Message":"Function not found: missing","Type":"User"} ResourceNotFoundException`},
	} {
		if got := ask(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s answers %q, want %q", c[0], c[1], got, c[2])
		}
	}
	for function, want := range map[string]int32{"f": 20, "missing": 0} {
		client := lambda.NewFromConfig(as(f, "tester", west))
		got, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(function)})
		if (want == 0) != (refusal(err) == "ResourceNotFoundException") || want > 0 && aws.ToInt32(got.Timeout) != want {
			t.Errorf("the configuration of %s: %+v, %v", function, got, err)
		}
	}
	if n := f.Mutations(""); n != 0 {
		t.Errorf("invocations counted as %d mutations", n)
	}
}
