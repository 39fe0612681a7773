package plan

func readCreateReplica(m *mapping) CreateReplica {
	return CreateReplica{
		StandBy:        m.flag("stand-by", optional),
		Source:         m.text("source", required, databaseName),
		Replica:        m.text("replica", required, databaseName),
		Class:          m.text("class", optional, databaseClass),
		SubnetGroup:    m.text("subnet-group", optional, subnetGroup),
		SecurityGroups: m.texts("security-groups", optional, securityGroup),
		ParameterGroup: m.text("parameter-group", optional, groupName),
		Key:            m.text("key", optional, keyID),
		Lag:            m.duration("lag", optional, 0, maxTimeout),
	}
}

func readFence(m *mapping) Fence {
	return Fence{
		Instances:     readSelector(m, "instances"),
		Groups:        m.texts("groups", optional, scalingGroup),
		Databases:     m.texts("databases", optional, databaseName),
		SecurityGroup: m.text("security-group", optional, securityGroup),
	}
}

func readPromoteDatabase(m *mapping) PromoteDatabase {
	return PromoteDatabase{
		Replica:        m.text("replica", optional, databaseName),
		Global:         m.text("global", optional, clusterName),
		Cluster:        m.text("cluster", optional, clusterName),
		Policy:         m.text("policy", optional, policyName),
		As:             m.text("as", optional, databaseName),
		Class:          m.text("class", optional, databaseClass),
		MultiAZ:        m.flag("multi-az", optional),
		SubnetGroup:    m.text("subnet-group", optional, subnetGroup),
		SecurityGroups: m.texts("security-groups", optional, securityGroup),
		ParameterGroup: m.text("parameter-group", optional, groupName),
		OptionGroup:    m.text("option-group", optional, groupName),
	}
}

func readRetire(m *mapping) Retire {
	return Retire{
		Made:      m.flag("made", optional),
		Databases: m.texts("databases", optional, databaseName),
	}
}
