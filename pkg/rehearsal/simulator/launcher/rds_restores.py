"""RDS's restores, and what else a recovery asks of RDS that moto lacks or has wrong."""

from moto.core import utils as moto_time
from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceAlreadyExists, DBInstanceNotFoundError, RDSClientError
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from . import mending, rds_backups

# What the data bring along. Everything else is said by the call, or is RDS's default.
KEPT = (
    "allocated_storage", "auto_minor_version_upgrade", "backup_retention_period", "db_instance_class", "db_name", "engine",
    "engine_version", "iops", "kms_key_id", "license_model", "master_username", "port", "storage_encrypted", "storage_type",
)

CLUSTER_KEPT = ("allocated_storage", "backup_retention_period", "database_name", "engine", "engine_version", "kms_key_id", "master_username", "port", "storage_encrypted")

# Classes that every engine has here, in several zones each.
FAMILIES = ("m5", "m6g", "m7g", "r5", "r6g", "r7g", "t3", "t4g")
SIZES = ("micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge")
INSTANCES = 40


def mend() -> None:
    mending.replace(RDSBackend, "restore_db_instance_from_db_snapshot", from_snapshot)
    mending.replace(RDSBackend, "restore_db_instance_to_point_in_time", to_point_in_time)
    mending.replace(RDSBackend, "restore_db_cluster_from_snapshot", from_cluster_snapshot)
    mending.replace(RDSBackend, "delete_db_instance", delete_db_instance)
    mending.replace(RDSBackend, "describe_orderable_db_instance_options", orderable)
    mending.add(RDSResponse, "describe_account_attributes", account_attributes)


def from_snapshot(moto, self, from_snapshot_id, overrides):
    """moto's restored instance takes over the source's zone, resource id, tags, Multi-AZ
    and deletion protection. AWS's has the snapshot's data, engine and key, and else
    what the call says
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html)."""
    snapshot = self.get_db_snapshot(from_snapshot_id)
    made = restored(self, snapshot.database, overrides["db_instance_identifier"], overrides)
    made.storage_encrypted, made.kms_key_id = snapshot.encrypted, snapshot.kms_key_id if snapshot.encrypted else None
    return made


def from_cluster_snapshot(moto, self, from_snapshot_id, overrides):
    """moto finds no cluster's snapshot by ARN, and hands the source's tags, groups and
    zones on, over a cluster of the new name. AWS takes an ARN too, and the cluster has
    no instances
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html)."""
    if overrides["db_cluster_identifier"] in self.clusters:
        raise DBClusterAlreadyExists()
    snapshot = self.get_db_cluster_snapshot(from_snapshot_id)
    props = {k: getattr(snapshot.cluster, k) for k in CLUSTER_KEPT if getattr(snapshot.cluster, k, None) is not None}
    props["master_user_password"] = "as-it-was"  # moto tells none
    props.update({k: v for k, v in dict(overrides).items() if v not in (None, "", [])})
    return self.create_db_cluster(props)


def to_point_in_time(moto, self, source_db_identifier, target_db_identifier, overrides):
    """moto restores what is there now, by the name of an instance of the region alone,
    over an instance of the new name. AWS takes replicated backups by ARN and an
    instance by its resource id too, and refuses a moment that they do not hold
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html)."""
    backup, database = kept(self, source_db_identifier, overrides)
    window = backup.restore_window
    moment = overrides.get("restore_time")
    if not window or moment and not window["EarliestTime"] <= moment.replace(tzinfo=None) <= window["LatestTime"]:
        raise RDSClientError("PointInTimeRestoreNotEnabled" if not window else "InvalidRestoreFault", f"{database.db_instance_identifier} cannot be restored to {moment}.")
    made = restored(self, database, target_db_identifier, overrides)
    made.restored_to = moment or window["LatestTime"]
    if isinstance(backup, rds_backups.Replicated):
        made.storage_encrypted, made.kms_key_id = backup.encrypted, backup.kms_key_id
    return made


def kept(self, name, said):
    """The backups that a call means, and the instance that they are of."""
    arn, resource = said.get("source_db_instance_automated_backups_arn"), said.get("source_dbi_resource_id")
    if arn:
        for backup in rds_backups.replications(self):
            if backup.db_instance_automated_backups_arn == arn:
                return backup, backup.database
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"Automated backup {arn} not found.")
    for database in self.databases.values():
        if database.db_instance_identifier == name or database.dbi_resource_id == resource:
            return rds_backups.Own(database), database
    raise DBInstanceNotFoundError(name or resource)


class DBClusterAlreadyExists(RDSClientError):
    def __init__(self):
        super().__init__("DBClusterAlreadyExistsFault", "DB Cluster already exists")


def restored(self, database, name, said):
    if name in self.databases:
        raise DBInstanceAlreadyExists()
    props = {k: getattr(database, k) for k in KEPT if getattr(database, k, None) is not None}
    props["master_user_password"] = "as-it-was"  # moto tells none
    props.update({k: v for k, v in dict(said).items() if v not in (None, "", [])}, db_instance_identifier=name)
    made = self.create_db_instance(props)
    made.instance_create_time = made.created = moto_time.utcnow()
    return made


def delete_db_instance(moto, self, db_instance_identifier, final_db_snapshot_identifier=None, skip_final_snapshot=False, delete_automated_backups=True):
    """moto makes a final snapshot of a replica, and of nothing when the call neither
    names one nor says that there is to be none. AWS refuses both
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html)."""
    database = self.databases.get(db_instance_identifier)
    clustered = database is not None and database.db_cluster_identifier is not None
    if database is not None and database.is_replica and final_db_snapshot_identifier:
        raise RDSClientError("InvalidParameterCombination", "FinalDBSnapshotIdentifier cannot be specified when deleting a replica.")
    if database is not None and not clustered and not database.is_replica and not skip_final_snapshot and not final_db_snapshot_identifier:
        raise RDSClientError("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    return moto(self, db_instance_identifier, final_db_snapshot_identifier, skip_final_snapshot, delete_automated_backups)


def orderable(moto, self, engine, engine_version):
    """moto knows the classes of two engines. Here every engine has the same ones, as
    AWS has for each
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html)."""
    return [
        {"Engine": engine, "EngineVersion": engine_version, "DBInstanceClass": f"db.{family}.{size}", "MultiAZCapable": True, "Vpc": True}
        for family in FAMILIES
        for size in SIZES
    ]


def account_attributes(self):
    """The quota of instances, which is 40 a region unless it was raised
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html)."""
    quota = {"AccountQuotaName": "DBInstances", "Used": len(self.backend.databases), "Max": INSTANCES}
    return ActionResult({"AccountQuotas": [quota]})

