"""What one account lets another copy: moto looks for a source in the caller's own.

A snapshot is shared by a create-volume permission, an image by a launch permission,
and whoever copies the image needs its snapshots shared too
(https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ami-copy-works.html).
"""

from moto.ec2.exceptions import InvalidAMIIdError, InvalidSnapshotIdError
from moto.ec2.models import ec2_backends


def snapshot(caller, region, snapshot_id):
    """A snapshot that the account may copy: its own, or one shared with it. What is
    not shared does not exist for it."""
    for account, regions in owners_first(caller):
        found = regions[region].snapshots.get(snapshot_id)
        if found and (account == caller or caller in found.create_volume_permission_userids):
            return found
    raise InvalidSnapshotIdError()


def image(caller, region, image_id):
    """The same of an image, with the backend that holds it."""
    for account, regions in owners_first(caller):
        found = regions[region].amis.get(image_id)
        if not found:
            continue
        if account != caller:
            if {"UserId": caller} not in found.launch_permissions:
                break
            for disk in found.block_device_mappings:
                snapshot(caller, region, disk["Ebs"]["SnapshotId"])
        return found, regions[region]
    raise InvalidAMIIdError(image_id)


def owners_first(caller):
    ec2_backends[caller]  # made on first use
    return sorted(ec2_backends.items(), key=lambda owner: owner[0] != caller)
