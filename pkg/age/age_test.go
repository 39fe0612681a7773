package age

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var hourly = plan.Policy{Name: "data", RPO: plan.Duration(time.Hour)}

func source(age time.Duration) protect.Source { return protect.Source{Newest: noon.Add(-age)} }

func TestOf_countsWhatIsBeyondTheRPOAndWhatHasNoPoint(t *testing.T) {
	for name, tt := range map[string]struct {
		sources []protect.Source
		want    Ages
	}{
		"nothing":          {nil, Ages{}},
		"within":           {[]protect.Source{source(time.Minute), source(time.Hour)}, Ages{2, 0, time.Hour, true}},
		"a second beyond":  {[]protect.Source{source(time.Hour + time.Second), source(0)}, Ages{2, 1, time.Hour + time.Second, true}},
		"one without":      {[]protect.Source{source(time.Minute), {}}, Ages{2, 1, time.Minute, true}},
		"none has a point": {[]protect.Source{{}, {}}, Ages{2, 2, 0, false}},
	} {
		if diff := cmp.Diff(tt.want, Of(hourly, tt.sources, noon)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The line is held against the format's own text, so that a renamed constant
// cannot rename a field of AWS's.
func TestLine_isInTheEmbeddedMetricFormat(t *testing.T) {
	for _, tt := range []struct {
		ages Ages
		want string
	}{
		{Ages{6, 1, 61 * time.Minute, true}, `{"_aws": {"Timestamp": 1795348800000, "CloudWatchMetrics": [{"Namespace": "Pilotlight/shop/ages", "Dimensions": [["Policy"]],
			"Metrics": [{"Name": "BeyondRPO", "Unit": "Count"}, {"Name": "OldestPoint", "Unit": "Seconds"}]}]},
			"plan": "shop", "Policy": "data", "sources": 6, "BeyondRPO": 1, "OldestPoint": 3660}`},
		{Ages{2, 2, 0, false}, `{"_aws": {"Timestamp": 1795348800000, "CloudWatchMetrics": [{"Namespace": "Pilotlight/shop/ages", "Dimensions": [["Policy"]],
			"Metrics": [{"Name": "BeyondRPO", "Unit": "Count"}]}]},
			"plan": "shop", "Policy": "data", "sources": 2, "BeyondRPO": 2}`},
	} {
		line, err := tt.ages.Line("shop", "data", noon)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.ages, diff)
		}
	}
}
