"""RDS snapshots as they are copied: between accounts, and under which key."""

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import InvalidParameterCombination, KMSKeyNotAccessibleFault
from moto.rds.models import DBSnapshot, RDSBackend
from moto.rds.responses import RDSResponse

from . import mending

LISTINGS = ("describe_db_snapshots", "describe_db_clusters", "describe_db_cluster_snapshots")


def mend() -> None:
    for listing in LISTINGS:
        mending.replace(RDSResponse, listing, in_pages)
    mending.replace(RDSBackend, "create_db_instance", create_db_instance)
    mending.replace(RDSBackend, "create_db_cluster", create_db_cluster)
    mending.replace(RDSBackend, "get_snapshot", get_snapshot)
    mending.replace(RDSBackend, "_validate_kms_key", validate_kms_key)
    mending.replace(RDSBackend, "copy_db_snapshot", copy_db_snapshot)
    mending.replace(RDSBackend, "copy_db_cluster_snapshot", copy_db_cluster_snapshot)
    mending.add_property(DBSnapshot, "option_group_name", option_group_name)


def in_pages(moto, self):
    """moto answers everything at once. RDS gives a hundred and a marker
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html)."""
    ((listing, everything),) = moto(self).result.items()
    first, size = int(self.params.get("Marker") or 0), self.params.get("MaxRecords") or 100
    marker = str(first + size) if first + size < len(everything) else None
    return ActionResult({listing: list(everything)[first : first + size], "Marker": marker})


def create_db_instance(moto, self, db_kwargs):
    """moto keeps the key of a database as it was named, and the word
    default_kms_key_id when it was not, also of a plain cluster, and gives every
    database one resource id. AWS answers the key's ARN, of its own key by default, and
    none of what is plain; a resource id is never another's
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html)."""
    database = moto(self, {**db_kwargs, "kms_key_id": key_of(self, db_kwargs)})
    database.dbi_resource_id = "db-" + mock_random.get_random_hex(26).upper()
    return database


def create_db_cluster(moto, self, kwargs):
    """The same of clusters
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html)."""
    cluster = moto(self, {**kwargs, "kms_key_id": key_of(self, kwargs)})
    cluster.kms_key_id = cluster.kms_key_id if cluster.storage_encrypted else None
    return cluster


def key_of(self, said):
    encrypted = str(said.get("storage_encrypted")).lower() == "true"
    return self._validate_kms_key(said.get("kms_key_id") or "alias/aws/rds") if encrypted else None


def get_snapshot(moto, self, identifier, resource_type, not_found_exception):
    """moto looks for the snapshot of an ARN in the caller's account. AWS looks in the
    ARN's, where the snapshot must be shared with the caller
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html)."""
    owner = account_of(identifier, self)
    if owner == self.account_id:
        return moto(self, identifier, resource_type, not_found_exception)
    region = identifier.split(":")[3]
    found = moto(self.get_backend("rds", region, owner), identifier, resource_type, not_found_exception)
    if not {self.account_id, "all"} & set(found.attributes["restore"]):
        raise not_found_exception(identifier)
    return found


def validate_kms_key(moto, self, kms_key_id):
    """moto breaks on an alias that is not there, and encrypts with a key that is
    disabled or waits for its deletion. AWS refuses both
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html)."""
    try:
        key = moto(self, kms_key_id)
    except AttributeError:
        raise KMSKeyNotAccessibleFault(kms_key_id) from None
    owner, region = key.split(":")[4], key.split(":")[3]
    if self.get_backend("kms", region, owner).describe_key(key).key_state != "Enabled":
        raise KMSKeyNotAccessibleFault(kms_key_id)
    return key


def copy_db_snapshot(
    moto, self, source_db_snapshot_identifier, target_db_snapshot_identifier, kms_key_id=None, tags=None, copy_tags=False, **_
):
    """moto's copies do not say what they are copies of, and keep the key of another
    region. AWS's name their source when it is in another region or account, and an
    encrypted one needs a key of the region that it comes to
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBSnapshot.html)."""
    source = self.get_db_snapshot(source_db_snapshot_identifier)
    crossed = apart(self, source)
    if crossed and source.encrypted and not kms_key_id:
        raise KMSKeyNotAccessibleFault("None")
    copy = moto(self, source_db_snapshot_identifier, target_db_snapshot_identifier, kms_key_id, tags, copy_tags)
    copy.source_region = source.backend.region_name
    copy.source_db_snapshot_identifier = source.arn if crossed else None
    copy.options = _.get("option_group_name")
    return copy


def copy_db_cluster_snapshot(
    moto, self, source_db_cluster_snapshot_identifier, target_db_cluster_snapshot_identifier, kms_key_id=None, copy_tags=False, tags=None, **_
):
    """The same of clusters, of which an encrypted copy of a plain snapshot is refused
    (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html)."""
    source = self.get_db_cluster_snapshot(source_db_cluster_snapshot_identifier)
    if kms_key_id and not source.encrypted:
        raise InvalidParameterCombination("KmsKeyId cannot be specified for an unencrypted DB cluster snapshot.")
    if apart(self, source) and source.encrypted and not kms_key_id:
        raise KMSKeyNotAccessibleFault("None")
    copy = moto(self, source_db_cluster_snapshot_identifier, target_db_cluster_snapshot_identifier, kms_key_id, copy_tags, tags)
    copy.source_db_cluster_snapshot_arn = source.arn
    return copy


def option_group_name(self):
    """moto's snapshots have no option group. AWS's have the database's; a copy has the
    one that the call names, or in another region the default one
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html)."""
    if vars(self).get("options"):
        return self.options
    if vars(self).get("source_db_snapshot_identifier"):
        return f"default:{self.engine}-{'-'.join(self.engine_version.split('.')[:2])}"
    return self.database.option_group_name


def apart(self, source):
    here = (self.account_id, self.region_name)
    return (source.backend.account_id, source.backend.region_name) != here


def account_of(identifier, self):
    return identifier.split(":")[4] if identifier.startswith("arn") else self.account_id
