package promotedatabase

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/whole"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// aurora answers on the wire as the RDS API reference has it for an Aurora global
// database, whose failover the simulator does not have. A failover takes ticks.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_SwitchoverGlobalCluster.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_GlobalCluster.html
type aurora struct {
	t       *testing.T
	writer  string // region of the writer cluster
	state   string // of FailoverState; empty: nothing goes on
	target  string // ARN that becomes the writer
	status  string // of the region's cluster
	left    int    // ticks until the failover is over
	calls   []string
	dies    bool // closes the connection after it has acted, once
	members int  // instances of the region's cluster
}

func arnIn(region string) string {
	return "arn:aws:rds:" + region + ":123456789012:cluster:ledger-" + region[3:7]
}

func (a *aurora) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		a.t.Error(err)
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/"+away+"/rds/") {
		a.t.Errorf("a call to another region: %s", r.Header.Get("Authorization"))
	}
	action := r.Form.Get("Action")
	answer, code := a.act(action, r.Form)
	if a.dies && !strings.HasPrefix(action, "Describe") {
		a.dies = false
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/xml")
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>refused</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code)
		return
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, answer)
}

func (a *aurora) act(action string, form url.Values) (answer, code string) {
	switch action {
	case "DescribeGlobalClusters":
		if form.Get("GlobalClusterIdentifier") != "ledger" {
			return "", "GlobalClusterNotFoundFault"
		}
		return "<GlobalClusters><GlobalClusterMember>" + a.global() + "</GlobalClusterMember></GlobalClusters>", ""
	case "DescribeDBClusters":
		return "<DBClusters><DBCluster>" + a.cluster() + "</DBCluster></DBClusters>", ""
	case "FailoverGlobalCluster", "SwitchoverGlobalCluster":
		a.calls = append(a.calls, fmt.Sprintf("%s of %s to %s, data loss %q", action, form.Get("GlobalClusterIdentifier"), form.Get("TargetDbClusterIdentifier"), form.Get("AllowDataLoss")))
		if a.state != "" {
			return "", "InvalidGlobalClusterStateFault"
		}
		a.state, a.target, a.left = "pending", form.Get("TargetDbClusterIdentifier"), 3
		return "<GlobalCluster>" + a.global() + "</GlobalCluster>", ""
	}
	a.t.Errorf("%s is called", action)
	return "", "InvalidAction"
}

func (a *aurora) global() string {
	var members string
	for _, region := range []string{home, away} {
		members += fmt.Sprintf("<GlobalClusterMember><DBClusterArn>%s</DBClusterArn><IsWriter>%t</IsWriter><Readers/></GlobalClusterMember>", arnIn(region), region == a.writer)
	}
	state := ""
	if a.state != "" {
		state = fmt.Sprintf("<FailoverState><Status>%s</Status><FromDbClusterArn>%s</FromDbClusterArn><ToDbClusterArn>%s</ToDbClusterArn></FailoverState>", a.state, arnIn(a.writer), a.target)
	}
	return "<GlobalClusterIdentifier>ledger</GlobalClusterIdentifier><Status>available</Status><GlobalClusterMembers>" + members + "</GlobalClusterMembers>" + state
}

func (a *aurora) cluster() string {
	members := strings.Repeat("<DBClusterMember><DBInstanceIdentifier>one</DBInstanceIdentifier></DBClusterMember>", a.members)
	return fmt.Sprintf("<DBClusterIdentifier>ledger-west</DBClusterIdentifier><Status>%s</Status><Endpoint>ledger-west.cluster.example</Endpoint><Port>3306</Port><DBClusterMembers>%s</DBClusterMembers>", a.status, members)
}

// tick brings what goes on further: verified, promoted, available.
func (a *aurora) tick() {
	switch a.left--; a.left {
	case 2:
		a.state, a.status = "failing-over", "promoting"
	case 1:
		a.state, a.writer = "", away
	case 0:
		a.status = "available"
	}
}

var globalSpec = plan.PromoteDatabase{Global: "ledger", Cluster: "ledger-west"}

