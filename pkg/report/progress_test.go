package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProgress_withoutATerminalIsOneLineAChange(t *testing.T) {
	var out bytes.Buffer
	now := struck.Add(-time.Minute)
	p := NewProgress(&out, false, func() time.Time { return now })
	p.Say("the schedules ran")
	p.Struck(struck)
	now = struck
	p.Say("us-east-1 is gone")
	now = after(1, 12)
	p.Step("orders", "promote-database", "promoting", Pending)
	p.Step("orders", "promote-database", "promoting", Pending) // nothing new
	p.Step("verify", "verify", "", Skipped)
	now = after(69, 40)
	p.Step("orders", "promote-database", "writable", Done)
	p.Close()
	want := strings.Join([]string{
		"  14:04:00  the schedules ran",
		"T+00:00:00  us-east-1 is gone",
		"T+00:01:12  … orders (promote-database): promoting",
		"T+00:01:12  – verify",
		"T+01:09:40  ✓ orders (promote-database): writable",
		"",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_onATerminalKeepsOneLineAStep(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, true, func() time.Time { return after(1, 0) })
	p.Struck(struck)
	p.Say("us-east-1 is gone")
	p.Step("orders", "promote-database", "promoting", Pending)
	p.Step("web", "launch-instances", "1 of 4 running", Pending)
	p.Say("said meanwhile")
	p.Step("web", "launch-instances", "4 of 4 running", Done)
	p.Step("orders", "promote-database", "is in the wrong state", Failed)
	p.Step("verify", "verify", "asked once", Pending)
	p.Close() // while one step is under way
	for _, line := range []string{
		"us-east-1 is gone\n", "said meanwhile", "T+00:01:00  ✓ web (launch-instances): 4 of 4 running",
		"✗ orders (promote-database): is in the wrong state", "… verify: asked once",
	} {
		if strings.Count(out.String(), line) == 0 {
			t.Errorf("%q was not shown in\n%s", line, out.String())
		}
	}
}
