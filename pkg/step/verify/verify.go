// Package verify is the step kind verify: it looks, from outside the workload,
// whether a URL answers well, every target of a group is healthy and alarms are
// OK, until all of that has been so for as long as the plan says.
//
// It guarantees that one miss of any of them starts the time again. It remembers
// nothing: each look asks once, and the journal keeps since when all was good. It
// changes nothing, so that there is nothing to take back. A drill asks its own URL
// and leaves out targets and alarms, which are production's.
package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/visit"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
}

type alarms interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Kind asks AWS in one region, and over the network as any visitor does.
type Kind struct {
	visitor visit.Visitor
	targets api
	alarms  alarms
}

// New asks in the region of cfg.
func New(cfg aws.Config) *Kind {
	return &Kind{aVisitor(nil), elb.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)}
}

// look is what one thing that is verified looks like now: why it is a miss, or
// what is good about it.
type look struct {
	good   bool
	detail string
}

// Advance looks at everything once. A bad answer is a miss and no error: it may be
// better next time, until the step's timeout.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.Verify) (step.Progress, error) {
	spec, left := asked(r, spec)
	if spec.URL == "" && spec.Targets == "" && len(spec.Alarms) == 0 {
		return step.Progress{Done: true, Detail: "left out in a drill: " + left}, nil
	}
	looks, err := k.looks(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	progress := judge(r, spec, looks)
	if left != "" {
		progress.Detail += "; left out in a drill: " + left
	}
	return progress, nil
}

// asked is what is verified in this run. A drill's copy answers at its own URL
// alone: the plan's targets and alarms would tell of production, which a drill that
// fails must not pass for, nor an idle standby fail for.
func asked(r step.Run, spec plan.Verify) (now plan.Verify, left string) {
	if r.Drill == nil {
		return spec, ""
	}
	var out []string
	if spec.URL != "" && spec.DrillURL == "" {
		out = append(out, spec.URL+", for want of a drill-url")
	}
	if spec.Targets != "" {
		out = append(out, "the targets of "+spec.Targets)
	}
	if len(spec.Alarms) > 0 {
		out = append(out, "the alarms "+strings.Join(spec.Alarms, ", "))
	}
	return plan.Verify{URL: spec.DrillURL, For: spec.For}, strings.Join(out, " and ")
}

func (k *Kind) looks(ctx context.Context, spec plan.Verify) ([]look, error) {
	var looks []look
	if spec.URL != "" {
		l, err := k.page(ctx, spec.URL)
		if err != nil {
			return nil, err
		}
		looks = append(looks, l)
	}
	if spec.Targets != "" {
		l, err := k.group(ctx, spec.Targets)
		if err != nil {
			return nil, err
		}
		looks = append(looks, l)
	}
	if len(spec.Alarms) > 0 {
		l, err := k.quiet(ctx, spec.Alarms)
		if err != nil {
			return nil, err
		}
		looks = append(looks, l)
	}
	return looks, nil
}

// judge sets a good look beside the ones before it. Of a miss, only what is wrong
// is told.
func judge(r step.Run, spec plan.Verify, looks []look) step.Progress {
	var good, bad []string
	for _, l := range looks {
		if l.good {
			good = append(good, l.detail)
		} else {
			bad = append(bad, l.detail)
		}
	}
	if len(bad) > 0 {
		return step.Progress{Detail: strings.Join(bad, "; ")}
	}
	var lasted time.Duration
	if !r.Good.IsZero() {
		lasted = r.Now.Sub(r.Good)
	}
	return step.Progress{
		Good:   true,
		Done:   lasted >= spec.For.D(),
		Detail: fmt.Sprintf("%s, good for %s of %s", strings.Join(good, ", "), lasted, spec.For),
	}
}

// Undo has nothing to take back.
func (k *Kind) Undo(context.Context, step.Run, plan.Verify) (step.Progress, error) {
	return step.Nothing("nothing was changed"), nil
}
