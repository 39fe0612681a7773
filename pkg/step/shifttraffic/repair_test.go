package shifttraffic

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestRepair_movesNobodyBetweenRegions(t *testing.T) {
	w := standby(t)
	_, err := (&Kind{ledger: w, metrics: w}).Advance(t.Context(), w.run(run.Repair, t0), aSpec)
	if failure.ClassOf(err) != failure.Permanent || w.shifts > 0 {
		t.Errorf("error %v after %d shifts; want a permanent one after none", err, w.shifts)
	}
}

func TestRepair_leadsANameToWhatWasRepairedAndBack(t *testing.T) {
	d := newDNS(t, byName()).put(pointing(90, "old.example.net"))
	d.run.Mode = run.Repair
	d.settled(d.advance)
	if got, _ := d.stands("www.example.com"); got != "90 dr.example.net" {
		t.Errorf("the record stands at %s", got)
	}
	d.settled(d.undo)
	if got, _ := d.stands("www.example.com"); got != "90 old.example.net" {
		t.Errorf("taken back, the record stands at %s", got)
	}
}
