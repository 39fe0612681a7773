package blueprint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// bare protects nothing, names no alarm and leaves traffic where it is.
const bare = `
plan: bare
strategy: backup-restore
primary: eu-west-1
recovery: eu-central-1
objectives: {rto: 4h, rpo: 24h}
detect: {mode: manual}
recover:
  - set-parameter: {name: /bare/side, value: recovery}
`

// longest has every name as long as a plan may make it, and tags that would break
// a JSON text or an input template that is put together by hand.
var longest = strings.NewReplacer("PLAN", strings.Repeat("p", 32), "POLICY", strings.Repeat("a", 20), "SERVERS", strings.Repeat("b", 20)).Replace(`
plan: PLAN
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
objectives: {rto: 30m, rpo: 1h}
protect:
  - {name: POLICY, volumes: {tags: {app: 'quote " and \ and <event>'}}, every: 30m}
  - {name: SERVERS, images: {tags: {app: ünïcode}}, every: 24h, rpo: 48h, point: {launch-template: web, parameter: /web/image}}
detect:
  alarms: [{name: 'a "quoted" <event>', region: us-west-2}]
  mode: automatic
recover:
  - promote-database: {id: fourteen-chars, replica: orders-replica}
  - parallel:
      - launch-instances: {id: web, template: web, count: 1, zones: [us-west-2a], targets: web}
      - restore-volumes: {id: data, policy: POLICY, attach-to: worker}
  - set-parameter: {name: /host, value: "${fourteen-chars.endpoint}"}
  - verify: {url: https://dr.example.com/}
  - shift-traffic: {record: shop.example.com, via: health-check}
`)

// plans are the published ones and those that are at the edge of what is allowed.
func plans(t *testing.T) map[string]*plan.Plan {
	t.Helper()
	texts := map[string][]byte{"bare": []byte(bare), "longest": []byte(longest)}
	paths, err := filepath.Glob(repository.Path(t, "plans", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	paths = append(paths, repository.Path(t, "pkg", "plan", "testdata", "everything.yaml"))
	for _, path := range paths {
		if texts[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	loaded := map[string]*plan.Plan{}
	for name, text := range texts {
		p, findings := plan.Load(name, text)
		if p == nil {
			t.Fatalf("%s: %v", name, findings)
		}
		loaded[name] = p
	}
	return loaded
}

// each runs a test on the blueprint of every plan.
func each(t *testing.T, test func(t *testing.T, b *blueprint.Blueprint)) {
	t.Helper()
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			b, err := blueprint.Compile(p)
			if err != nil {
				t.Fatal(err)
			}
			test(t, b)
		})
	}
}
