package decide_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What SNS takes as a subject: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const longestSubject = 99

func TestMessage_canBeActedOnAtThreeInTheMorning(t *testing.T) {
	in := decide.Input{
		Plan: "storefront", Recovery: "us-west-2", Notify: "on-call", Objectives: plan.Objectives{RTO: plan.Duration(30 * time.Minute), RPO: plan.Duration(time.Hour)},
		Gate: decide.Gate{Steps: []string{"orders", "web", "shift-traffic"}},
	}
	alert := run.Alert{Number: 2, At: noon, Reason: "2 of 3 signals say disaster, 2 are needed: checkout in us-west-2 is ALARM since 11:51:10; mode is manual"}
	outlook := decide.Outlook{Since: noon.Add(-9 * time.Minute), Loss: []string{"policy data would lose the last 25m, within its RPO of 1h"}}
	asked := alert
	asked.Run, asked.Until, asked.Reason = "storefront-3", noon.Add(30*time.Minute), strings.Replace(alert.Reason, "manual", "approve", 1)
	for name, alert := range map[string]run.Alert{"question.txt": asked, "notice.txt": alert} {
		subject, text := in.Message(alert, outlook)
		if len(subject) > longestSubject || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: SNS takes no such subject: %q", name, subject)
		}
		got, golden := subject+"\n\n"+text, filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
