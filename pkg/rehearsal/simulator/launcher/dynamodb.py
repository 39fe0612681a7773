"""DynamoDB: a conditional write looks and writes in one step; tables have replicas
and backups that go on."""

import copy
import threading

from moto.core.utils import unix_time
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from . import mending

WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")

# How far behind now a table can be restored to, as AWS says of it.
RESTORABLE_AFTER = 300

# One for all tables: a transaction may span several. A write may make another.
_turn = threading.RLock()


def mend() -> None:
    for write in WRITES:
        mending.replace(DynamoDBBackend, write, one_at_a_time)
    mending.replace(DynamoDBBackend, "describe_continuous_backups", describe_continuous_backups)
    mending.replace(DynamoHandler, "update_table", update_table)
    mending.replace(Table, "describe", describe)


def one_at_a_time(moto, self, *args, **kwargs):
    """moto's server has a thread a request, and its writes check the condition and
    then write, so two requests can both see the condition hold and both succeed.
    DynamoDB serializes writes to an item: of two with the same condition one fails.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
    Writes take turns here."""
    with _turn:
        return moto(self, *args, **kwargs)


def describe_continuous_backups(moto, self, table_name):
    """moto can restore a table to the moment its backups were turned on and to no
    other. AWS's newest moment is typically five minutes ago
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoveryDescription.html)."""
    backups = moto(self, table_name)
    recovery = backups["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
        recovery["LatestRestorableDateTime"] = max(recovery["EarliestRestorableDateTime"], unix_time() - RESTORABLE_AFTER)
    return backups


def update_table(moto, self):
    """moto drops ReplicaUpdates. In AWS they make and delete a table of the same name
    in another region, and each says that it has the other
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html).
    So do ours, at once and without the items: nothing is replicated."""
    answer = moto(self)
    changes = self.body.get("ReplicaUpdates")
    if not changes:
        return answer
    table = self.dynamodb_backend.get_table(self.body["TableName"])
    for change in changes:
        for verb, replica in change.items():
            CHANGES[verb](table, dynamodb_backends[table.account_id][replica["RegionName"]])
    return DynamoResult(table.describe())


def add_replica(table, there):
    replica = there.create_table(
        name=table.name,
        schema=copy.deepcopy(table.schema),
        throughput=copy.deepcopy(table.throughput),
        attr=copy.deepcopy(table.attr),
        global_indexes=[],
        indexes=[],
        streams=None,
        billing_mode=table.billing_mode,
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    # All replicas of a table share one set of regions.
    replica.regions = vars(table).setdefault("regions", {table.region_name})
    replica.regions.add(there.region_name)


def delete_replica(table, there):
    there.delete_table(table.name)
    table.regions.discard(there.region_name)


CHANGES = {"Create": add_replica, "Update": lambda table, there: None, "Delete": delete_replica}


def describe(moto, self, base_key="TableDescription"):
    """moto's tables have no replicas; see update_table."""
    said = moto(self, base_key)
    others = sorted(vars(self).get("regions", set()) - {self.region_name})
    if others:
        said[base_key]["GlobalTableVersion"] = "2019.11.21"
        said[base_key]["Replicas"] = [{"RegionName": region, "ReplicaStatus": "ACTIVE"} for region in others]
    return said
