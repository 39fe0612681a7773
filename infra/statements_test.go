package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// permit is one statement of a role as the template has it, rendered.
type permit struct {
	Actions    []string
	Resources  []string
	Conditions []string `json:",omitempty"` // "StringEquals aws:RequestedRegion us-west-2"
}

// permits are a role's statements by the role's name.
func (s stack) permits(t *testing.T) map[string][]permit {
	t.Helper()
	roles := map[string][]permit{}
	for id, role := range s.ofType("AWS::IAM::Role") {
		name := s.nameOf(id)
		for _, document := range s.documents(t, role) {
			for _, statement := range document["Statement"].([]any) {
				roles[name] = append(roles[name], s.permit(t, name, statement.(map[string]any)))
			}
		}
		if len(roles[name]) == 0 {
			t.Errorf("role %s may do nothing", name)
		}
	}
	return roles
}

// documents are a role's policies: those in it, and then the managed ones, which
// must be of the same stack.
func (s stack) documents(t *testing.T, role resource) []map[string]any {
	t.Helper()
	var documents []map[string]any
	policies, _ := role.Properties["Policies"].([]any)
	for _, policy := range policies {
		documents = append(documents, policy.(map[string]any)["PolicyDocument"].(map[string]any))
	}
	managed, _ := role.Properties["ManagedPolicyArns"].([]any)
	for _, arn := range managed {
		ref, _ := arn.(map[string]any)
		id, _ := ref["Ref"].(string)
		if s.Resources[id].Type != "AWS::IAM::ManagedPolicy" {
			t.Errorf("a role has policy %v, which somebody else may change", arn)
			continue
		}
		documents = append(documents, s.Resources[id].Properties["PolicyDocument"].(map[string]any))
	}
	return documents
}

func (s stack) permit(t *testing.T, role string, statement map[string]any) permit {
	t.Helper()
	for key := range statement {
		if !slices.Contains([]string{"Effect", "Action", "Resource", "Condition"}, key) {
			t.Errorf("a statement of %s has %s, which these tests do not judge", role, key)
		}
	}
	if statement["Effect"] != "Allow" {
		t.Errorf("a statement of %s does not allow", role)
	}
	p := permit{Actions: s.renderAll(statement["Action"]), Resources: s.renderAll(statement["Resource"])}
	conditions, _ := statement["Condition"].(map[string]any)
	for operator, keys := range conditions {
		for key, value := range keys.(map[string]any) {
			for _, text := range s.renderAll(value) {
				p.Conditions = append(p.Conditions, operator+" "+key+" "+text)
			}
		}
	}
	slices.Sort(p.Conditions)
	return p
}

// granted is a blueprint's grant as a statement must have it.
func granted(g blueprint.Grant) permit {
	p := permit{Actions: g.Actions}
	for _, resource := range g.Resources {
		resource = strings.ReplaceAll(resource, "${Partition}", "${AWS::Partition}")
		p.Resources = append(p.Resources, strings.ReplaceAll(resource, "${Account}", "${AWS::AccountId}"))
	}
	for operator, keys := range g.Condition {
		for key, value := range keys {
			p.Conditions = append(p.Conditions, operator+" "+key+" "+value)
		}
	}
	for _, region := range g.Regions {
		p.Conditions = append(p.Conditions, "StringEquals aws:RequestedRegion "+region)
	}
	slices.Sort(p.Conditions)
	return p
}

// text is a permit in one line, its parts in order.
func (p permit) text() string {
	return fmt.Sprintf("%v on %v if %v", sorted(p.Actions), sorted(p.Resources), p.Conditions)
}

func (p permit) service() string { return strings.Split(p.Actions[0], ":")[0] }

// regions are where the permit holds; empty means everywhere.
func (p permit) regions() []string {
	var regions []string
	for _, condition := range p.Conditions {
		if region, ok := strings.CutPrefix(condition, "StringEquals aws:RequestedRegion "); ok {
			regions = append(regions, region)
		}
	}
	return regions
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// forEveryPermit runs a check on every statement of every role of every stack.
func forEveryPermit(t *testing.T, check func(t *testing.T, s stack, role string, p permit)) {
	t.Helper()
	forEvery(t, func(t *testing.T, s stack) {
		roles := s.permits(t)
		for _, role := range slices.Sorted(maps.Keys(roles)) {
			for _, p := range roles[role] {
				check(t, s, role, p)
			}
		}
	})
}

// grantsOf are the blueprint's for a role; nil for those of other services.
func grantsOf(b *blueprint.Blueprint, role string) []blueprint.Grant {
	if b.Source != nil && role == b.Source.Name {
		return b.Source.Grants
	}
	if function := functionOf(b, role); function != nil {
		return function.Grants
	}
	return nil
}

// functionOf is the function whose role has this name; nil for other roles.
func functionOf(b *blueprint.Blueprint, role string) *blueprint.Function {
	for i := range b.Functions {
		if b.Functions[i].Deployed == role {
			return &b.Functions[i]
		}
	}
	return nil
}
