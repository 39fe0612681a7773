package plan

import "fmt"

// shiftFields are the fields of shift-traffic that each way needs.
var shiftFields = map[Via][]string{
	ViaHealthCheck:    nil,
	ViaWeights:        {"zone", "primary-set", "recovery-set"},
	ViaCNAME:          {"zone", "target"},
	ViaRoutingControl: {"primary-control", "recovery-control", "endpoints"},
}

// clusterEndpoints is how many an ARC cluster has, in as many regions: a state is
// held by any three of them, so a plan that knows fewer gives that up.
// https://docs.aws.amazon.com/r53recovery/latest/dg/introduction-components-routing.html
const clusterEndpoints = 5

func checkShiftTraffic(c stepCheck, spec *ShiftTraffic) {
	wants, known := shiftFields[spec.Via]
	if !known {
		return // which is reported
	}
	c.needs("via "+string(spec.Via)+" needs it", wants...)
	takes := map[string]bool{"drill-record": spec.Via == ViaWeights || spec.Via == ViaCNAME}
	for _, field := range wants {
		takes[field] = true
	}
	for _, field := range []string{"zone", "primary-set", "recovery-set", "target", "drill-record", "primary-control", "recovery-control", "endpoints"} {
		if !takes[field] {
			c.idle("via "+string(spec.Via)+" has no use for it", field)
		}
	}
	c.apart("drill-record", spec.DrillRecord, spec.Record)
	c.different("recovery-set", spec.RecoverySet, spec.PrimarySet)
	c.different("recovery-control", spec.RecoveryControl, spec.PrimaryControl)
	if spec.Via == ViaCNAME && spec.Target != "" && spec.Target == spec.Record {
		c.wrong(c.path+".target", "is the record itself", "the name in the region that takes over")
	}
	if spec.Via == ViaRoutingControl && c.says("endpoints") {
		c.checkEndpoints(spec.Endpoints)
	}
}

// different refuses one thing for both sides.
func (c stepCheck) different(field, recovery, primary string) {
	if recovery != "" && recovery == primary {
		c.wrong(c.path+"."+field, "is that of the primary side too", "the one of the side that takes over")
	}
}

func (c stepCheck) checkEndpoints(endpoints []RoutingEndpoint) {
	in := map[string]string{}
	for i, e := range endpoints {
		path := fmt.Sprintf("%s.endpoints[%d]", c.path, i)
		if e.Region != "" {
			c.unique(in, e.Region, path, path+".region", "the region of each of the five once")
		}
	}
	if len(endpoints) > 0 && len(endpoints) != clusterEndpoints {
		c.wrong(c.path+".endpoints", fmt.Sprintf("has %d of the %d endpoints of the cluster", len(endpoints), clusterEndpoints), "all five: aws route53-recovery-control-config describe-cluster lists them")
	}
}
