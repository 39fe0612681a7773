package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// detectMistakes are made in testdata/everything.yaml, whose quorum of four is all that
// can be read without the primary region.
var detectMistakes = []mistake{
	{"mode that is none", "mode: automatic", "mode: auto", `detect.mode: "auto" is not a mode; write one of automatic, approve, manual`, true},
	{"quorum that needs the primary region", "quorum: 4", "quorum: 5", "detect.alarms: needs 5 signals, and 4 of 5 can be read once us-east-1 is gone: the others are alarms that live there, as all alarms on Route 53 health checks do; write alarms in us-west-2, or a probe; or quorum: 4", false},
	{"quorum left out", "  quorum: 4\n", "", "detect.alarms: needs 5 signals, and 4 of 5", false},
	{"quorum of more than all", "quorum: 4", "quorum: 6", "detect.quorum: 6 of 5 signals can never be; write 5 or less", false},
	{"quorum of none", "quorum: 4", "quorum: 0", "detect.quorum: 0 is less than 1", true},
	{"probe of nothing", "{url: https://www.everything.example.com/healthz, status: 204, body: well, from", "{from", "detect.probe: asks 0 things; a probe asks one; write one of url, tcp and dns", true},
	{"probe of two things", "status: 204,", "status: 204, dns: www.everything.example.com,", "detect.probe: asks 2 things; a probe asks one", true},
	{"status of a connection", "url: https://www.everything.example.com/healthz, status: 204, body: well", "tcp: www.everything.example.com:443, status: 204", "detect.probe.status: has no effect without url", true},
	{"answer of a page", "body: well", "answer: 192.0.2.1", "detect.probe.answer: has no effect without dns", true},
	{"probe that is not encrypted", "url: https://www", "url: http://www", "detect.probe.url: is not encrypted", true},
	{"port that is none", "url: https://www.everything.example.com/healthz, status: 204, body: well", "tcp: www.everything.example.com:70000", `detect.probe.tcp: "70000" is not a port; write a host and a port such as shop.example.com:443`, false},
	{"probe from the primary region", "from: [us-west-2, eu-west-1]", "from: [us-west-2, us-east-1]", "detect.probe.from[1]: the probe would fail together with the primary region, and nobody could read it", false},
	{"tries without end", "tries: 6", "tries: 60", "detect.probe.tries: 60 is more than 6", true},
	{"try of a minute", "timeout: 4s", "timeout: 1m", "detect.probe.timeout: 1m is more than 10s", false},
	{"probe judged by the second", "for: 2m}", "for: 90s}", "detect.probe.for: 1m30s is no number of whole minutes, and a probe is judged by the minute; write 2m", false},
	{"heartbeat judged by the second", "{for: 5m}", "{for: 301s}", "detect.heartbeat.for: 5m1s is no number of whole minutes", false},
	{"vote that is none", "no-data: disaster", "no-data: bad", `detect.alarms[0].no-data: "bad" is not a vote`, true},
	{"alarm twice", "everything-errors, region: us-east-1", "everything-down, region: us-west-2", "detect.alarms[1].name: everything-down in us-west-2 is taken by detect.alarms[0]; write each alarm once", false},
	{"cooldown of seconds", "cooldown: 2h", "cooldown: 5s", "detect.cooldown: 5s is less than 1m", false},
	{"maintenance over night", "to: \"05:00\"", "to: \"00:30\"", "detect.windows[0].to: 00:30 is not after 01:00", false},
}

func TestLoad_reportsOneMistakeOfDetectionOnce(t *testing.T) {
	reportedOnce(t, everything, detectMistakes)
}

func TestSchema_refusesTheMistakesOfDetectionThatASchemaCanSee(t *testing.T) {
	refusedBySchema(t, everything, detectMistakes)
}

func TestLoad_refusesADisasterWithoutASignal(t *testing.T) {
	reportedOnce(t, "testdata/base.yaml", []mistake{
		{"automatic", "\n  alarms:\n    - {name: base-down, region: us-west-2}\n    - {name: base-late, region: us-west-2}", "", "detect.mode: automatic needs a signal; write a probe, a heartbeat, or alarms in us-west-2; or mode: manual", true},
		{"one signal at its first blip", "    - {name: base-late, region: us-west-2}\n", "  hold: 1m\n", "detect.hold: one signal alone starts a failover after 1m: it would at an alarm that flaps; write 3m or more, or a second signal and quorum: 2", false},
		{"all in the primary region", "base-late, region: us-west-2", "base-late, region: us-east-1", "needs 2 signals, and 1 of 2 can be read once us-east-1 is gone", false},
	})
}

func TestSignals_haveTheProbeFromEachRegionAndTheHeartbeat(t *testing.T) {
	p, findings := LoadFile(everything)
	if p == nil {
		t.Fatal(findings)
	}
	got := p.Signals()
	var signals []string
	for _, a := range got.Alarms {
		signals = append(signals, a.Name+" in "+a.Region+" "+string(a.NoData)+" "+string(a.Unreadable))
	}
	want := []string{
		"everything-down in us-west-2 disaster well", "everything-errors in us-east-1 unknown unknown",
		"pilotlight-everything-probe in us-west-2 unknown unknown", "pilotlight-everything-probe in eu-west-1 unknown unknown",
		"pilotlight-everything-heartbeat in us-west-2 unknown unknown",
	}
	if diff := cmp.Diff(want, signals); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	if got.Quorum != 4 || got.Probe != nil || got.Heartbeat != nil || len(p.Detect.Alarms) != 2 {
		t.Errorf("%+v of %+v", got, p.Detect)
	}
}