func newAurora(t *testing.T) (*aurora, *Kind) {
	a := &aurora{t: t, writer: home, status: "available", members: 1}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, New(aws.Config{
		Region: away, BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("step", "secret", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: whole.Client,
	})
}

// settle looks three times at every state until op is done.
func (a *aurora) settle(op func() (step.Progress, error)) step.Progress {
	a.t.Helper()
	for range 10 {
		for range 3 {
			progress, err := op()
			if failure.ClassOf(err) == failure.Permanent {
				a.t.Fatal(err)
			}
			if err == nil && progress.Done {
				return progress
			}
		}
		a.tick()
	}
	a.t.Fatal("not done after ten ticks")
	return step.Progress{}
}

func TestGlobal_failsOverWithLossAndSwitchesOverWithout(t *testing.T) {
	for mode, want := range map[run.Mode]string{
		run.Unplanned: `FailoverGlobalCluster of ledger to ` + arnIn(away) + `, data loss "true"`,
		run.Planned:   `SwitchoverGlobalCluster of ledger to ` + arnIn(away) + `, data loss ""`,
		run.Failback:  `SwitchoverGlobalCluster of ledger to ` + arnIn(away) + `, data loss ""`,
	} {
		for _, dies := range []bool{false, true} {
			a, k := newAurora(t)
			a.dies = dies
			r := step.Run{Plan: "storefront", ID: "storefront-1", Step: "ledger", Mode: mode, Primary: home, Recovery: away}
			got := a.settle(func() (step.Progress, error) { return k.Advance(t.Context(), r, globalSpec) })
			if got.Outputs["endpoint"] != "ledger-west.cluster.example" || got.Outputs["port"] != "3306" || got.Outputs[measured] == restore {
				t.Errorf("%s: outputs %v", mode, got.Outputs)
			}
			if diff := cmp.Diff([]string{want}, a.calls); diff != "" {
				t.Errorf("%s, dies %t: calls (-want +got):\n%s", mode, dies, diff)
			}
		}
	}
}

func TestGlobal_looksAgainWhenAnotherMoveGoesOn(t *testing.T) {
	a, k := newAurora(t)
	a.state, a.target = "cancelling", arnIn(home)
	got, err := k.Advance(t.Context(), step.Run{Mode: run.Unplanned}, globalSpec)
	if err != nil || got.Done || len(a.calls) > 0 || !strings.Contains(got.Detail, "cancelling") {
		t.Errorf("Advance = %+v, %v with %v", got, err, a.calls)
	}
}

func TestGlobal_isNotTakenBackOnceItHasFailedOver(t *testing.T) {
	r := step.Run{Plan: "storefront", ID: "storefront-1", Step: "ledger", Mode: run.Unplanned}
	for ticks, left := range map[int]bool{-1: false, 0: true, 1: true, 2: true, 3: true} {
		a, k := newAurora(t)
		if ticks >= 0 {
			if _, err := k.Advance(t.Context(), r, globalSpec); err != nil {
				t.Fatal(err)
			}
		}
		for range ticks {
			a.tick()
		}
		before := len(a.calls)
		got := a.settle(func() (step.Progress, error) { return k.Undo(t.Context(), r, globalSpec) })
		if (got.Left != "") != left || len(a.calls) != before {
			t.Errorf("after %d ticks: %+v with %v", ticks, got, a.calls)
		}
	}
}

func TestGlobal_isLeftOutInADrill(t *testing.T) {
	a, k := newAurora(t)
	r := step.Run{Mode: run.Drill, Drill: &plan.Drill{Suffix: "drill"}}
	got, err := k.Advance(t.Context(), r, globalSpec)
	back, undone := k.Undo(t.Context(), r, globalSpec)
	if err := errors.Join(err, undone); err != nil || !got.Done || !back.Done || back.Left != "" || len(a.calls) > 0 {
		t.Errorf("Advance = %+v, Undo = %+v, %v", got, back, err)
	}
	if !strings.Contains(got.Detail, "left out in a drill") || !strings.HasSuffix(got.Outputs["endpoint"], ".invalid") {
		t.Errorf("detail %q, outputs %v", got.Detail, got.Outputs)
	}
}

func TestGlobal_isChecked(t *testing.T) {
	w := newWorld(t)
	w.globalLag("AuroraGlobalDBRPOLag", 800)
	for want, trouble := range map[string]func(*aurora, *plan.PromoteDatabase){
		"":                            func(*aurora, *plan.PromoteDatabase) {},
		"there is no global database": func(_ *aurora, s *plan.PromoteDatabase) { s.Global = "ledgers" },
		"is not in global database":   func(_ *aurora, s *plan.PromoteDatabase) { s.Cluster = "ledger-south" },
		"is the writer":               func(a *aurora, _ *plan.PromoteDatabase) { a.writer = away },
		"failing-over":                func(a *aurora, _ *plan.PromoteDatabase) { a.state, a.target = "failing-over", arnIn(away) },
		"cannot be failed over to":    func(a *aurora, _ *plan.PromoteDatabase) { a.status = "stopped" },
		"has no instance":             func(a *aurora, _ *plan.PromoteDatabase) { a.members = 0 },
	} {
		a, k := newAurora(t)
		spec := globalSpec
		trouble(a, &spec)
		k.metrics = w.metrics()
		got, err := k.Check(t.Context(), step.Run{Plan: "storefront", Now: w.Now()}, spec)
		if err != nil || (want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("%q: problems %q, %v", want, got, err)
		}
	}
}

// globalLag is what Aurora measures of the cluster in the minute that passes.
func (w *world) globalLag(metric string, milliseconds float64) {
	w.t.Helper()
	w.measure(metric, milliseconds, cw.Dimension{Name: aws.String("DBClusterIdentifier"), Value: aws.String("ledger-west")}, cw.Dimension{Name: aws.String("SourceRegion"), Value: aws.String(home)})
}

func TestGlobal_isCheckedForWhatAFailoverWouldLose(t *testing.T) {
	w := newWorld(t)
	_, k := newAurora(t)
	k.metrics = w.metrics()
	spec := globalSpec
	spec.RPO = plan.Duration(time.Minute)
	says := func(when, want string) {
		t.Helper()
		got := must[[]string](t)(k.Check(t.Context(), step.Run{Plan: "storefront", Now: w.Now()}, spec))
		if said := strings.Join(got, " "); said != want {
			t.Errorf("%s: says %q, want %q", when, said, want)
		}
	}
	const silent = "cluster ledger-west has sent no AuroraGlobalDBRPOLag in 15m: nobody knows how far behind it is"
	says("before any measurement", silent)
	w.globalLag("AuroraGlobalDBRPOLag", 60_000)
	says("within the RPO", "")
	w.globalLag("AuroraGlobalDBRPOLag", 90_500)
	says("beyond the RPO", "cluster ledger-west is 1m30s behind, more than the RPO of 1m: a failover now would lose that much")
	w.Pass(recent)
	says("silent", silent)
	w.globalLag("AuroraGlobalDBReplicationLag", 61_000)
	says("an older version", "cluster ledger-west is 1m1s behind, more than the RPO of 1m: a failover now would lose that much")
}

func TestAurora_answersWellFormedXML(t *testing.T) {
	a := &aurora{writer: home, status: "available", members: 1, state: "pending", target: arnIn(away)}
	for _, body := range []string{a.global(), a.cluster()} {
		if err := xml.Unmarshal([]byte("<a>"+body+"</a>"), new(struct{})); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}
