package verify

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// region is one with an alarm and a target group, both named storefront.
type region struct {
	*simulated.Caller
	t     *testing.T
	aws   *simulated.AWS
	name  string
	group string
	cw    *cloudwatch.Client
	elb   *elb.Client
	ec2   *ec2.Client
	kind  *Kind
}

func newRegion(t *testing.T) *region {
	t.Helper()
	a, f := simulated.Fresh(t)
	caller := &simulated.Caller{}
	cfg := (&simulated.Caller{}).Config(a, f, "us-west-2")
	w := &region{Caller: caller, t: t, name: "storefront", aws: a, cw: cloudwatch.NewFromConfig(cfg), elb: elb.NewFromConfig(cfg), ec2: ec2.NewFromConfig(cfg), kind: New(caller.On(cfg))}
	vpc, err := w.ec2.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.elb.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String(w.name), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, VpcId: vpc.Vpc.VpcId,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.group = *out.TargetGroups[0].TargetGroupArn
	if _, err := w.cw.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(w.name), Namespace: aws.String("x"), MetricName: aws.String("x"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, Statistic: cwtypes.StatisticMaximum,
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *region) alarm(state cwtypes.StateValue) {
	w.t.Helper()
	if _, err := w.cw.SetAlarmState(w.t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(w.name), StateValue: state, StateReason: aws.String("test")}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *region) register() {
	w.t.Helper()
	out, err := w.ec2.RunInstances(w.t.Context(), &ec2.RunInstancesInput{ImageId: aws.String(w.image()), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.later()
	if _, err := w.elb.RegisterTargets(w.t.Context(), &elb.RegisterTargetsInput{
		TargetGroupArn: aws.String(w.group), Targets: []elbtypes.TargetDescription{{Id: out.Instances[0].InstanceId}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

// later is when everything that was begun is done.
func (w *region) later() {
	w.t.Helper()
	if err := w.aws.Clock.Jump(time.Hour); err != nil {
		w.t.Fatal(err)
	}
}

func (w *region) image() string {
	w.t.Helper()
	out, err := w.ec2.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{
		Name: aws.String(w.name), Architecture: ec2types.ArchitectureValuesArm64, RootDeviceName: aws.String("/dev/xvda"),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.ImageId
}

func (w *region) look(spec plan.Verify, drill *plan.Drill) step.Progress {
	w.t.Helper()
	got, err := w.kind.Advance(w.t.Context(), step.Run{Now: t0, Good: t0.Add(-time.Hour), Recovery: "us-west-2", Drill: drill}, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(w.Changes) > 0 {
		w.t.Errorf("changed %v", w.Changes)
	}
	return got
}

func TestAdvance_isGoodWhenTargetsAndAlarmsAreGoodTogether(t *testing.T) {
	w := newRegion(t)
	spec := plan.Verify{Targets: w.name, Alarms: []string{w.name}, For: plan.Duration(time.Minute)}
	w.alarm(cwtypes.StateValueOk)
	if got := w.look(spec, nil); got.Good || !strings.Contains(got.Detail, "0 of 0 targets") {
		t.Errorf("an empty group: %+v; want a miss", got)
	}
	w.register()
	if got := w.look(spec, nil); got.Good || !strings.Contains(got.Detail, "0 of 1 targets") {
		t.Errorf("a new target: %+v; want a miss", got)
	}
	w.later()
	if got := w.look(spec, nil); !got.Good || !got.Done {
		t.Errorf("all is well: %+v; want done", got)
	}
	for _, state := range []cwtypes.StateValue{cwtypes.StateValueAlarm, cwtypes.StateValueInsufficientData} {
		w.alarm(state)
		if got := w.look(spec, nil); got.Good || got.Done || !strings.Contains(got.Detail, string(state)) {
			t.Errorf("%s: %+v; want a miss that says so", state, got)
		}
	}
}

func TestAdvance_missesWhatIsNotThere(t *testing.T) {
	w := newRegion(t)
	got := w.look(plan.Verify{Targets: "nobody", Alarms: []string{"nothing"}}, nil)
	if got.Good || got.Done || !strings.Contains(got.Detail, "nobody") || !strings.Contains(got.Detail, "nothing") {
		t.Errorf("%+v; want a miss that names both", got)
	}
}

func TestAdvance_ofADrillLeavesOutWhatIsProductions(t *testing.T) {
	w := newRegion(t)
	w.alarm(cwtypes.StateValueAlarm)
	spec := plan.Verify{URL: "https://shop.example.com", Targets: w.name, Alarms: []string{w.name}}
	got := w.look(spec, &plan.Drill{Suffix: "drill"})
	for _, want := range []string{"left out in a drill", "shop.example.com", "targets of " + w.name, "alarms " + w.name} {
		if !got.Done || !strings.Contains(got.Detail, want) {
			t.Errorf("%+v; want done, with %q", got, want)
		}
	}
	if w.Calls > 0 {
		t.Errorf("called AWS %d times", w.Calls)
	}
	s := newSite(t)
	spec.DrillURL = s.URL
	got, err := visiting(s.Client()).Advance(t.Context(), step.Run{Now: t0, Drill: &plan.Drill{}}, spec)
	if err != nil || !got.Done || s.asked != 1 || !strings.Contains(got.Detail, "left out in a drill: the targets") {
		t.Errorf("%+v, %v after %d questions; want the drill's own URL asked", got, err, s.asked)
	}
}

func TestCheck_namesWhatCouldNeverBecomeGood(t *testing.T) {
	w := newRegion(t)
	r := step.Run{Recovery: "us-west-2"}
	problems, err := w.kind.Check(t.Context(), r, plan.Verify{URL: "https://shop.example.com", Targets: w.name, Alarms: []string{w.name}})
	if err != nil || len(problems) > 0 {
		t.Errorf("problems %q, %v; want none", problems, err)
	}
	problems, err = w.kind.Check(t.Context(), r, plan.Verify{URL: "http://shop.example.com", Targets: "nobody", Alarms: []string{w.name, "nothing"}})
	if all := strings.Join(problems, " "); err != nil || len(problems) != 3 || !strings.Contains(all, "nobody") || !strings.Contains(all, "nothing") {
		t.Errorf("problems %q, %v; want three", problems, err)
	}
}
