"""EBS snapshots: what they were taken of, who owns them, which key they carry."""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidParameterDependency
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.utils import random_snapshot_id
from moto.kms import kms_backends

from . import mending, sharing


def mend() -> None:
    mending.replace(TaggedEC2Resource, "get_tags", get_tags)
    mending.replace(EBSBackend, "create_snapshot", create_snapshot)
    mending.replace(EBSBackend, "create_snapshots", create_snapshots)
    mending.replace(ElasticBlockStore, "create_snapshots", tag_like_the_volumes)
    mending.replace(ElasticBlockStore, "copy_snapshot", copy_snapshot)
    mending.replace(ElasticBlockStore, "describe_snapshots", describe_snapshots)


class Origin:
    """What a snapshot remembers of its volume, which may grow or go."""

    def __init__(self, volume_id, size):
        self.id = volume_id
        self.size = size


# The volume of every copy: an arbitrary id "that should not be used for any purpose",
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
NO_VOLUME = "vol-ffffffff"


def get_tags(moto, self):
    """moto matches every tag of the region against a pattern for each resource
    described, so DescribeSnapshots is quadratic: 1.6 s for 300 snapshots of six tags,
    a minute and a half at a time scale of 60, against 0.7 s here. What AWS answers for
    one resource does not depend on how many others there are. Same tags, looked up."""
    if not self.id:
        return []
    tags = self.ec2_backend.tags.get(self.id, {})
    return [{"resource_id": self.id, "key": k, "value": v} for k, v in tags.copy().items()]


def create_snapshot(moto, self, volume_id, description, owner_id=None, from_ami=None):
    """moto forgets the volume's key and follows the volume when it is resized.
    A snapshot has the key and the size that the volume had
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html).
    We note both at once."""
    snapshot = moto(self, volume_id, description, owner_id, from_ami)
    snapshot.kms_key_id = snapshot.volume.kms_key_id
    snapshot.volume = Origin(volume_id, snapshot.volume.size)
    return snapshot


def create_snapshots(moto, self, instance_spec, description, tags):
    """moto ignores ExcludeDataVolumeIds and gives each snapshot of a set a time of
    its own. The set is one point in time across the volumes
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html).
    We take the excluded ones away again and give all the first one's StartTime."""
    excluded = instance_spec.get("ExcludeDataVolumeIds", [])
    taken = []
    for snapshot in moto(self, instance_spec, description, tags):
        if snapshot.volume_id in excluded:
            del self.snapshots[snapshot.id]
        else:
            taken.append(snapshot)
    for snapshot in taken:
        snapshot.start_time = taken[0].start_time
    return taken


def tag_like_the_volumes(moto, self):
    """moto does not implement CopyTagsFromSource. With "volume", each snapshot
    gets its volume's tags beside those of the request; aws: tags are reserved and
    stay behind
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html)."""
    answer = moto(self)
    if self._get_param("CopyTagsFromSource") == "volume":
        for snapshot in answer.result["Snapshots"]:
            of_volume = user_tags(self.ec2_backend, snapshot.volume_id)
            snapshot.add_tags({k: v for k, v in of_volume.items() if k not in tags_of(self.ec2_backend, snapshot.id)})
    return answer


def copy_snapshot(moto, self):
    """moto says that a copy belongs to the source's volume, drops Encrypted,
    keeps the key as it was spelt and lets any key pass. A copy has an arbitrary
    volume id; its source may be another account's, shared; it is encrypted when the source is, when Encrypted says so or when
    the region encrypts by default, with the key's ARN, or the region's EBS default
    key when none is named; a key that cannot be used makes the copy fail later,
    not the call; KmsKeyId needs Encrypted
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html).
    We do the same, except that the failure shows at once."""
    source_id = self._get_param("SourceSnapshotId")
    tags = self._parse_tag_specification().get("snapshot", {})
    encrypted, key = self._get_bool_param("Encrypted", False), self._get_param("KmsKeyId")
    source = sharing.snapshot(self.current_account, self._get_param("SourceRegion"), source_id)
    if key and not (encrypted or source.encrypted):
        raise InvalidParameterDependency("KmsKeyId", "Encrypted")
    self.error_on_dryrun()
    snapshot = copy(self.ec2_backend, source, self._get_param("Description"), encrypted, key)
    snapshot.add_tags(tags)
    return ActionResult({"SnapshotId": snapshot.id, "Tags": snapshot.tag_set})


def describe_snapshots(moto, self):
    """moto ignores OwnerIds. AWS answers the snapshots of those accounts, of the
    caller's with "self"
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html).
    So do we."""
    answer = moto(self)
    owners = [self.current_account if o == "self" else o for o in self._get_param("OwnerIds", [])]
    if owners:
        answer.result["Snapshots"] = [s for s in answer.result["Snapshots"] if s.owner_id in owners]
    return answer


def copy(backend, source, description, encrypted, key, from_ami=None):
    """A copy of a snapshot, maybe of another region, in backend's region."""
    encrypted = encrypted or source.encrypted
    arn, usable = resolve_key(backend, key) if encrypted else (None, True)
    snapshot = Snapshot(
        backend,
        random_snapshot_id(),
        volume=Origin(NO_VOLUME, source.volume_size),
        description=description,
        encrypted=encrypted,
        kms_key_id=arn,
        from_ami=from_ami,
    )
    if not (usable and readable(source)):
        snapshot.status = "error"
        snapshot.state_message = "Given key ID is not accessible"
    backend.snapshots[snapshot.id] = snapshot
    return snapshot


def resolve_key(backend, key):
    """The ARN of a key given by id, alias or ARN, and whether it can be used.

    No key means the region's default key for EBS.
    """
    if not key or key.endswith("alias/aws/ebs"):
        return backend.default_kms_key_id or backend._create_default_encryption_key(), True
    if key.startswith("arn:") and key.split(":")[3] != backend.region_name:
        return key, False
    keys = kms_backends[backend.account_id][backend.region_name]
    name = key.split(":")[-1]
    if name.startswith("alias/") and not keys.alias_exists(name):
        return key, False
    try:
        found = keys.describe_key(key)
    except KeyError:
        return key, False
    return found.arn, found.key_state == "Enabled"


def readable(snapshot):
    """Whether the key of a snapshot can decrypt it. A key that KMS does not have here
    is one that a test has made up."""
    if not snapshot.kms_key_id:
        return True
    _, _, _, region, account, name = snapshot.kms_key_id.split(":", 5)
    key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return key is None or key.key_state == "Enabled"


def tags_of(backend, resource_id):
    return dict(backend.tags.get(resource_id, {}))


def user_tags(backend, resource_id):
    """The tags that a user may write: AWS copies no tag of its own."""
    return {k: v for k, v in tags_of(backend, resource_id).items() if not k.startswith("aws:")}
