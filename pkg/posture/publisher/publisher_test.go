package publisher

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const events = "../../../events/" + function

// world is the ledger and CloudWatch of the recovery region.
type world struct {
	side    run.Side
	unread  error // the ledger's answer, if it has none
	written []cloudwatch.PutMetricDataInput
}

func (w *world) State(_ context.Context, plan string) (run.State, time.Time, error) {
	return run.State{Plan: plan, Side: w.side}, t0, w.unread
}

func (w *world) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	w.written = append(w.written, *in)
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func TestHandle_publishesWhatTheLedgerSays(t *testing.T) {
	input, err := os.ReadFile(filepath.Join(events, "schedule.json"))
	if err != nil {
		t.Fatal(err)
	}
	for side, value := range map[run.Side]float64{run.PrimarySide: 1, run.RecoverySide: 0} {
		w := &world{side: side}
		if _, err := (&Publisher{w, w}).Handle(t.Context(), input); err != nil {
			t.Fatal(err)
		}
		want := []cloudwatch.PutMetricDataInput{{
			Namespace:  aws.String("Pilotlight/storefront"),
			MetricData: []types.MetricDatum{{MetricName: aws.String("PrimaryServes"), Value: &value, Timestamp: &t0}},
		}}
		if diff := cmp.Diff(want, w.written, cmpopts.IgnoreUnexported(cloudwatch.PutMetricDataInput{}, types.MetricDatum{})); diff != "" {
			t.Errorf("%s serves (-want +got):\n%s", side, diff)
		}
	}
}

func TestPublish_saysNothingWhenItCannotReadTheLedger(t *testing.T) {
	w := &world{unread: errors.New("throttled")}
	if _, err := (&Publisher{w, w}).Publish(t.Context(), "storefront"); err == nil || len(w.written) > 0 {
		t.Errorf("error %v with %d datapoints; want an error and none", err, len(w.written))
	}
}

func FuzzHandle(f *testing.F) {
	samples, err := filepath.Glob(filepath.Join(events, "*.json"))
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples in %s: %v", events, err)
	}
	for _, sample := range samples {
		raw, err := os.ReadFile(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range []string{``, `{}`, `null`, `[]`, `{"plan":""}`, `{"plan":"a","x":1}`, `{"plan":"a"} {}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w := &world{}
		_, err := (&Publisher{w, w}).Handle(t.Context(), raw)
		if err != nil && (failure.ClassOf(err) != failure.BadInput || len(w.written) > 0) {
			t.Errorf("error %v with %d datapoints; want a refusal and none", err, len(w.written))
		}
	})
}
