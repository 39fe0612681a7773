package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/run"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (run with -update when it is meant):\n%s", file, diff)
	}
}

func written(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVerdict_isGoodOnlyWhenEverythingIs(t *testing.T) {
	if ok, problems := sample().Verdict(); !ok || len(problems) != 0 {
		t.Fatalf("sample: %v, %q", ok, problems)
	}
	for name, spoil := range map[string]func(*Report){
		"The run ended Aborted, not Recovered.":                                              func(r *Report) { r.End = run.Aborted },
		"The run ended without a result, not Recovered.":                                     func(r *Report) { r.End = "" },
		"The RTO was not measured.":                                                          func(r *Report) { r.RTO.MeasuredSeconds = nil },
		"The run ended Dirty, not Recovered: web has no image.":                              func(r *Report) { r.End, r.Reason = run.Dirty, "web has no image" },
		"Step web failed: the template is gone.":                                             func(r *Report) { r.Steps[1].Outcome, r.Steps[1].Detail = Failed, "the template is gone." },
		"Step web had begun and was not done when the run ended.":                            func(r *Report) { r.Steps[1].Outcome = Unfinished },
		"The RTO was not measured: no step moves traffic.":                                   func(r *Report) { r.RTO = Measure{WhyNot: "no step moves traffic"} },
		"The RPO was not measured.":                                                          func(r *Report) { r.RPO.MeasuredSeconds = nil },
		"The RTO is 15 min 41 s, 5 min 41 s over the objective of 10 min.":                   func(r *Report) { r.RTO.ObjectiveSeconds = 600 },
		"The RPO is 23 min 12 s, 3 min 12 s over the objective of 20 min.":                   func(r *Report) { r.RPO.ObjectiveSeconds = 1200 },
		"A check failed: the database accepts writes (seen: nothing).":                       func(r *Report) { r.Checks[2].OK, r.Checks[2].Seen = false, "" },
		"Left over: vol-1.":                                                                  func(r *Report) { r.Leftovers = []string{"vol-1"} },
		"Nothing was checked after the run.":                                                 func(r *Report) { r.Checks = nil },
		"The clock stood still.":                                                             func(r *Report) { r.Problems = []string{"The clock stood still."} },
		"The recovery point of orders was 2 s old, which is over the 1 s of policy replica.": func(r *Report) { r.RecoveryPoints[3].ObjectiveSeconds = 1 },
	} {
		r := sample()
		spoil(r)
		ok, problems := r.Verdict()
		if diff := cmp.Diff([]string{name}, problems); ok || diff != "" {
			t.Errorf("%v\n%s", ok, diff)
		}
	}
}

func TestWriteJSON_hasNoMeasurementThatWasNotMade(t *testing.T) {
	golden(t, "report.json", written(t, sample().WriteJSON))

	empty := written(t, (&Report{Plan: "p", RTO: Measure{ObjectiveSeconds: 60}}).WriteJSON)
	var got map[string]json.RawMessage
	if err := json.Unmarshal(empty, &got); err != nil {
		t.Fatal(err)
	}
	for key, value := range got {
		if string(value) == "null" {
			t.Errorf("%s is null", key)
		}
	}
	if strings.Contains(string(empty), "measuredSeconds") {
		t.Error("a measurement that was not made is in the report")
	}
	for _, key := range []string{"detectedAt", "startedAt", "trafficMovedAt"} {
		if _, ok := got[key]; ok {
			t.Errorf("%s did not happen, and is in the report", key)
		}
	}
}

func TestWriteHTML_isOnePageOnItsOwn(t *testing.T) {
	for name, r := range map[string]*Report{"report.html": sample(), "broken.html": broken(), "empty.html": {Plan: "p", TimeScale: 1}} {
		got := written(t, r.WriteHTML)
		golden(t, name, got)
		if err := wellFormed(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, foreign := range []string{"<script", "<link", "<img", "@import", "url(", "src="} {
			if strings.Contains(string(got), foreign) {
				t.Errorf("%s needs something else: %s", name, foreign)
			}
		}
	}
}

// wellFormed reads the page as a tree: every element that needs an end has one.
func wellFormed(page []byte) error {
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Strict = false
	d.AutoClose = []string{"meta", "wbr"}
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestWriteHTML_escapesWhatItIsTold(t *testing.T) {
	r := broken()
	r.Modelled[0].Source = `<b>https://example.com/"onclick=x</b>`
	got := string(written(t, r.WriteHTML))
	for _, raw := range []string{"<no such device>", "<b>https", `"onclick`} {
		if strings.Contains(got, raw) {
			t.Errorf("not escaped: %s", raw)
		}
	}
}

func TestTable_saysWhatWasAndWhatWasNot(t *testing.T) {
	golden(t, "report.txt", written(t, sample().Table))
	golden(t, "broken.txt", written(t, broken().Table))
}

func TestWords_areTheTwoLargestUnits(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0 s", 0.4: "0 s", 59: "59 s", 60: "1 min", 692: "11 min 32 s", 7200: "2 h", 3661: "1 h 1 min",
		90000: "1 d 1 h", 172800: "2 d", -90: "−1 min 30 s",
	} {
		if got := words(seconds); got != want {
			t.Errorf("%g: %s, want %s", seconds, got, want)
		}
	}
}
