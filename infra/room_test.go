package main

import (
	"strings"
	"testing"
)

// IAM counts every character but white space, and refuses one too many in the
// middle of a deployment.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestIAM_givesNoRoleMoreThanItHasRoomFor(t *testing.T) {
	full := strings.NewReplacer("${AWS::Partition}", "aws-us-gov", "${AWS::AccountId}", "123456789012")
	divided := 0
	forEvery(t, func(t *testing.T, s stack) {
		for id, role := range s.ofType("AWS::IAM::Role") {
			documents := s.documents(t, role)
			for i, document := range documents {
				room := 10_240
				if i > 0 {
					room, divided = 6_144, divided+1
				}
				statements := document["Statement"].([]any)
				size := len(`{"Version":"2012-10-17","Statement":[]}`) + len(statements)
				for _, statement := range statements {
					size += len(full.Replace(asJSON(t, s.deployed(statement))))
				}
				if size > room {
					t.Errorf("policy %d of %s has %d characters, and IAM has room for %d", i+1, s.nameOf(id), size, room)
				}
			}
			if len(documents) > 1+10 {
				t.Errorf("%s has %d managed policies", s.nameOf(id), len(documents)-1)
			}
		}
	})
	if divided == 0 {
		t.Error("no role of any plan is full: nothing was tested")
	}
}

// deployed is a value with the texts that CloudFormation will put there.
func (s stack) deployed(value any) any {
	switch v := value.(type) {
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = s.deployed(v[i])
		}
		return all
	case map[string]any:
		for key := range v {
			if key == "Ref" || strings.HasPrefix(key, "Fn::") {
				return s.render(v)
			}
		}
		all := map[string]any{}
		for key := range v {
			all[key] = s.deployed(v[key])
		}
		return all
	}
	return value
}
