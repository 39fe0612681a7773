"""DynamoDB: a conditional write looks and writes in one step."""

import threading

from moto.dynamodb.models import DynamoDBBackend

from . import mending

WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")

# One for all tables: a transaction may span several. A write may make another.
_turn = threading.RLock()


def mend() -> None:
    for write in WRITES:
        mending.replace(DynamoDBBackend, write, one_at_a_time)


def one_at_a_time(moto, self, *args, **kwargs):
    """moto's server has a thread a request, and its writes check the condition and
    then write, so two requests can both see the condition hold and both succeed.
    DynamoDB serializes writes to an item: of two with the same condition one fails.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
    Writes take turns here."""
    with _turn:
        return moto(self, *args, **kwargs)
