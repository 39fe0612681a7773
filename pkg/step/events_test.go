package step

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// sample is the request that lies in events/ for a step kind.
func sample(t testing.TB, kind plan.Kind) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "events", string(kind), "step.json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// faithful decodes a sample and writes it again: a field that the request or its
// spec does not know, or that the sample leaves out, would be missing.
func faithful[Spec any](t *testing.T, kind plan.Kind) {
	t.Helper()
	raw := sample(t, kind)
	request, err := decode[Spec](raw)
	if err != nil {
		t.Errorf("%s: %v", kind, err)
		return
	}
	again, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, raw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(again)); diff != "" {
		t.Errorf("%s: the sample and what is understood of it (-sample +understood):\n%s", kind, diff)
	}
}

func TestEvents_areUnderstoodWhole(t *testing.T) {
	faithful[plan.PromoteDatabase](t, plan.KindPromoteDatabase)
	faithful[plan.LaunchInstances](t, plan.KindLaunchInstances)
	faithful[plan.RestoreVolumes](t, plan.KindRestoreVolumes)
	faithful[plan.SetParameter](t, plan.KindSetParameter)
	faithful[plan.Verify](t, plan.KindVerify)
	faithful[plan.ShiftTraffic](t, plan.KindShiftTraffic)
	faithful[plan.Fence](t, plan.KindFence)
	faithful[plan.ResumeProtection](t, plan.KindResumeProtection)
	faithful[plan.CreateStack](t, plan.KindCreateStack)
	faithful[plan.EventSource](t, plan.KindEventSource)
	faithful[plan.InvokeFunction](t, plan.KindInvokeFunction)
	faithful[plan.RunCommand](t, plan.KindRunCommand)
	faithful[plan.CreateReplica](t, plan.KindCreateReplica)
	faithful[plan.Retire](t, plan.KindRetire)
}

func FuzzDecode(f *testing.F) {
	for _, kind := range []plan.Kind{
		plan.KindPromoteDatabase, plan.KindLaunchInstances, plan.KindRestoreVolumes,
		plan.KindSetParameter, plan.KindVerify, plan.KindShiftTraffic,
	} {
		f.Add(sample(f, kind))
	}
	f.Add([]byte(`{"plan":"storefront","run":"","step":"orders","recovery":"us-west-2"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		understands[plan.PromoteDatabase](t, raw)
		understands[plan.LaunchInstances](t, raw)
		understands[plan.RestoreVolumes](t, raw)
		understands[plan.SetParameter](t, raw)
		understands[plan.Verify](t, raw)
		understands[plan.ShiftTraffic](t, raw)
		understands[plan.CreateStack](t, raw)
		understands[plan.EventSource](t, raw)
		understands[plan.InvokeFunction](t, raw)
		understands[plan.RunCommand](t, raw)
		understands[plan.CreateReplica](t, raw)
		understands[plan.Retire](t, raw)
	})
}

// understands fails when a request is neither refused as what no one may send
// nor says for which step of which run it is.
func understands[Spec any](t *testing.T, raw []byte) {
	t.Helper()
	request, err := decode[Spec](raw)
	switch {
	case err != nil && failure.ClassOf(err) != failure.BadInput:
		t.Errorf("refused as %s: %v", failure.ClassOf(err), err)
	case err == nil && (request.Plan == "" || request.Run == "" || request.Step == "" || request.Recovery == ""):
		t.Errorf("took %+v", request)
	}
}
