package plan

import (
	"maps"
	"slices"
)

// definition is all that this package knows of a step kind.
type definition struct {
	read    func(*mapping) any   // the step's fields, but for id and timeout
	check   func(stepCheck, any) // what one field alone cannot show
	blank   func() any           // an empty spec, to decode JSON into
	outputs []string             // what later steps may refer to as ${id.output}
}

// kinds has every step kind. A new kind is a line here, a spec type in plan.go,
// and its read and check below; the JSON Schema's test then asks for the rest.
var kinds = map[Kind]definition{
	KindPromoteDatabase: define(readPromoteDatabase, nil, "endpoint", "port"),
	KindLaunchInstances: define(readLaunchInstances, checkLaunchInstances, "instances", "zones"),
	KindRestoreVolumes:  define(readRestoreVolumes, checkRestoreVolumes, "volumes"),
	KindSetParameter:    define(readSetParameter, checkSetParameter),
	KindVerify:          define(readVerify, checkVerify),
	KindShiftTraffic:    define(readShiftTraffic, nil),
}

func define[Spec any](read func(*mapping) Spec, check func(stepCheck, *Spec), outputs ...string) definition {
	return definition{
		read: func(m *mapping) any { spec := read(m); return &spec },
		check: func(c stepCheck, spec any) {
			if check != nil {
				check(c, spec.(*Spec))
			}
		},
		blank:   func() any { return new(Spec) },
		outputs: outputs,
	}
}

// Kinds are the step kinds that exist, by name.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// Outputs are the names that a later step may use in ${id.output}, and that the
// kind's Advance must give when it is done. Most kinds have none.
func (k Kind) Outputs() []string { return slices.Clone(kinds[k].outputs) }

func readPromoteDatabase(m *mapping) PromoteDatabase {
	return PromoteDatabase{
		Replica: m.text("replica", required, databaseName),
		Class:   m.text("class", optional, databaseClass),
		MultiAZ: m.flag("multi-az"),
	}
}

func readLaunchInstances(m *mapping) LaunchInstances {
	return LaunchInstances{
		Template: m.text("template", required, templateName),
		Count:    m.count("count", required, 1),
		Types:    m.texts("types", optional, instanceType),
		Zones:    m.texts("zones", required, zoneName),
		Targets:  m.text("targets", optional, targetGroup),
		Role:     m.text("role", optional, roleName),
	}
}

func readRestoreVolumes(m *mapping) RestoreVolumes {
	return RestoreVolumes{
		Policy:   m.text("policy", required, policyName),
		AttachTo: m.text("attach-to", required, nameTag),
	}
}

func readSetParameter(m *mapping) SetParameter {
	return SetParameter{
		Name:  m.text("name", required, parameterName),
		Value: m.text("value", required, parameterValue),
	}
}

func readVerify(m *mapping) Verify {
	return Verify{
		URL: m.text("url", required, webAddress),
		For: m.duration("for", optional, 0, maxTimeout),
	}
}

func readShiftTraffic(m *mapping) ShiftTraffic {
	return ShiftTraffic{
		Record: m.text("record", required, dnsName),
		Via:    Via(choice(m, "via", required, []string{string(ViaHealthCheck)}, "weights", "routing-control", "cname")),
	}
}
