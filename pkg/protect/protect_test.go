package protect

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// ledger answers from memory and counts its reads.
type ledger struct {
	state run.State
	pins  run.Pins
	reads int
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func (l *ledger) State(context.Context, string) (run.State, time.Time, error) {
	l.reads++
	return l.state, noon, nil
}

func (l *ledger) Pins(context.Context, string) (run.Pins, error) {
	l.reads++
	return l.pins, nil
}

func samples(t testing.TB, function string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "events", function, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sample events of %s: %v", function, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = raw
	}
	return files
}

func TestBegin_goesOnWithEverySampleEvent(t *testing.T) {
	for _, f := range Functions() {
		for name, raw := range samples(t, f.Name) {
			t.Run(f.Name+"/"+name, func(t *testing.T) {
				begun := 0
				begin := func(ctx context.Context, raw json.RawMessage) (Result, error) {
					begun++
					pass, err := f.Begin(ctx, &ledger{state: run.State{Posture: run.Standby}}, raw)
					if err != nil || pass.Ignored != "" {
						t.Fatalf("ignored %q, error %v", pass.Ignored, err)
					}
					if pass.Plan != "storefront" || !pass.Now.Equal(noon) {
						t.Errorf("plan %q at %s", pass.Plan, pass.Now)
					}
					return Result{}, nil
				}
				answer, err := f.Queued(begin)(t.Context(), raw)
				if err != nil || len(answer.Failed) > 0 || begun != 1 {
					t.Errorf("%d passes, failed %v, error %v", begun, answer.Failed, err)
				}
			})
		}
	}
}

func TestBegin_ignoresAnEventThatIsNotItsOwnWithoutReadingTheLedger(t *testing.T) {
	for _, event := range []string{
		`{"source":"aws.ec2","detail-type":"EC2 AMI State Change"}`,
		`{"source":"aws.rds","detail-type":"EBS Snapshot Notification"}`,
		`{}`,
	} {
		book := &ledger{}
		pass, err := RotateSnapshots.Begin(t.Context(), book, sample(t, func(in map[string]any) { in["event"] = json.RawMessage(event) }))
		if err != nil || pass.Ignored == "" || book.reads != 0 {
			t.Errorf("event %s: ignored %q, error %v, %d reads", event, pass.Ignored, err, book.reads)
		}
	}
}

func TestBegin_leavesThePointsOfARunUnderWayAlone(t *testing.T) {
	pass, err := RotateSnapshots.Begin(t.Context(), &ledger{state: run.State{Posture: run.FailingOver}}, sample(t, nil))
	if err != nil || pass.Ignored == "" {
		t.Errorf("ignored %q, error %v", pass.Ignored, err)
	}
}

