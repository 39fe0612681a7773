package lineage_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

func TestOwn_isNeitherAWSsNorPilotlights(t *testing.T) {
	got := lineage.Own(map[string]string{
		"app": "storefront", "aws:backup:source-resource": "vol-1", "AWS:x": "y", lineage.Plan: "p", lineage.Retire: "never", "pilot": "Ada", "empty": "",
	})
	if diff := cmp.Diff(map[string]string{"app": "storefront", "pilot": "Ada", "empty": ""}, got); diff != "" {
		t.Errorf("own tags (-want +got):\n%s", diff)
	}
}

func TestCarry_leavesOutTheLastTagsAndSaysWhich(t *testing.T) {
	ours := map[string]string{lineage.Plan: "storefront", lineage.Policy: "data"}
	own := map[string]string{"zone-of-the-selector": "yes"}
	for i := range lineage.Most + 1 {
		own[fmt.Sprintf("tag-%02d", i)] = fmt.Sprint(i)
	}
	tags, left := lineage.Carry(ours, own, map[string]string{"zone-of-the-selector": "yes"})
	if diff := cmp.Diff([]string{"tag-38", "tag-39"}, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if len(tags) != 2+lineage.Most || tags[lineage.Plan] != "storefront" || tags["zone-of-the-selector"] != "yes" || tags["tag-37"] != "37" {
		t.Errorf("%d tags: %v", len(tags), tags)
	}
	if len(ours) != 2 {
		t.Error("Pilotlight's own were written to")
	}
	if _, left := lineage.Carry(ours, map[string]string{"app": "x"}, nil); len(left) > 0 {
		t.Errorf("left out %v", left)
	}
}
