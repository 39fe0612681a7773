package protect

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

func FuzzDecodeOverview(f *testing.F) {
	for _, raw := range samples(f, "publish-ages") {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := DecodeOverview("publish-ages", raw)
		if err != nil {
			if failure.ClassOf(err) != failure.BadInput {
				t.Fatalf("error %v is not of class BadInput", err)
			}
			return
		}
		passes, err := o.Begin(t.Context(), &ledger{})
		if err != nil || len(passes) != len(o.Policies) {
			t.Fatalf("%d policies, %d passes, %v", len(o.Policies), len(passes), err)
		}
	})
}
