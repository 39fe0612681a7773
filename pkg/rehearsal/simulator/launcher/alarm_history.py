"""The history of an alarm's state, which moto keeps and does not show."""

import json

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from . import mending

# The most items of a page, as AWS has it, and how many there are unless told.
PAGE = 100


def mend() -> None:
    mending.add(CloudWatchResponse, "describe_alarm_history", describe_alarm_history)


def describe_alarm_history(self):
    """moto lacks it. AWS keeps the changes of an alarm's state for 30 days, newest
    first unless told otherwise
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html).
    So do we, of metric alarms; configurations and actions have no history here."""
    backend, name = self.cloudwatch_backend, self._get_param("AlarmName")
    alarms = [a for a in backend.alarms.values() if name in (None, a.name)]
    items = [item for alarm in alarms for item in changes(alarm)]
    if self._get_param("HistoryItemType") not in (None, "StateUpdate"):
        items = []
    since, until = self._get_param("StartDate"), self._get_param("EndDate")
    items = [i for i in items if (not since or i["Timestamp"] >= naive(since)) and (not until or i["Timestamp"] < naive(until))]
    items.sort(key=lambda i: i["Timestamp"], reverse=self._get_param("ScanBy") != "TimestampAscending")
    first, size = int(self._get_param("NextToken") or 0), self._get_int_param("MaxRecords") or PAGE
    answer = {"AlarmHistoryItems": items[first : first + size]}
    if first + size < len(items):
        answer["NextToken"] = str(first + size)
    return ActionResult(answer)


def changes(alarm):
    """moto notes every report of a state, with the state before it; CloudWatch notes
    those that changed its value."""
    befores = [{"stateValue": value, "stateReason": reason} for _, reason, _, value, _ in alarm.history]
    afters = befores[1:] + [{"stateValue": alarm.state_value, "stateReason": alarm.state_reason}]
    times = [at for *_, at in alarm.history][1:] + [alarm.state_updated_timestamp]
    for before, after, at in zip(befores, afters, times):
        if before["stateValue"] == after["stateValue"]:
            continue
        yield {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm",
            "Timestamp": at,
            "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {before['stateValue']} to {after['stateValue']}",
            "HistoryData": json.dumps({"version": "1.0", "oldState": before, "newState": after}),
        }


def naive(at):
    """moto's own times are UTC without saying so."""
    return at.replace(tzinfo=None)
