package internet

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
)

func record(name, value string) types.ResourceRecordSet {
	return types.ResourceRecordSet{
		Name: aws.String(name), Type: types.RRTypeA, TTL: aws.Int64(30),
		ResourceRecords: []types.ResourceRecord{{Value: aws.String(value)}},
	}
}

func weighted(id, value string, weight int64) types.ResourceRecordSet {
	r := record("w.example.com.", value)
	r.SetIdentifier, r.Weight, r.HealthCheckId = aws.String(id), aws.Int64(weight), aws.String(id)
	return r
}

func failover(role types.ResourceRecordSetFailover, value string) types.ResourceRecordSet {
	r := record("f.example.com.", value)
	r.SetIdentifier, r.Failover, r.HealthCheckId = aws.String(string(role)), role, aws.String(string(role))
	return r
}

func only(t *testing.T, w world, name string) *dns.A {
	t.Helper()
	found, err := w.answer(name, dns.TypeA)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v, %v", name, found, err)
	}
	a, ok := found[len(found)-1].(*dns.A)
	if !ok {
		t.Fatalf("%s: %v", name, found)
	}
	return a
}

func TestAnswer_failsOverAsRoute53Does(t *testing.T) {
	records := []types.ResourceRecordSet{
		failover(types.ResourceRecordSetFailoverSecondary, "198.51.100.1"),
		failover(types.ResourceRecordSetFailoverPrimary, "192.0.2.1"),
	}
	for _, c := range []struct {
		primary, secondary bool
		want               string
	}{
		{true, true, "192.0.2.1"},
		{true, false, "192.0.2.1"},
		{false, true, "198.51.100.1"},
		{false, false, "192.0.2.1"}, // with nothing healthy, the primary
	} {
		up := map[string]bool{"PRIMARY": c.primary, "SECONDARY": c.secondary}
		w := world{zones: []zone{{"example.com.", records}}, healthy: func(id string) bool { return up[id] }}
		if got := only(t, w, "f.example.com").A.String(); got != c.want {
			t.Errorf("primary %v, secondary %v: %s", c.primary, c.secondary, got)
		}
	}
}

func TestAnswer_weighsHealthyRecords(t *testing.T) {
	records := []types.ResourceRecordSet{
		weighted("one", "192.0.2.1", 1), weighted("three", "192.0.2.3", 3), weighted("zero", "192.0.2.100", 0),
	}
	for _, c := range []struct {
		down string
		want map[string]int
	}{
		{"", map[string]int{"192.0.2.1": 1, "192.0.2.3": 3}},
		{"one", map[string]int{"192.0.2.3": 3}},
		{"one three", map[string]int{"192.0.2.100": 1}},
		{"one three zero", map[string]int{"192.0.2.1": 1, "192.0.2.3": 3}},
	} {
		down := map[string]bool{}
		var one, two, three string
		n, _ := fmt.Sscan(c.down, &one, &two, &three)
		for _, id := range []string{one, two, three}[:n] {
			down[id] = true
		}
		got := map[string]int{}
		total := int64(1)
		for next := int64(0); next < total; next++ {
			w := world{
				zones:   []zone{{"example.com.", records}},
				healthy: func(id string) bool { return !down[id] },
				pick:    func(n int64) int64 { total = n; return next },
			}
			got[only(t, w, "w.example.com").A.String()]++
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("down %q: %v, want %v", c.down, got, c.want)
		}
	}
}

func TestAnswer_followsAliasesAndNames(t *testing.T) {
	const elb = "shop-1.us-east-1.elb.amazonaws.com."
	alias := types.ResourceRecordSet{
		Name: aws.String("shop.example.com."), Type: types.RRTypeA,
		AliasTarget: &types.AliasTarget{DNSName: aws.String("dualstack." + elb), EvaluateTargetHealth: true},
	}
	cname := record("www.example.com.", "shop.example.com")
	cname.Type = types.RRTypeCname
	loop := record("loop.example.com.", "loop.example.com")
	loop.Type = types.RRTypeCname
	w := world{
		zones: []zone{{"example.com.", []types.ResourceRecordSet{alias, cname, loop}}},
		names: map[string]string{elb: "192.0.2.9"},
	}
	a := only(t, w, "SHOP.example.com")
	if a.A.String() != "192.0.2.9" || a.Hdr.Ttl != aliasTTL || a.Hdr.Name != "shop.example.com." {
		t.Errorf("alias: %v", a)
	}
	if found, err := w.answer("www.example.com", dns.TypeA); err != nil || len(found) != 2 {
		t.Errorf("CNAME: %v, %v", found, err)
	}
	if _, err := w.answer("loop.example.com", dns.TypeA); err == nil {
		t.Error("a CNAME loop was answered")
	}
	if _, err := w.answer("none.example.com", dns.TypeA); !errors.Is(err, errNoSuchName) {
		t.Errorf("no such name: %v", err)
	}
	if _, err := w.answer("example.org", dns.TypeA); !errors.Is(err, errNotHosted) {
		t.Errorf("no such zone: %v", err)
	}
	if found, err := w.answer("shop.example.com", dns.TypeAAAA); err != nil || len(found) != 0 {
		t.Errorf("no such type: %v, %v", found, err)
	}
}

func TestAnswer_aliasInheritsItsTargetsHealth(t *testing.T) {
	target := record("blue.example.com.", "192.0.2.5")
	target.HealthCheckId = aws.String("blue")
	primary := failover(types.ResourceRecordSetFailoverPrimary, "")
	primary.HealthCheckId, primary.ResourceRecords = nil, nil
	primary.AliasTarget = &types.AliasTarget{DNSName: aws.String("blue.example.com."), EvaluateTargetHealth: true}
	records := []types.ResourceRecordSet{target, primary, failover(types.ResourceRecordSetFailoverSecondary, "198.51.100.1")}
	for up, want := range map[bool]string{true: "192.0.2.5", false: "198.51.100.1"} {
		w := world{zones: []zone{{"example.com.", records}}, healthy: func(id string) bool { return id != "blue" || up }}
		if got := only(t, w, "f.example.com").A.String(); got != want {
			t.Errorf("target healthy %v: %s", up, got)
		}
	}
}

func TestAnswer_refusesAPolicyItDoesNotModel(t *testing.T) {
	latency := record("l.example.com.", "192.0.2.1")
	latency.SetIdentifier, latency.Region = aws.String("near"), types.ResourceRecordSetRegionUsEast1
	w := world{zones: []zone{{"example.com.", []types.ResourceRecordSet{latency}}}}
	if found, err := w.answer("l.example.com", dns.TypeA); err == nil {
		t.Errorf("answered %v", found)
	}
}
