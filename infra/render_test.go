package main

import (
	"fmt"
	"regexp"
	"strings"
)

// nameProperties are the properties that name a resource in AWS.
var nameProperties = []string{"FunctionName", "RoleName", "LogGroupName", "TableName", "TopicName", "Name"}

// hash is what the CDK appends to a logical id.
var hash = regexp.MustCompile(`[0-9A-F]{8}$`)

// render writes a template's value as text, with ${names} where CloudFormation
// would put what it made: readable, and the same when only a hash changed.
func (s stack) render(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return "${" + s.nameOf(id) + "}"
		}
		if attribute, ok := v["Fn::GetAtt"].([]any); ok && len(attribute) == 2 {
			return fmt.Sprintf("${%s.%s}", s.nameOf(attribute[0].(string)), attribute[1])
		}
		if join, ok := v["Fn::Join"].([]any); ok && len(join) == 2 {
			return strings.Join(s.renderAll(join[1]), join[0].(string))
		}
	}
	return fmt.Sprintf("cannot render %v", value)
}

// renderAll takes one value, or a list of them.
func (s stack) renderAll(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = s.render(item)
	}
	return texts
}

// nameOf is what a logical id is called: its name in AWS where the template
// gives one. A published version is its function's name with ":version", and a
// queue, which is called as its function is, with ":queue".
func (s stack) nameOf(id string) string {
	r, ok := s.Resources[id]
	if !ok {
		return id // AWS::Partition, or a parameter
	}
	if r.Type == "AWS::Lambda::Version" {
		function := s.render(r.Properties["FunctionName"])
		return strings.Trim(function, "${}") + ":version"
	}
	if r.Type == "AWS::SQS::Queue" {
		return s.render(r.Properties["QueueName"]) + ":queue"
	}
	for _, property := range nameProperties {
		if name, ok := r.Properties[property].(string); ok {
			return name
		}
	}
	return hash.ReplaceAllString(id, "")
}
