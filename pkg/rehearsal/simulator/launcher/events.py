"""EventBridge: events as AWS writes them, to the targets that a rule names."""

import json
import logging
import re
import threading
import uuid

from jsonpath_ng.ext import parse
from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import EventsBackend, Rule, events_backends
from moto.utilities.arns import parse_arn

from . import calls, clock, mending

log = logging.getLogger("launcher.events")

# The name that EventBridge signs with; the front records it as the caller.
CALLER = "events.amazonaws.com"

PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


def mend():
    mending.replace(EventsBackend, "put_events", put_events)
    mending.replace(Rule, "send_to_targets", send_to_targets)


def emit(account, region, source, detail_type, resources, detail):
    """Put one event of AWS's own on the default bus."""
    event = new_event(account, region, source, detail_type, resources, detail, clock.iso())
    route(events_backends[account][region].describe_event_bus("default"), event)


def new_event(account, region, source, detail_type, resources, detail, time):
    """https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html"""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": time,
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def put_events(moto, self, events):
    """PutEvents. moto writes `time` as a number, matches rules that only have a
    schedule, and answers 500 when a target fails. AWS writes ISO 8601, answers
    for the entry alone and delivers afterwards. We leave what is wrong with an
    entry to moto, and take a right one on ourselves. AWS refuses sources that
    begin with "aws."; the rehearsal puts AWS's own events here, so we do not.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
    if len(events) > 10 or not all(is_entry(entry) for entry in events):
        return moto(self, events)
    answers = []
    for entry in events:
        bus = self.describe_event_bus(self._normalize_event_bus_arn(entry.get("EventBusName")))
        event = new_event(
            self.account_id,
            self.region_name,
            entry["Source"],
            entry["DetailType"],
            entry.get("Resources", []),
            json.loads(entry["Detail"]),
            entry_time(entry.get("Time")),
        )
        route(bus, event)
        answers.append({"EventId": event["id"]})
    return answers


def is_entry(entry):
    try:
        return bool(entry["Source"] and entry["DetailType"] and isinstance(json.loads(entry["Detail"]), dict))
    except (KeyError, TypeError, ValueError):
        return False


def entry_time(time):
    """SDKs send an entry's Time as seconds since 1970."""
    if time is None:
        return clock.iso()
    if isinstance(time, (int, float)):
        return iso_8601_datetime_without_milliseconds(utcfromtimestamp(time))
    return time


def route(bus, event, forwarded=False):
    """Give an event to the rules of a bus. Nothing that goes wrong here reaches
    who put the event."""
    for rule in list(bus.rules.values()):
        # A rule without a pattern has a schedule and listens to nothing.
        if rule.state == "ENABLED" and rule.event_pattern.dump():
            try:
                send(rule, event, forwarded)
            except Exception:
                log.exception("rule %s in %s", rule.name, rule.region_name)


def send_to_targets(moto, self, original_event, transform_input=True):
    """Where moto itself sends something, such as an archive's replay."""
    send(self, original_event, forwarded=False)


def send(rule, event, forwarded):
    if not rule.event_pattern.matches_event(event):
        return
    for target in list(rule.targets):
        # PutEvents waits for no target. A thread each, because a target in a region
        # that hangs must not keep the others waiting.
        threading.Thread(target=deliver, args=(rule, target, event, forwarded), daemon=True).start()


def deliver(rule, target, event, forwarded):
    """One event to one target. moto knows no Lambda target and raises, and sends
    a changed event to another region's bus: new id, no resources, that region.
    AWS invokes a function asynchronously, and an event keeps its id, time,
    resources, account and region on another bus, from where it is not sent on to
    a third. We do as AWS for those two, and for SQS, and say of others that they
    are not delivered.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html"""
    try:
        arn = parse_arn(target["Arn"])
        if arn.service == "lambda":
            calls.client("lambda", arn.region, CALLER).invoke(
                FunctionName=target["Arn"], InvocationType="Event", Payload=target_input(target, event, rule)
            )
        elif arn.service == "events" and arn.resource_type == "event-bus":
            if not forwarded:
                route(events_backends[arn.account][arn.region].describe_event_bus(arn.resource_id), event, True)
        elif arn.service == "sqs":
            # "@": how the front reads in which account a caller is.
            calls.client("sqs", arn.region, f"{CALLER}@{arn.account}").send_message(
                QueueUrl=calls.url(f"/{arn.account}/{arn.resource_id}"), MessageBody=target_input(target, event, rule)
            )
        else:
            raise NotImplementedError("the rehearsal delivers to Lambda, event buses and SQS alone")
    except Exception:
        log.exception("rule %s in %s: %s not delivered to %s", rule.name, rule.region_name, event["id"], target["Arn"])


def target_input(target, event, rule):
    """What a target gets: a constant, a part of the event, a template, or the event."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        return json.dumps(first_match(target["InputPath"], event))
    if "InputTransformer" in target:
        return transform(target["InputTransformer"], event, rule)
    return json.dumps(event)


def transform(transformer, event, rule):
    """InputTransformer. moto pastes values in as they are, so that a string makes
    invalid JSON. AWS writes a JSON value where a placeholder stands by itself,
    and its text where it stands inside a string; what a path does not find is
    null or empty. Objects inside a string lose their quotes on AWS; we escape
    them instead.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    values = {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": clock.iso(),
        "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": event,
    }
    for name, path in transformer.get("InputPathsMap", {}).items():
        values[name] = first_match(path, event)
    template = transformer["InputTemplate"]

    def fill(match):
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        if not in_string(template, match.start()):
            return json.dumps(value)
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
        return json.dumps(text)[1:-1]

    filled = PLACEHOLDER.sub(fill, template)
    json.loads(filled)
    return filled


def in_string(template, position):
    """Whether position is inside a JSON string: after an odd number of quotes."""
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1


def first_match(path, event):
    # "$" is by far the most common, and copying the event by JSONPath is slow.
    if path == "$":
        return event
    # jsonpath reads the hyphen of $.detail-type as a subtraction.
    found = parse(re.sub(r"\.([A-Za-z_]\w*(?:-\w+)+)", r"['\1']", path)).find(event)
    return found[0].value if found else None
