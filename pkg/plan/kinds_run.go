package plan

func readApprove(m *mapping) Approve {
	return Approve{Question: m.text("question", required, question)}
}

func readResumeProtection(*mapping) ResumeProtection { return ResumeProtection{} }

func readRunPlan(m *mapping) RunPlan {
	return RunPlan{Plan: m.text("plan", required, planName)}
}

func readShiftTraffic(m *mapping) ShiftTraffic {
	shift := ShiftTraffic{
		Record:          m.text("record", required, dnsName),
		Via:             choice(m, "via", required, []Via{ViaHealthCheck, ViaWeights, ViaCNAME, ViaRoutingControl}),
		Zone:            m.text("zone", optional, hostedZone),
		PrimarySet:      m.text("primary-set", optional, setIdentifier),
		RecoverySet:     m.text("recovery-set", optional, setIdentifier),
		Target:          m.text("target", optional, dnsName),
		DrillRecord:     m.text("drill-record", optional, dnsName),
		PrimaryControl:  m.text("primary-control", optional, routingControl),
		RecoveryControl: m.text("recovery-control", optional, routingControl),
	}
	for _, it := range m.list("endpoints", optional) {
		e := m.open(it.Node, it.path, "routing-endpoint")
		if e == nil {
			continue
		}
		shift.Endpoints = append(shift.Endpoints, RoutingEndpoint{URL: e.text("url", required, webAddress), Region: e.region("region", required)})
		e.end()
	}
	return shift
}

func readVerify(m *mapping) Verify {
	return Verify{
		URL:      m.text("url", optional, webAddress),
		DrillURL: m.text("drill-url", optional, webAddress),
		Targets:  m.text("targets", optional, targetGroup),
		Alarms:   m.texts("alarms", optional, alarmName),
		For:      m.duration("for", optional, 0, maxTimeout),
	}
}
