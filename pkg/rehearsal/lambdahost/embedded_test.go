package lambdahost

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ages = `{"_aws":{"Timestamp":1795348800000,"CloudWatchMetrics":[{"Namespace":"shop/ages","Dimensions":[["Policy"],[]],` +
	`"Metrics":[{"Name":"Oldest","Unit":"Seconds"},{"Name":"Beyond"}]}]},"Policy":"data","Oldest":3300,"Beyond":[0,2]}`

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestEmbedded_givesOneMetricADefinitionAndDimensionSet(t *testing.T) {
	of := map[string]string{"Policy": "data"}
	want := []Metric{
		{"shop/ages", "Oldest", "Seconds", of, []float64{3300}, noon},
		{"shop/ages", "Beyond", "", of, []float64{0, 2}, noon},
		{"shop/ages", "Oldest", "Seconds", map[string]string{}, []float64{3300}, noon},
		{"shop/ages", "Beyond", "", map[string]string{}, []float64{0, 2}, noon},
	}
	if diff := cmp.Diff(want, embedded([]byte(ages))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmbedded_takesNothingOfALineThatIsNotWhole(t *testing.T) {
	for name, line := range map[string]string{
		"plain text":            `{"_aws": it says`,
		"another JSON object":   `{"level":"INFO","msg":"copied"}`,
		"text after the object": ages + ` and more`,
		"no time":               `{"_aws":{"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":1}`,
		"no namespace":          `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":1}`,
		"no such dimension":     `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["b"]],"Metrics":[{"Name":"a"}]}]},"a":1}`,
		"no such value":         `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]}}`,
		"a value that is text":  `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":"1"}`,
		"a value that is null":  `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"a"}]}]},"a":null}`,
	} {
		if got := embedded([]byte(line)); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Lambda sends what a function writes to either output to its log.
func TestInvoke_takesMetricsFromBothOutputs(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		t.Run(stream, func(t *testing.T) {
			var mu sync.Mutex
			var names, regions []string
			h := open(t, Options{Embedded: func(region string, metrics []Metric) {
				mu.Lock()
				defer mu.Unlock()
				for _, m := range metrics {
					names, regions = append(names, m.Name), append(regions, region)
				}
			}}, echo)
			invoke(t, h, `{"do": "`+stream+`", "url": "{\"_aws\":{\"Timestamp\":1,\"CloudWatchMetrics\":[{\"Namespace\":\"n\",\"Dimensions\":[[]],\"Metrics\":[{\"Name\":\"a\"}]}]},\"a\":1}"}`)
			h.Close() // waits for the process and its output
			mu.Lock()
			defer mu.Unlock()
			if !cmp.Equal(names, []string{"a"}) || !cmp.Equal(regions, []string{echo.Region}) {
				t.Errorf("metrics %q in %q", names, regions)
			}
		})
	}
}
