package step

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestMade_tellsTheRunAndOfADrillWhenItIsRemoved(t *testing.T) {
	r := Run{Plan: "storefront", ID: "storefront-1", Step: "web", Began: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	want := map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-1", lineage.Step: "web"}
	if diff := cmp.Diff(want, r.Made()); diff != "" {
		t.Errorf("of a failover (-want +got):\n%s", diff)
	}
	r.Drill = &plan.Drill{TTL: plan.DefaultTTL}
	r.Now = r.Began.Add(time.Hour)
	want[lineage.Drill], want[lineage.Expires] = "storefront-1", "2026-03-01T20:00:00Z"
	if diff := cmp.Diff(want, r.Made()); diff != "" {
		t.Errorf("of a drill (-want +got):\n%s", diff)
	}
	if !r.Mine(r.Made()) || r.Mine(map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-1"}) {
		t.Error("what the step made is its own, and nothing else")
	}
}
