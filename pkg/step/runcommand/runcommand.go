// Package runcommand is the step kind run-command: it runs an SSM document on
// instances, which is how a database that a team runs itself is promoted.
//
// It guarantees that each instance gets the command once an attempt, as far as SSM
// lists what it was sent: SendCommand takes no token, so a comment tells whose a
// command is, and it is looked for first. A planned run waits until the replica has
// caught up. A command cannot be taken back. A drill runs it on its own instances
// alone.
package runcommand

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	SendCommand(context.Context, *ssm.SendCommandInput, ...func(*ssm.Options)) (*ssm.SendCommandOutput, error)
	ListCommands(context.Context, *ssm.ListCommandsInput, ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error)
	ListCommandInvocations(context.Context, *ssm.ListCommandInvocationsInput, ...func(*ssm.Options)) (*ssm.ListCommandInvocationsOutput, error)
	DescribeDocument(context.Context, *ssm.DescribeDocumentInput, ...func(*ssm.Options)) (*ssm.DescribeDocumentOutput, error)
	DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error)
}

type instances interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
}

type metrics interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

// Kind acts in one region.
type Kind struct {
	ssm     api
	ec2     instances
	metrics metrics
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind {
	return &Kind{ssm.NewFromConfig(cfg), ec2.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)}
}

// most is how many instances one command names.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
const most = 50

// Advance sends the command to the instances that have not got it, and follows it
// on all of them.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.RunCommand) (step.Progress, error) {
	wanted, err := k.find(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if len(wanted) == 0 && r.Drill != nil {
		return step.Progress{Done: true, Detail: "left out in a drill: it has no running instance of its own named " + spec.Instances}, nil
	}
	if len(wanted) == 0 {
		return step.Pending("no running instance is named " + spec.Instances), nil
	}
	commands, err := k.sent(ctx, r, comment(r))
	if err != nil {
		return step.Progress{}, err
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(id string) bool {
		return slices.ContainsFunc(commands, func(c types.Command) bool { return slices.Contains(c.InstanceIds, id) })
	})
	if len(missing) > 0 {
		return k.send(ctx, r, spec, missing, len(commands) == 0)
	}
	return k.follow(ctx, r, spec, wanted, commands)
}

// send waits for the lag before the first command, and for no later one: half of the
// instances have it then.
func (k *Kind) send(ctx context.Context, r step.Run, spec plan.RunCommand, to []string, first bool) (step.Progress, error) {
	if first && spec.Lag != nil && r.Mode.Graceful() {
		behind, known, err := k.lag(ctx, spec.Lag, r.Now)
		if err != nil {
			return step.Progress{}, err
		}
		if !known || behind > spec.Lag.Most {
			return step.Pending(fmt.Sprintf("waits until %s is at most %g: %s", spec.Lag.Name, spec.Lag.Most, told(behind, known))), nil
		}
	}
	for some := range slices.Chunk(to, most) {
		_, err := k.ssm.SendCommand(ctx, &ssm.SendCommandInput{
			DocumentName: aws.String(spec.Document), InstanceIds: some, Parameters: spec.Parameters, Comment: aws.String(comment(r)),
		})
		if err != nil {
			return step.Progress{}, fmt.Errorf("send %s to %s: %w", spec.Document, strings.Join(some, ", "), err)
		}
	}
	return step.Pending(fmt.Sprintf("%s is sent to %d instances", spec.Document, len(to))), nil
}

// follow is done when the command succeeded on every instance.
func (k *Kind) follow(ctx context.Context, r step.Run, spec plan.RunCommand, wanted []string, commands []types.Command) (step.Progress, error) {
	invocations, err := k.invocations(ctx, commands)
	if err != nil {
		return step.Progress{}, err
	}
	var failed []string
	succeeded := 0
	for _, id := range wanted {
		switch i := invocations[id]; i.Status {
		case types.CommandInvocationStatusSuccess:
			succeeded++
		case types.CommandInvocationStatusFailed, types.CommandInvocationStatusTimedOut, types.CommandInvocationStatusCancelled:
			failed = append(failed, fmt.Sprintf("%s: %s%s", id, aws.ToString(i.StatusDetails), output(i)))
		}
	}
	if len(failed) > 0 {
		return step.Progress{}, step.Permanent("%s did not succeed on %s", spec.Document, strings.Join(failed, "; "))
	}
	progress := step.Progress{Done: succeeded == len(wanted), Detail: fmt.Sprintf("%s succeeded on %d of %d instances", spec.Document, succeeded, len(wanted))}
	if progress.Done && spec.Lag != nil && r.Drill == nil {
		behind, known, err := k.lag(ctx, spec.Lag, aws.ToTime(commands[0].RequestedDateTime))
		if err != nil {
			return step.Progress{}, err
		}
		progress.Detail += fmt.Sprintf("; %s when it was sent: %s", spec.Lag.Name, told(behind, known))
	}
	return progress, nil
}

// output is the end of what the command wrote, which tells why.
func output(i types.CommandInvocation) string {
	const most = 200
	for _, plugin := range i.CommandPlugins {
		if text := strings.TrimSpace(aws.ToString(plugin.Output)); text != "" && plugin.Status != types.CommandPluginStatusSuccess {
			return ": " + text[max(len(text)-most, 0):]
		}
	}
	return ""
}

// Undo says what was sent, and to whom. What a drill's instances got goes with them.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.RunCommand) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("the drill's instances go, and with them what was done on them"), nil
	}
	commands, err := k.sent(ctx, r, purpose(r))
	if err != nil {
		return step.Progress{}, err
	}
	if len(commands) == 0 {
		return step.Nothing(spec.Document + " was not sent"), nil
	}
	var sent []string
	for _, c := range commands {
		sent = append(sent, fmt.Sprintf("%s to %s", aws.ToString(c.CommandId), strings.Join(c.InstanceIds, ", ")))
	}
	return step.Progress{Done: true, Left: fmt.Sprintf("Document %s was sent (%s), and a command cannot be taken back: see what it did, and undo that by hand.", spec.Document, strings.Join(sent, "; "))}, nil
}
