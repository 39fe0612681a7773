package report

import (
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/age"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// protected is a plan in which one source is within its RPO, one is late and one
// has no point.
func protected() *Points {
	return &Points{Plan: "shop", At: noon, From: "us-east-1", To: "us-west-2", Sources: []ProtectedSource{
		{Policy: "data", Source: "i-good", Newest: noon.Add(-30 * time.Minute), AgeSeconds: 1800, RPOSeconds: 3600, State: age.OK, Usable: 3, Due: noon.Add(time.Minute)},
		{Policy: "data", Source: "i-late", Newest: noon.Add(-2 * time.Hour), AgeSeconds: 7200, RPOSeconds: 3600, State: age.Late, Usable: 1,
			Due: noon.Add(-90 * time.Minute), Problem: "copy snap-1 of vol-1 failed at 11:00Z"},
		{Policy: "carts", Source: "carts", RPOSeconds: 300, State: age.None, Problem: "the table has no replica"},
	}}
}

func TestPointsTable_tellsEverySourceAndWhatIsWrong(t *testing.T) {
	p := protected()
	p.Findings, p.Unread = []string{"volume vol-9 is protected by no policy"}, []string{"eu-west-1 does not answer"}
	p.Judged = []JudgedPoint{{Policy: "data", Region: "us-west-2", Point: "snap-7", Of: "vol-1", TakenAt: noon, State: "complete", Reason: "no rule keeps it"}}
	p.Orphans = []OrphanPoint{{ID: "snap-8", Region: "us-west-2", Policy: "old", GiB: 8, AgeSeconds: 86400, Reason: "no policy", Advice: "delete it"}}
	var out strings.Builder
	if err := p.Table(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"shop · us-east-1 → us-west-2", "✓ │ data   │ i-good │ 2026-11-22 11:30Z │ 30 min │   1 h │ ok    │      3 │ 2026-11-22 12:01Z",
		"✗ │ data   │ i-late │ 2026-11-22 10:00Z │    2 h │   1 h │ late  │      1 │ now", "│ carts  │ –                 │      – │ 5 min │ none  │      0 │ –",
		"✗ data i-late: copy snap-1 of vol-1 failed", "✗ carts carts: the table has no replica",
		"✗ volume vol-9 is protected by no policy", "✗ eu-west-1 does not answer", "let go", "no rule keeps it", "snap-8", "delete it",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing says %q:\n%s", want, out.String())
		}
	}
}

func TestPointsGood_isNoneWithAHoleOrAnUnansweredQuestion(t *testing.T) {
	good := protected()
	good.Sources = good.Sources[:1]
	good.Orphans = []OrphanPoint{{ID: "snap-8"}} // costs money, endangers nothing
	for name, tt := range map[string]struct {
		change func(*Points)
		want   bool
	}{
		"all is well":  {func(*Points) {}, true},
		"one is late":  {func(p *Points) { p.Sources = protected().Sources[:2] }, false},
		"one has none": {func(p *Points) { p.Sources = protected().Sources[2:] }, false},
		"a finding":    {func(p *Points) { p.Findings = []string{"x"} }, false},
		"unread":       {func(p *Points) { p.Unread = []string{"x"} }, false},
	} {
		p := *good
		tt.change(&p)
		if got := p.Good(); got != tt.want {
			t.Errorf("%s: good %v", name, got)
		}
	}
}
