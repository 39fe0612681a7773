"""EBS volumes: made once, attached once, where they fit."""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from . import ec2_snapshots, mending, tokens


def mend() -> None:
    tokens.honour(ElasticBlockStore, "create_volume")
    mending.replace(EBSBackend, "create_volume", create_volume)
    mending.replace(EBSBackend, "attach_volume", attach_volume)
    mending.replace(EBSBackend, "detach_volume", detach_volume)


def create_volume(
    moto,
    self,
    size,
    zone_name,
    snapshot_id=None,
    encrypted=False,
    kms_key_id=None,
    volume_type=None,
    iops=None,
    throughput=None,
    multi_attach_enabled=None,
):
    """moto makes a volume of an encrypted snapshot that has no key, and keeps a key
    as it was spelt. The volume has the snapshot's key unless the call names another,
    and says it as an ARN
    (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html). So do we.
    A snapshot that is not complete makes no volume here, as on AWS."""
    snapshot = self.get_snapshot(snapshot_id) if snapshot_id else None
    if snapshot and snapshot.status == "error":
        raise EC2ClientError("IncorrectState", f"Snapshot '{snapshot_id}' is not 'completed'.")
    volume = moto(
        self, size, zone_name, snapshot_id, encrypted, kms_key_id, volume_type, iops, throughput, multi_attach_enabled
    )
    if kms_key_id:
        volume.kms_key_id, _ = ec2_snapshots.resolve_key(self, kms_key_id)
    elif snapshot and snapshot.encrypted:
        volume.kms_key_id = snapshot.kms_key_id
    return volume


def attach_volume(moto, self, volume_id, instance_id, device_path, delete_on_termination=False):
    """moto attaches anything anywhere: a volume that is attached elsewhere moves, a
    device name is taken over, zones do not matter. AWS refuses with VolumeInUse,
    InvalidParameterValue, InvalidVolume.ZoneMismatch and IncorrectState
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html).
    So do we."""
    volume, instance = self.get_volume(volume_id), self.get_instance(instance_id)
    if volume.attachment:
        raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to an instance")
    if instance.state not in ("running", "stopped"):
        raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
    if volume.availability_zone and volume.availability_zone != instance.availability_zone:
        raise EC2ClientError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
        )
    if device_path in instance.block_device_mapping:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is already in use",
        )
    return moto(self, volume_id, instance_id, device_path, delete_on_termination)


def detach_volume(moto, self, volume_id, instance_id, device_path):
    """moto fails without an InstanceId. It is optional: a volume knows where it is
    attached (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html)."""
    attachment = self.get_volume(volume_id).attachment
    if not instance_id and attachment:
        instance_id = attachment.instance.id
    elif not instance_id:
        raise EC2ClientError("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
    return moto(self, volume_id, instance_id, device_path)
