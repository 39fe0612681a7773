"""CloudWatch: alarms that know when they changed, and say so on the event bus."""

import json
import uuid

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.events.models import events_backends

from . import alarm_history, mending


def mend() -> None:
    mending.add_property(Alarm, "state_transitioned_timestamp", state_transitioned_timestamp)
    mending.replace(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
    mending.replace(CloudWatchBackend, "set_alarm_state", set_alarm_state)
    alarm_history.mend()


def state_transitioned_timestamp(self):
    """moto answers none. It is when the state last changed its value; StateUpdatedTimestamp
    moves with every report of it
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html)."""
    return vars(self).get("transitioned", self.state_updated_timestamp)


def put_metric_alarm(moto, self, name, *args, **kwargs):
    """moto makes an alarm in OK, again on every update. A new alarm is in
    INSUFFICIENT_DATA until it is evaluated, an updated one keeps its state
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
    So does ours, and as moto evaluates nothing, SetAlarmState alone moves it."""
    before = self.alarms.get(name)
    alarm = moto(self, name, *args, **kwargs)
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
        alarm.transitioned = alarm.state_updated_timestamp
        return alarm
    for kept in ("history", "state_reason", "state_reason_data", "state_updated_timestamp", "state_value"):
        setattr(alarm, kept, getattr(before, kept))
    alarm.transitioned = before.state_transitioned_timestamp
    return alarm


def set_alarm_state(moto, self, alarm_name, reason, reason_data, state_value):
    """moto sets the state and tells no one. A state that changes is an event on the
    default bus of the alarm's region
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html).
    We put one in that form; a state that stays the same makes none."""
    alarm = self.alarms.get(alarm_name)
    before = state(alarm) if alarm else None
    moto(self, alarm_name, reason, reason_data, state_value)
    if before["value"] == state_value:
        # update_state moved only StateUpdatedTimestamp.
        return
    alarm.transitioned = alarm.state_updated_timestamp
    detail = {
        "alarmName": alarm.name,
        "configuration": {"description": alarm.description or "", "metrics": metrics(alarm)},
        "previousState": before,
        "state": state(alarm),
    }
    event = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Resources": [alarm.alarm_arn],
        "Detail": json.dumps(detail),
    }
    events_backends[self.account_id][self.region_name].put_events([event])


def state(alarm):
    """A state as the event says it: milliseconds, and an offset without a colon."""
    at = alarm.state_updated_timestamp
    said = {
        "reason": alarm.state_reason,
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}+0000",
        "value": alarm.state_value,
    }
    # CloudWatch leaves reasonData out of a state that was never evaluated.
    if alarm.state_reason_data and alarm.state_reason_data != "{}":
        said["reasonData"] = alarm.state_reason_data
    return said


def metrics(alarm):
    """The alarm's metrics as the event says them, one for a single-metric alarm."""
    if not alarm.metric_data_queries:
        return [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.alarm_arn)),
                "metricStat": metric_stat(alarm, alarm.period, alarm.statistic or alarm.extended_statistic, alarm.unit),
                "returnData": True,
            }
        ]
    said = []
    for query in alarm.metric_data_queries:
        metric = {"id": query.id, "returnData": query.return_data is not False}
        if query.expression:
            metric["expression"] = query.expression
        if query.label:
            metric["label"] = query.label
        if query.metric_stat:
            stat = query.metric_stat
            metric["metricStat"] = metric_stat(stat.metric, stat.period, stat.stat, stat.unit)
        said.append(metric)
    return said


def metric_stat(of, period, stat, unit):
    said = {
        "metric": {
            "dimensions": {d.name: d.value for d in of.dimensions},
            "name": of.metric_name,
            "namespace": of.namespace,
        },
        "period": int(period),
        "stat": stat,
    }
    return said | ({"unit": unit} if unit else {})
