"""SNS: what a topic sends to a queue goes through the front, as what everybody else sends."""

import json
import logging
import threading

from moto.sns.models import Subscription

from . import calls, mending

log = logging.getLogger("launcher.sns")

# The name that SNS signs with; the front records it as the caller.
CALLER = "sns.amazonaws.com"


def mend():
    mending.replace(Subscription, "publish", publish)


def publish(
    moto,
    self,
    message,
    message_id,
    subject=None,
    message_attributes=None,
    group_id=None,
    deduplication_id=None,
    message_structure=None,
):
    """One message to one subscriber. moto puts it into a queue behind everybody's back,
    so that nobody learns of it. AWS sends it in SNS's own name, and Publish does not
    wait for that (https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html).
    So do we, for standard queues and for what moto would send without an attribute."""
    raw = self.attributes.get("RawMessageDelivery")
    if self.protocol != "sqs" or group_id or self.endpoint.endswith(".fifo") or (message_attributes and raw):
        return moto(self, message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)
    if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(message_attributes, message):
        return None
    if message_structure == "json":
        message = self._parse_message_structure(message, self.protocol)
    body = message
    if not raw:
        body = json.dumps(self.get_post_data(message, message_id, subject, message_attributes=message_attributes))
    threading.Thread(target=send, args=(self.endpoint, body), daemon=True).start()
    return None


def send(queue, body):
    """To a queue, which is named by its ARN. AWS tries for days; here one answer is enough."""
    region, account, name = queue.split(":")[3:6]
    try:
        # "@": how the front reads in which account a caller is.
        calls.client("sqs", region, f"{CALLER}@{account}").send_message(QueueUrl=calls.url(f"/{account}/{name}"), MessageBody=body)
    except Exception:
        log.exception("a message was not delivered to %s", queue)
