// Package alarm reads CloudWatch alarms as they are now. What it cannot read it
// says so of, alarm by alarm: one dead region never makes the others unreadable, and
// delays nobody for longer than patience.
//
// It decides nothing, and remembers nothing from one look to the next.
package alarm

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// api is all that reading alarms asks of CloudWatch, and so its IAM checklist.
type api interface {
	DescribeAlarmHistory(context.Context, *cloudwatch.DescribeAlarmHistoryInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error)
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// patience is how long a region may take to answer, the SDK's retries included: by
// themselves those go on for half a minute against a region that hangs, and a disaster
// is decided on by the signals of regions that do not.
const patience = 5 * time.Second

// Reader reads alarms in any region.
type Reader struct{ in func(region string) api }

// New reads with cfg's credentials.
func New(cfg aws.Config) Reader {
	return Reader{func(region string) api {
		return cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) { o.Region = region })
	}}
}

// Read gives every alarm's state, in the order asked. It makes one call a region, all
// at the same time, and never fails: an alarm that is absent, or whose region does not
// answer, is Unreadable.
func (r Reader) Read(ctx context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	names := map[string][]string{} // by region
	sights := make([]decide.Sight, len(alarms))
	for i, alarm := range alarms {
		names[alarm.Region] = append(names[alarm.Region], alarm.Name)
		sights[i] = decide.Sight{Alarm: alarm, State: decide.Unreadable}
	}
	var reading sync.WaitGroup
	for region, names := range names {
		reading.Go(func() {
			states, err := r.region(ctx, region, names)
			if err != nil {
				slog.WarnContext(ctx, "alarms are unreadable", "region", region, "err", err)
			}
			for i, alarm := range alarms { // each sight is of one region, and so written once
				if seen, ok := states[alarm.Name]; ok && alarm.Region == region {
					sights[i].State, sights[i].Since = seen.State, seen.Since
				}
			}
		})
	}
	reading.Wait()
	return sights, nil
}

// region reads the named alarms of a region, by name.
func (r Reader) region(ctx context.Context, region string, names []string) (map[string]decide.Sight, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	// A plan names a handful of alarms: AlarmNames takes 100, so one call reads
	// them all. Both types must be asked for, or composite alarms are left out.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
	out, err := r.in(region).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		MaxRecords: aws.Int32(100),
	})
	if err != nil {
		return nil, err
	}
	states := map[string]decide.Sight{}
	for _, alarm := range out.MetricAlarms {
		states[aws.ToString(alarm.AlarmName)] = sight(alarm.StateValue, alarm.StateTransitionedTimestamp, alarm.StateUpdatedTimestamp)
	}
	for _, alarm := range out.CompositeAlarms {
		states[aws.ToString(alarm.AlarmName)] = sight(alarm.StateValue, alarm.StateTransitionedTimestamp, alarm.StateUpdatedTimestamp)
	}
	return states, nil
}

// sight is a state and since when. The moment of the transition is the one that
// counts; an update may change the reason alone.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
func sight(state types.StateValue, transitioned, updated *time.Time) decide.Sight {
	since := transitioned
	if since == nil {
		since = updated
	}
	return decide.Sight{State: decide.AlarmState(state), Since: aws.ToTime(since)}
}

// Turns counts how often an alarm went into ALARM since a moment. What it cannot read
// whole it does not count at all.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (r Reader) Turns(ctx context.Context, alarm plan.Alarm, since time.Time) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	turns := 0
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(r.in(alarm.Region), &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName:       aws.String(alarm.Name),
		AlarmTypes:      []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		HistoryItemType: types.HistoryItemTypeStateUpdate,
		StartDate:       aws.Time(since),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("read the history of alarm %s: %w", alarm.Name, err)
		}
		for _, item := range page.AlarmHistoryItems {
			var change struct {
				Old state `json:"oldState"`
				New state `json:"newState"`
			}
			if err := json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &change); err != nil {
				return 0, fmt.Errorf("read the history of alarm %s: %w", alarm.Name, err)
			}
			if change.Old.Value == "" || change.New.Value == "" {
				return 0, fmt.Errorf("read the history of alarm %s: a change without its states", alarm.Name)
			}
			if change.New.Value == string(types.StateValueAlarm) && change.Old.Value != change.New.Value {
				turns++
			}
		}
	}
	return turns, nil
}

// state is one of the two that a change in an alarm's history has.
type state struct {
	Value string `json:"stateValue"`
}