func TestBegin_protectsTheSideThatServes(t *testing.T) {
	accounts := map[string]any{"primary": "111111111111", "recovery": "222222222222"}
	source := "arn:aws:iam::111111111111:role/pilotlight-storefront-source"
	for name, c := range map[string]struct {
		state    run.State
		change   func(map[string]any)
		from, to Site
	}{
		"before the first run":                   {run.State{}, nil, Site{Region: "us-east-1"}, Site{Region: "us-west-2"}},
		"in standby":                             {run.New("storefront"), nil, Site{Region: "us-east-1"}, Site{Region: "us-west-2"}},
		"after a failover":                       {run.State{Posture: run.Active, Side: run.RecoverySide}, nil, Site{Region: "us-west-2"}, Site{Region: "us-east-1"}},
		"after a failover that moved no traffic": {run.State{Posture: run.Active, Side: run.PrimarySide}, nil, Site{Region: "us-west-2"}, Site{Region: "us-east-1"}},
		"after a failover that needs a person": {run.State{Posture: run.NeedsPerson, Side: run.RecoverySide}, nil,
			Site{Region: "us-west-2"}, Site{Region: "us-east-1"}},
		"before traffic moved": {run.State{Posture: run.NeedsPerson, Side: run.PrimarySide}, nil, Site{Region: "us-east-1"}, Site{Region: "us-west-2"}},
		"after a failover, with a next region": {run.State{Posture: run.Active, Side: run.RecoverySide},
			func(in map[string]any) { in["next"] = "eu-west-1" }, Site{Region: "us-west-2"}, Site{Region: "eu-west-1"}},
		"between accounts": {run.New("storefront"), func(in map[string]any) { in["accounts"] = accounts },
			Site{"us-east-1", "111111111111", source, "pilotlight-storefront"}, Site{Region: "us-west-2", Account: "222222222222"}},
		"between accounts, after a failover": {run.State{Posture: run.Active, Side: run.RecoverySide}, func(in map[string]any) { in["accounts"] = accounts },
			Site{Region: "us-west-2", Account: "222222222222"}, Site{"us-east-1", "111111111111", source, "pilotlight-storefront"}},
	} {
		t.Run(name, func(t *testing.T) {
			pass, err := RotateSnapshots.Begin(t.Context(), &ledger{state: c.state}, sample(t, c.change))
			if err != nil || pass.Ignored != "" {
				t.Fatalf("ignored %q, error %v", pass.Ignored, err)
			}
			if diff := cmp.Diff([]Site{c.from, c.to}, []Site{pass.From, pass.To}); diff != "" {
				t.Errorf("from, to (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBegin_pinsBothEndsOfACopyOfItsOwnPolicy(t *testing.T) {
	book := &ledger{pins: run.Pins{
		"data": {{ID: "snap-copy", Source: "snap-source"}, {ID: "snap-alone"}},
		"web":  []lineage.Point{{ID: "ami-other"}},
	}}
	pass, err := RotateSnapshots.Begin(t.Context(), book, sample(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"snap-copy": true, "snap-source": true, "snap-alone": true}
	if diff := cmp.Diff(want, pass.Pinned); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}

func TestBegin_refusesABadInputWithoutReadingTheLedger(t *testing.T) {
	set := func(key string, value any) func(map[string]any) {
		return func(in map[string]any) { in[key] = value }
	}
	policy := func(key string, value any) func(map[string]any) {
		return func(in map[string]any) { in["policy"].(map[string]any)[key] = value }
	}
	for name, change := range map[string]func(map[string]any){
		"an unknown field":            set("dryRun", true),
		"an unknown policy field":     policy("evry", "30m"),
		"no plan":                     set("plan", ""),
		"no primary":                  set("primary", ""),
		"one region alone":            set("recovery", "us-east-1"),
		"no policy":                   set("policy", nil),
		"no policy name":              policy("name", ""),
		"a policy of nothing":         policy("volumes", nil),
		"a policy that selects all":   policy("volumes", map[string]any{"tags": map[string]string{}}),
		"a policy of both kinds":      policy("images", map[string]any{"tags": map[string]string{"a": "b"}}),
		"no interval":                 policy("every", "0s"),
		"a negative interval":         policy("every", "-5m"),
		"no RPO":                      policy("rpo", "0s"),
		"an event that is not one":    set("event", "later"),
		"an interval that is not one": policy("every", "often"),
	} {
		t.Run(name, func(t *testing.T) {
			book := &ledger{}
			_, err := RotateSnapshots.Begin(t.Context(), book, sample(t, change))
			if failure.ClassOf(err) != failure.BadInput || book.reads != 0 {
				t.Errorf("error %v, %d reads", err, book.reads)
			}
		})
	}
	t.Run("a policy of the other function", func(t *testing.T) {
		if _, err := RefreshImages.Decode(sample(t, nil)); failure.ClassOf(err) != failure.BadInput {
			t.Errorf("error %v", err)
		}
	})
}

// sample is a good input of rotate-snapshots, changed.
func sample(t *testing.T, change func(map[string]any)) json.RawMessage {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal(samples(t, RotateSnapshots.Name)["schedule.json"], &in); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(in)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzDecode(f *testing.F) {
	for _, function := range Functions() {
		for _, raw := range samples(f, function.Name) {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, function := range Functions() {
			pass, err := function.Begin(t.Context(), &ledger{}, raw)
			if err != nil {
				if failure.ClassOf(err) != failure.BadInput {
					t.Fatalf("%s: error %v is not of class BadInput", function.Name, err)
				}
				continue
			}
			if !function.Claims(pass.Policy) || pass.Policy.Every <= 0 || pass.Plan == "" {
				t.Fatalf("%s went on with %+v", function.Name, pass.Input)
			}
		}
	})
}

func TestFunctions_claimEachPolicyOnce(t *testing.T) {
	for kind, policy := range map[string]plan.Policy{
		"volumes": {Volumes: &plan.Selector{}}, "images": {Images: &plan.Selector{}}, "snapshots": {Snapshots: &plan.Selector{}},
	} {
		var claimed []string
		for _, f := range Functions() {
			if f.Claims(policy) {
				claimed = append(claimed, f.Name)
			}
		}
		if len(claimed) != 1 || FunctionOf(policy).Name != claimed[0] {
			t.Errorf("a policy of %s is claimed by %v", kind, claimed)
		}
	}
}
