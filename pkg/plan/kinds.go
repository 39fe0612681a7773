package plan

import (
	"maps"
	"slices"
)

// definition is all that this package knows of a step kind.
type definition struct {
	read    func(*mapping) any   // the step's fields, but for those that every step has
	check   func(stepCheck, any) // what one field alone cannot show
	blank   func() any           // an empty spec, to decode JSON into
	outputs func(any) []string   // what later steps may refer to as ${id.output}
}

// kinds has every step kind. A new kind is a line here, a spec type in spec.go, and
// its read and check in the file of its like; the JSON Schema's test then asks for
// the rest.
var kinds = map[Kind]definition{
	KindApprove:          define(readApprove, nil, "by"),
	KindAssociateAddress: define(readAssociateAddress, checkAssociateAddress, "address"),
	KindCreateReplica:    define(readCreateReplica, checkCreateReplica),
	KindCreateStack:      defineOutputs(readCreateStack, checkCreateStack, func(s *CreateStack) []string { return s.Outputs }),
	KindEventSource:      define(readEventSource, checkEventSource),
	KindFence:            define(readFence, checkFence),
	KindInvokeFunction:   defineOutputs(readInvokeFunction, checkInvokeFunction, func(s *InvokeFunction) []string { return s.Outputs }),
	KindLaunchInstances:  define(readLaunchInstances, checkLaunchInstances, "instances", "zones"),
	KindPromoteDatabase:  define(readPromoteDatabase, checkPromoteDatabase, "endpoint", "port"),
	KindRegisterTargets:  define(readRegisterTargets, checkRegisterTargets),
	KindResizeInstances:  define(readResizeInstances, nil),
	KindRestoreVolumes:   define(readRestoreVolumes, checkRestoreVolumes, "volumes"),
	KindResumeProtection: define(readResumeProtection, checkResumeProtection),
	KindRetire:           define(readRetire, checkRetire),
	KindRunCommand:       define(readRunCommand, nil),
	KindRunPlan:          define(readRunPlan, checkRunPlan),
	KindScaleGroup:       define(readScaleGroup, checkScaleGroup),
	KindSetParameter:     define(readSetParameter, checkSetParameter),
	KindShiftTraffic:     define(readShiftTraffic, checkShiftTraffic),
	KindVerify:           define(readVerify, checkVerify),
}

func define[Spec any](read func(*mapping) Spec, check func(stepCheck, *Spec), outputs ...string) definition {
	return defineOutputs(read, check, func(*Spec) []string { return outputs })
}

// defineOutputs is of a kind whose outputs are what its spec says.
func defineOutputs[Spec any](read func(*mapping) Spec, check func(stepCheck, *Spec), outputs func(*Spec) []string) definition {
	return definition{
		read: func(m *mapping) any { spec := read(m); return &spec },
		check: func(c stepCheck, spec any) {
			if check != nil {
				check(c, spec.(*Spec))
			}
		},
		blank:   func() any { return new(Spec) },
		outputs: func(spec any) []string { return outputs(spec.(*Spec)) },
	}
}

// Kinds are the step kinds that exist, by name.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// Outputs are the names that a later step may use in ${id.output}, and that the
// step's Advance must give when it is done. Most kinds have none; what a stack or
// the team's own function gives, its spec says.
func (s *Step) Outputs() []string {
	known, ok := kinds[s.Kind]
	if !ok || s.Spec == nil {
		return nil
	}
	return slices.Clone(known.outputs(s.Spec))
}
