"""RDS's replication of automated backups to another region, which moto lacks."""

import datetime

from moto.core import utils as moto_time
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import InvalidParameterValue, RDSClientError
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from . import mending

# Transaction logs are taken every five minutes, and travel then.
BEHIND = datetime.timedelta(minutes=5)


def mend() -> None:
    mending.add(RDSResponse, "start_db_instance_automated_backups_replication", start)
    mending.add(RDSResponse, "stop_db_instance_automated_backups_replication", stop)
    mending.replace(RDSBackend, "describe_db_instance_automated_backups", describe)


class Replicated:
    """The backups of an instance of another region, as this one keeps them
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceAutomatedBackup.html)."""

    def __init__(self, here, database, days, key, tags):
        self.database = database
        self.began = moto_time.utcnow()
        self.stopped = None
        self.backup_retention_period = days
        self.kms_key_id, self.encrypted = key, bool(key)
        self.tag_list = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags]
        self.region = database.backend.region_name
        self.engine, self.engine_version = database.engine, database.engine_version
        self.allocated_storage = database.allocated_storage
        self.db_instance_identifier = database.db_instance_identifier
        self.db_instance_arn, self.dbi_resource_id = database.db_instance_arn, database.dbi_resource_id
        name = "ab-" + mock_random.get_random_hex(26)
        self.db_instance_automated_backups_arn = f"arn:aws:rds:{here.region_name}:{here.account_id}:auto-backup:{name}"

    @property
    def alive(self):
        there = self.database.backend.databases.get(self.db_instance_identifier)
        return there is self.database

    @property
    def status(self):
        if not self.alive and not self.stopped:
            self.stopped = moto_time.utcnow()
        return "retained" if self.stopped else "replicating"

    @property
    def restore_window(self):
        """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html"""
        latest = (self.stopped or moto_time.utcnow()) - BEHIND
        if latest < self.began:
            return {}
        return {"EarliestTime": self.began, "LatestTime": latest}


class Own:
    """The backups of an instance in its own region: restorable from its creation to
    five minutes ago, while they are on
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html)."""

    def __init__(self, database):
        self.database = database
        self.status = "active"
        self.backup_retention_period = database.backup_retention_period
        self.kms_key_id, self.encrypted = database.kms_key_id, database.storage_encrypted
        self.region = database.backend.region_name
        self.engine, self.engine_version = database.engine, database.engine_version
        self.allocated_storage = database.allocated_storage
        self.db_instance_identifier = database.db_instance_identifier
        self.db_instance_arn, self.dbi_resource_id = database.db_instance_arn, database.dbi_resource_id

    @property
    def restore_window(self):
        began, latest = self.database.created.replace(tzinfo=None), moto_time.utcnow() - BEHIND
        return {"EarliestTime": began, "LatestTime": latest} if self.backup_retention_period and began <= latest else {}


def start(self):
    """AWS copies what there is and adds to it from then on. It refuses a database
    whose backups are off, one that is replicated already, and an encrypted one
    without a key of the region it comes to
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.Enable.html).
    Ours can be restored to any moment since it began, the last five minutes apart."""
    said = self.params
    source = said["SourceDBInstanceArn"]
    there = self.backend.get_backend("rds", source.split(":")[3])
    database = there.describe_db_instances(source.split(":")[-1])[0]
    if (database.engine or "").startswith("aurora"):
        raise InvalidParameterValue(f"Automated backups replication is not supported for engine {database.engine}.")
    if not database.backup_retention_period:
        raise RDSClientError("InvalidDBInstanceState", "Automated backups are not enabled for the source DB instance.")
    kept = replications(self.backend)
    if any(b.database is database and not b.stopped for b in kept):
        raise RDSClientError("InvalidDBInstanceState", "The DB instance is already replicating to this Region.")
    key = said.get("KmsKeyId")
    if database.storage_encrypted and not key:
        raise RDSClientError("KMSKeyNotAccessibleFault", "The source DB instance is encrypted: name a KMS key.")
    if key:
        key = self.backend._validate_kms_key(key)
    backup = Replicated(self.backend, database, said.get("BackupRetentionPeriod") or 7, key, said.get("Tags") or [])
    kept.append(backup)
    return ActionResult({"DBInstanceAutomatedBackup": backup})


def stop(self):
    """What was replicated is retained
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StopDBInstanceAutomatedBackupsReplication.html)."""
    for backup in replications(self.backend):
        if backup.db_instance_arn == self.params["SourceDBInstanceArn"] and not backup.stopped:
            backup.stopped = moto_time.utcnow()
            return ActionResult({"DBInstanceAutomatedBackup": backup})
    raise RDSClientError("InvalidDBInstanceState", "The DB instance is not replicating to this Region.")


def describe(moto, self, db_instance_identifier=None, **_):
    """moto lists the region's own backups without what they can be restored to. AWS
    says it, and lists those that came from another region beside them
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html)."""
    own = [Own(d) for d in self.databases.values() if d.backup_retention_period and d.db_cluster_identifier is None]
    own = [b for b in own if db_instance_identifier in (None, b.db_instance_identifier)]
    return own + [b for b in replications(self) if db_instance_identifier in (None, b.db_instance_identifier)]


def replications(backend):
    return vars(backend).setdefault("replicated_backups", [])
