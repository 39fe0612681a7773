// approve is the step kind of that name as a Lambda function.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/notice"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/approve"
)

func main() { edge.Main(wire) }

// The topic is beside the function, in whatever region the step acts.
func wire(cfg aws.Config) edge.Handler[step.Answer] {
	return step.Handler(ledger.New(cfg), func(string) *approve.Kind { return approve.New(notice.New(cfg)) })
}
