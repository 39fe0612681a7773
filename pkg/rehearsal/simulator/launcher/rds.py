"""RDS: a replica is an instance of its own, and promotion ends its being one;
snapshots are copied and restored as AWS does it, and automated backups replicated."""

from moto.core import utils as moto_time
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import DBInstanceAlreadyExists, DBInstanceNotFoundError, RDSClientError
from moto.rds.models import DBInstance, RDSBackend

from . import mending, rds_backups, rds_lag, rds_restores, rds_snapshots

# What ModifyDBInstance keeps for the maintenance window unless it is told to apply
# it at once: moto's name, and the one in PendingModifiedValues.
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "multi_az": "MultiAZ",
    "storage_type": "StorageType",
}


def mend() -> None:
    rds_snapshots.mend()
    rds_backups.mend()
    rds_restores.mend()
    rds_lag.mend()
    mending.replace(RDSBackend, "create_db_instance_read_replica", create_db_instance_read_replica)
    mending.replace(RDSBackend, "promote_read_replica", promote_read_replica)
    mending.replace(RDSBackend, "modify_db_instance", modify_db_instance)
    mending.replace(DBInstance, "remove_replica", remove_replica)
    mending.add_property(DBInstance, "status_infos", status_infos)
    mending.add_property(DBInstance, "pending_modified_values", pending_modified_values)


def create_db_instance_read_replica(moto, self, db_kwargs):
    """moto makes a replica by a shallow copy: it has the source's resource id, age,
    zone (of another region) and Multi-AZ, shares its lists, and takes the place of an
    instance of the same name. A replica is an instance of its own in a zone of its
    region, single-AZ unless the call says MultiAZ, with automated backups off until it
    is promoted, and a name in use is DBInstanceAlreadyExists
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html).
    We part the copy from its source."""
    if db_kwargs["db_instance_identifier"] in self.databases:
        raise DBInstanceAlreadyExists()
    replica = moto(self, db_kwargs)
    for name, value in list(vars(replica).items()):
        if isinstance(value, (list, dict)):
            setattr(replica, name, value.copy())
    replica.dbi_resource_id = "db-" + mock_random.get_random_hex(26).upper()
    replica.instance_create_time = replica.created = moto_time.utcnow()
    replica.multi_az = bool(db_kwargs.get("multi_az"))
    replica.tags = db_kwargs.get("tags") or []
    replica.backup_retention_period = 0
    replica.availability_zone = db_kwargs.get("availability_zone") or f"{self.region_name}a"
    return replica


def promote_read_replica(moto, self, db_kwargs):
    """moto promotes anything any number of times, keeps the link to the source on both
    sides, and answers an unknown instance with a 500. A promoted replica is a
    standalone instance: it names no source, no source names it, its automated backups
    are on (one day unless the call says otherwise); an instance that is no replica is
    InvalidDBInstanceState
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html).
    So do we. The source is told at once, even when its region is unreachable for the
    caller: AWS does it when the region is back."""
    name = db_kwargs["db_instance_identifier"]
    database = self.databases.get(name)
    if database is None:
        raise DBInstanceNotFoundError(name)
    if not database.is_replica:
        raise RDSClientError("InvalidDBInstanceState", f"DB Instance {name} is not a read replica.")
    try:
        self.find_db_from_id(database.source_db_instance_identifier).remove_replica(database)
    except DBInstanceNotFoundError:
        pass  # the source was deleted before
    promoted = moto(self, {"backup_retention_period": 1, **db_kwargs})
    promoted.source_db_instance_identifier = None
    return promoted


def remove_replica(moto, self, replica):
    """moto lists a replica in another region by ARN and looks for it by name, so
    deleting one is a 500. AWS lists the names of the region's own and the ARNs of
    others (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html).
    We take away whichever is there."""
    names = (replica.db_instance_identifier, replica.db_instance_arn)
    self.replicas = [r for r in self.replicas if r not in names]


def modify_db_instance(moto, self, db_instance_identifier, db_kwargs):
    """moto changes everything at once. Without ApplyImmediately a new class, Multi-AZ
    and their like wait in PendingModifiedValues for the maintenance window
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html).
    So they do here, and no window ever comes; ApplyImmediately applies them too."""
    database = self.describe_db_instances(db_instance_identifier)[0]
    pending = vars(database).setdefault("deferred", {})
    if db_kwargs.get("apply_immediately"):
        db_kwargs = {**{k: v for k, v in pending.items() if db_kwargs.get(k) is None}, **db_kwargs}
        pending.clear()
    else:
        kept = {k: v for k, v in dict(db_kwargs).items() if k in DEFERRED and v is not None}
        pending.update({k: v for k, v in kept.items() if v != getattr(database, k)})
        db_kwargs = {k: v for k, v in dict(db_kwargs).items() if k not in kept}
    return moto(self, database.db_instance_identifier, db_kwargs)


def pending_modified_values(self):
    """moto answers none: see modify_db_instance."""
    return {DEFERRED[k]: v for k, v in vars(self).get("deferred", {}).items()}


def status_infos(self):
    """moto answers none. A replica says how its replication is, any other instance
    nothing (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceStatusInfo.html).
    Here it always replicates: lag is a CloudWatch metric that the workload publishes."""
    if not self.is_replica:
        return []
    return [{"StatusType": "read replication", "Normal": True, "Status": "replicating"}]
