package runcommand

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// purpose begins the comment of every command of the step, and comment is that of
// one attempt. A comment has a hundred characters.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
func purpose(r step.Run) string {
	const longest = 80
	about := "pilotlight " + r.ID + "/" + r.Step
	if r.Drill != nil {
		about = "pilotlight drill " + r.ID + "/" + r.Step
	}
	if len(about) > longest {
		about = "pilotlight " + r.Token()
	}
	return about + " attempt "
}

func comment(r step.Run) string { return purpose(r) + fmt.Sprint(r.Attempt) }

// find is the running instances of that name, in order; in a drill, those that it
// launched, under the name or under the drill's.
func (k *Kind) find(ctx context.Context, r step.Run, spec plan.RunCommand) ([]string, error) {
	filters := []ec2types.Filter{
		{Name: aws.String("tag:Name"), Values: slices.Compact([]string{spec.Instances, r.Drill.Named(spec.Instances)})},
		{Name: aws.String("instance-state-name"), Values: []string{string(ec2types.InstanceStateNameRunning)}},
	}
	if r.Drill != nil {
		filters = append(filters, ec2types.Filter{Name: aws.String("tag:" + lineage.Drill), Values: []string{r.ID}})
	}
	var ids []string
	pages := ec2.NewDescribeInstancesPaginator(k.ec2, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("find the instances named %s: %w", spec.Instances, err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				if drilled(i) == (r.Drill != nil) {
					ids = append(ids, aws.ToString(i.InstanceId))
				}
			}
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func drilled(i ec2types.Instance) bool {
	return slices.ContainsFunc(i.Tags, func(t ec2types.Tag) bool { return aws.ToString(t.Key) == lineage.Drill })
}

// margin is how much earlier than the step a command is looked for: two clocks of
// AWS's are never quite the same.
const margin = 5 * time.Minute

// sent is what was sent since the step began under a comment that begins so.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandFilter.html
func (k *Kind) sent(ctx context.Context, r step.Run, under string) ([]types.Command, error) {
	var ours []types.Command
	pages := ssm.NewListCommandsPaginator(k.ssm, &ssm.ListCommandsInput{Filters: []types.CommandFilter{
		{Key: types.CommandFilterKeyInvokedAfter, Value: aws.String(r.Began.Add(-margin).UTC().Format(time.RFC3339))},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for the step's commands: %w", err)
		}
		for _, c := range page.Commands {
			if said := aws.ToString(c.Comment); said == under || strings.HasSuffix(under, " ") && strings.HasPrefix(said, under) {
				ours = append(ours, c)
			}
		}
	}
	return ours, nil
}

// invocations is how the commands go, by instance: of one that got two, the one that
// goes worse. One that SSM does not list yet is on its way.
func (k *Kind) invocations(ctx context.Context, commands []types.Command) (map[string]types.CommandInvocation, error) {
	all := map[string]types.CommandInvocation{}
	for _, c := range commands {
		pages := ssm.NewListCommandInvocationsPaginator(k.ssm, &ssm.ListCommandInvocationsInput{CommandId: c.CommandId, Details: true})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("follow command %s: %w", aws.ToString(c.CommandId), err)
			}
			for _, i := range page.CommandInvocations {
				if had, twice := all[aws.ToString(i.InstanceId)]; !twice || had.Status == types.CommandInvocationStatusSuccess {
					all[aws.ToString(i.InstanceId)] = i
				}
			}
		}
	}
	return all, nil
}

// reach is how old the newest value of a lag may be.
const reach = 10 * time.Minute

// lag is the newest value of the metric at a moment. Datapoints come in no order.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (k *Kind) lag(ctx context.Context, of *plan.Metric, at time.Time) (behind float64, known bool, err error) {
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(of.Namespace), MetricName: aws.String(of.Name), Period: aws.Int32(60),
		StartTime: aws.Time(at.Add(-reach)), EndTime: aws.Time(at), Statistics: []cwtypes.Statistic{cwtypes.StatisticMaximum},
	}
	for name, value := range of.Dimensions {
		in.Dimensions = append(in.Dimensions, cwtypes.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	out, err := k.metrics.GetMetricStatistics(ctx, in)
	if err != nil {
		return 0, false, fmt.Errorf("read the metric %s: %w", of.Name, err)
	}
	var newest time.Time
	for _, point := range out.Datapoints {
		if when := aws.ToTime(point.Timestamp); when.After(newest) {
			newest, behind, known = when, aws.ToFloat64(point.Maximum), true
		}
	}
	return behind, known, nil
}

func told(behind float64, known bool) string {
	if !known {
		return "it has no value of the last " + reach.String()
	}
	return fmt.Sprintf("it is %g", behind)
}
