"""EBS snapshot lock, which moto does not know: who locks a snapshot keeps everybody
from deleting it (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html).

A lock is by duration, without a cooling-off period; nothing is unlocked or locked
anew. The error code of a refused deletion is not documented: ours is EC2's general
one for what is not allowed.
"""

import datetime

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError, InvalidSnapshotIdError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from . import mending


def mend() -> None:
    mending.add(ElasticBlockStore, "lock_snapshot", lock_snapshot)
    mending.add(ElasticBlockStore, "describe_locked_snapshots", describe_locked_snapshots)
    mending.replace(EBSBackend, "delete_snapshot", delete_snapshot)


def lock_snapshot(self):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html"""
    snapshot = self.ec2_backend.snapshots.get(self._get_param("SnapshotId"))
    if not snapshot or snapshot.owner_id != self.current_account:
        raise InvalidSnapshotIdError()
    mode, days = self._get_param("LockMode"), self._get_int_param("LockDuration")
    if mode not in ("governance", "compliance") or days is None or not 1 <= days <= 36500:
        raise EC2ClientError("InvalidParameterValue", f"lock mode {mode} for {days} days")
    if self._get_param("CoolOffPeriod") or self._get_param("ExpirationDate") or is_locked(snapshot):
        raise NotImplementedError("a cooling-off period, an expiration date, a lock that changes")
    self.error_on_dryrun()
    snapshot.lock = {
        "LockCreatedOn": utcnow(),
        "LockDuration": days,
        "LockDurationStartTime": utcnow(),
        "LockExpiresOn": utcnow() + datetime.timedelta(days=days),
        "LockState": mode,
    }
    return ActionResult({"SnapshotId": snapshot.id, **lock_of(snapshot)})


def describe_locked_snapshots(self):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLockedSnapshots.html"""
    ids, states = self._get_param("SnapshotIds", []), self._filters_from_querystring().get("lock-state", [])
    locked = [
        {"OwnerId": s.owner_id, "SnapshotId": s.id, **lock_of(s)}
        for s in self.ec2_backend.snapshots.values()
        if hasattr(s, "lock") and (not ids or s.id in ids)
    ]
    return ActionResult({"Snapshots": [s for s in locked if not states or s["LockState"] in states]})


def delete_snapshot(moto, self, snapshot_id):
    """Nobody deletes what is locked, whatever he may."""
    snapshot = self.snapshots.get(snapshot_id)
    if snapshot and is_locked(snapshot):
        raise EC2ClientError("OperationNotPermitted", f"The snapshot {snapshot_id} is locked")
    return moto(self, snapshot_id)


def is_locked(snapshot):
    return hasattr(snapshot, "lock") and utcnow() < snapshot.lock["LockExpiresOn"]


def lock_of(snapshot):
    return snapshot.lock if is_locked(snapshot) else {**snapshot.lock, "LockState": "expired"}
