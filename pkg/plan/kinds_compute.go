package plan

func readAssociateAddress(m *mapping) AssociateAddress {
	return AssociateAddress{
		Address:  m.text("address", required, allocationID),
		Instance: m.text("instance", required, instancesOf),
		Drill:    m.text("drill", optional, allocationID),
	}
}

func readLaunchInstances(m *mapping) LaunchInstances {
	return LaunchInstances{
		Template:     m.text("template", required, templateName),
		Count:        m.count("count", required, 1),
		Types:        m.texts("types", optional, instanceType),
		Zones:        m.texts("zones", required, zoneName),
		Targets:      m.text("targets", optional, targetGroup),
		DrillTargets: m.text("drill-targets", optional, targetGroup),
		Role:         m.text("role", optional, roleName),
	}
}

func readRegisterTargets(m *mapping) RegisterTargets {
	return RegisterTargets{
		Targets:   m.text("targets", required, targetGroup),
		Instances: m.text("instances", required, instancesOf),
		Drill:     m.text("drill", optional, targetGroup),
	}
}

func readResizeInstances(m *mapping) ResizeInstances {
	return ResizeInstances{
		Instances: m.text("instances", required, nameTag),
		Type:      m.text("type", required, instanceType),
	}
}

func readRestoreVolumes(m *mapping) RestoreVolumes {
	return RestoreVolumes{
		Policy:   m.text("policy", required, policyName),
		AttachTo: m.text("attach-to", required, nameTag),
		Rate:     m.within("rate", optional, leastRate, mostRate),
	}
}

// The volume initialization rate, in MiB/s:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
const leastRate, mostRate = 100, 300

func readScaleGroup(m *mapping) ScaleGroup {
	return ScaleGroup{
		Group:   m.text("group", optional, scalingGroup),
		Cluster: m.text("cluster", optional, serviceName),
		Service: m.text("service", optional, serviceName),
		Min:     m.count("min", optional, 0),
		Max:     m.count("max", optional, 0),
		Desired: m.count("desired", required, 0),
	}
}
