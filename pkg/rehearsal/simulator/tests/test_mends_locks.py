"""Snapshot lock, before and after. Run: python -m unittest tests.test_mends_locks"""

import datetime
from unittest import mock

from launcher import ec2_locks

from .bench import Case, client, mended, moto_as_it_came


def snapshot(ec2):
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    return ec2.create_snapshot(VolumeId=volume)["SnapshotId"]


class Locks(Case):
    def test_moto_knows_no_lock(self):
        with moto_as_it_came(), self.assertRaises(NotImplementedError):
            ec2 = client("ec2")
            ec2.lock_snapshot(SnapshotId=snapshot(ec2), LockMode="compliance", LockDuration=7)

    def test_nobody_deletes_what_is_locked_until_the_lock_has_expired(self):
        with mended():
            ec2 = client("ec2")
            kept, other = snapshot(ec2), snapshot(ec2)
            lock = ec2.lock_snapshot(SnapshotId=kept, LockMode="governance", LockDuration=7)
            self.assertEqual((lock["SnapshotId"], lock["LockState"], lock["LockDuration"]), (kept, "governance", 7))
            self.assertEqual(lock["LockExpiresOn"] - lock["LockDurationStartTime"], datetime.timedelta(days=7))
            with self.refused("OperationNotPermitted"):
                ec2.delete_snapshot(SnapshotId=kept)
            ec2.delete_snapshot(SnapshotId=other)
            found = ec2.describe_locked_snapshots()["Snapshots"]
            self.assertEqual([(s["SnapshotId"], s["LockState"]) for s in found], [(kept, "governance")])
            later = ec2_locks.utcnow() + datetime.timedelta(days=7, seconds=1)
            with mock.patch.object(ec2_locks, "utcnow", return_value=later):
                self.assertEqual(ec2.describe_locked_snapshots()["Snapshots"][0]["LockState"], "expired")
                governed = [{"Name": "lock-state", "Values": ["governance"]}]
                self.assertEqual(ec2.describe_locked_snapshots(Filters=governed)["Snapshots"], [])
                ec2.delete_snapshot(SnapshotId=kept)

    def test_a_lock_needs_a_mode_and_a_snapshot_that_AWS_knows(self):
        with mended():
            ec2 = client("ec2")
            with self.refused("InvalidParameterValue"):
                ec2.lock_snapshot(SnapshotId=snapshot(ec2), LockMode="strict", LockDuration=7)
            with self.refused("InvalidSnapshot.NotFound"):
                ec2.lock_snapshot(SnapshotId="snap-0123456789abcdef0", LockMode="governance", LockDuration=1)
