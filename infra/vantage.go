package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// newVantageStack holds a probe in a region of its own, and the alarm on what it sees,
// which decide-failover reads from the recovery region. It is built as the recovery
// stack is, from a blueprint that has nothing else.
func newVantageStack(scope constructs.Construct, b *blueprint.Blueprint, binaries string) awscdk.Stack {
	description := fmt.Sprintf("Pilotlight: asks from %s whether what plan %s is for serves", b.Recovery, b.Plan)
	s := &recovery{
		stack: newStack(scope, b, "vantage-"+b.Recovery, b.Recovery, description), blueprint: b, binaries: binaries,
		functions: map[string]awslambda.Function{},
	}
	for _, function := range b.Functions {
		s.functions[function.Name] = s.function(function)
	}
	s.schedules()
	s.alarms()
	return s.stack
}
