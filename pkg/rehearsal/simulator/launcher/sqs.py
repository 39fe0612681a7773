"""SQS: no message is lost between two requests, and an old one stands in nobody's way."""

from moto.sqs.models import Queue, SQSBackend

from . import mending


def mend():
    mending.replace(SQSBackend, "receive_message", receive_message)
    mending.replace(Queue, "delete_message", delete_message)


def receive_message(
    moto, self, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names=None
):
    """ReceiveMessage. moto keeps a message whose retention is over and ends the
    answer where it comes to it. AWS deletes it.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    queue = self.get_queue(queue_name)
    # The lock that add_message takes; a wait for messages lets go of it.
    with queue._messages_lock:
        for message in list(queue._messages):
            if not self.is_message_valid_based_on_retention_period(queue_name, message):
                queue.pending_messages.discard(message)
                queue._messages.remove(message)
        return moto(self, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names)


def delete_message(moto, self, receipt_handle):
    """DeleteMessage. moto puts a new list in the old one's place, and loses what
    was sent in between."""
    with self._messages_lock:
        return moto(self, receipt_handle)
