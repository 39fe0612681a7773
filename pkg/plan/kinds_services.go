package plan

import "math"

func readCreateStack(m *mapping) CreateStack {
	return CreateStack{
		Stack:        m.text("stack", required, stackName),
		Template:     m.text("template", required, templateURL),
		Parameters:   m.named("parameters", "stack-parameters", stackKey, stackValue),
		Role:         m.text("role", optional, roleName),
		Capabilities: m.texts("capabilities", optional, capability),
		Outputs:      m.texts("outputs", optional, stackKey),
	}
}

func readEventSource(m *mapping) EventSource {
	return EventSource{
		Function: m.text("function", required, functionName),
		Source:   m.text("source", required, sourceARN),
		Enabled:  m.flag("enabled", required),
	}
}

func readInvokeFunction(m *mapping) InvokeFunction {
	return InvokeFunction{
		Function: m.text("function", required, functionName),
		Input:    m.free("input", "input"),
		Undo:     m.flag("undo", optional),
		Outputs:  m.texts("outputs", optional, outputName),
	}
}

func readRunCommand(m *mapping) RunCommand {
	return RunCommand{
		Document:   m.text("document", required, documentName),
		Parameters: m.lists("parameters", "command-parameters", documentKey, documentValue),
		Instances:  m.text("instances", required, nameTag),
		Lag:        readMetric(m, "lag"),
	}
}

func readMetric(m *mapping, key string) *Metric {
	c := m.child(key, optional, "metric")
	if c == nil {
		return nil
	}
	metric := &Metric{
		Namespace:  c.text("namespace", required, metricNamespace),
		Name:       c.text("name", required, metricName),
		Dimensions: c.named("dimensions", "dimensions", dimensionName, dimensionValue),
		Most:       c.number("most", required, "", notNegative),
	}
	c.end()
	return metric
}

func notNegative(n float64) (problem, instead string) {
	if n >= 0 && !math.IsInf(n, 0) {
		return "", ""
	}
	return "is not how far anything can be behind", "0 or more"
}

func readSetParameter(m *mapping) SetParameter {
	return SetParameter{
		Name:  m.text("name", required, parameterName),
		Value: m.text("value", required, parameterValue),
	}
}
