"""Machine images: all of an instance's disks, in both regions, with their tags."""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidParameterDependency
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import convert_tag_spec, random_ami_id

from . import ec2_snapshots, mending, sharing, tokens


def mend() -> None:
    mending.replace_property(Ami, "block_device_mappings", block_device_mappings)
    mending.replace(Ami, "get_filter_value", get_filter_value)
    mending.replace(AmiBackend, "create_image", create_image)
    mending.replace(AmisResponse, "create_image", reboot_unless_told_not_to)
    mending.replace(AmisResponse, "copy_image", copy_image)
    mending.replace(AmisResponse, "register_image", register_image)
    mending.replace(AmisResponse, "deregister_image", deregister_image)
    tokens.honour(AmisResponse, "copy_image")


def block_device_mappings(moto, self):
    """moto gives every image one disk of 15 GiB. An image has a mapping for each
    disk that it was made from, with its snapshot
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html).
    Images that went through our mends answer their own."""
    return self.devices if "devices" in vars(self) else moto(self)


def get_filter_value(moto, self, filter_name, method_name=None):
    """moto refuses to filter images by snapshot. AWS can
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html):
    it is how one asks which image still needs a snapshot."""
    if filter_name == "block-device-mapping.snapshot-id":
        return [d["Ebs"]["SnapshotId"] for d in self.block_device_mappings]
    return moto(self, filter_name, method_name)


def create_image(moto, self, instance_id, name, description, tag_specifications):
    """moto answers 500 when snapshots are to be tagged, images nothing but a made-up
    root disk and takes a name twice. CreateImage snapshots every EBS volume that is
    attached, the root and the data volumes, tags image and snapshots in the same
    call, and refuses a name in use
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html).
    So do we; BlockDeviceMappings that leave a volume out are not read."""
    instance = self.get_instance(instance_id)
    refuse_duplicate(self, name)
    tags = convert_tag_spec(tag_specifications)
    image = new_image(self, name, description, instance=instance)
    image.root_device_name = instance.root_device_name
    for device, attached in sorted(instance.block_device_mapping.items()):
        volume = self.get_volume(attached.volume_id)
        text = f"Created by CreateImage({instance_id}) for {image.id}"
        snapshot = self.create_snapshot(volume.id, text, from_ami=image.id)
        snapshot.add_tags(tags.get("snapshot", {}))
        image.devices.append(mapping(device, snapshot, volume.volume_type, attached.delete_on_termination))
    image.add_tags(tags.get("image", {}))
    return image


def reboot_unless_told_not_to(moto, self):
    """moto never reads NoReboot. Without it EC2 shuts a running instance down and
    reboots it, to quiesce the file system
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html).
    We reboot it too, so that whoever watches the instance sees it."""
    answer = moto(self)
    instance_id = self._get_param("InstanceId")
    running = self.ec2_backend.get_instance(instance_id).state == "running"
    if running and not self._get_bool_param("NoReboot", False):
        self.ec2_backend.reboot_instances([instance_id])
    return answer


def copy_image(moto, self):
    """moto copies the name and makes up a disk: key, encryption, tags and the link to
    the source are lost, and a source that was deregistered is a 500. CopyImage copies
    each snapshot into the region it is called in, encrypted with KmsKeyId (which needs
    Encrypted) or with the region's default key, tags image and snapshots, takes the
    source image's own tags along with CopyImageTags (those of the request win, aws:
    tags stay behind), and says where the image came from
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html).
    So do we. Launch permissions are not copied, as on AWS."""
    backend = self.ec2_backend
    encrypted, key = self._get_bool_param("Encrypted", False), self._get_param("KmsKeyId")
    name, region = self._get_param("Name"), self._get_param("SourceRegion")
    source, source_backend = sharing.image(self.current_account, region, self._get_param("SourceImageId"))
    if key and not encrypted:
        raise InvalidParameterDependency("KmsKeyId", "Encrypted")
    refuse_duplicate(backend, name)
    tags = self._parse_tag_specification()
    self.error_on_dryrun()
    image = new_image(backend, name, self._get_param("Description"), source_ami=source)
    image.root_device_name = source.root_device_name
    image.source_image_id, image.source_image_region = source.id, region
    for disk in source.block_device_mappings:
        of = source_backend.get_snapshot(disk["Ebs"]["SnapshotId"])
        text = f"Copied for DestinationAmi {image.id} from SourceAmi {source.id} for SourceSnapshot {of.id}."
        snapshot = ec2_snapshots.copy(backend, of, text, encrypted, key, from_ami=image.id)
        snapshot.add_tags(tags.get("snapshot", {}))
        if snapshot.status == "error":
            image.state = "failed"
        image.devices.append(
            mapping(disk["DeviceName"], snapshot, disk["Ebs"]["VolumeType"], disk["Ebs"]["DeleteOnTermination"])
        )
    if self._get_bool_param("CopyImageTags", False):
        image.add_tags(ec2_snapshots.user_tags(source_backend, source.id))
    image.add_tags(tags.get("image", {}))
    return ActionResult({"ImageId": image.id})


def register_image(moto, self):
    """moto keeps name and description alone. RegisterImage makes an image of the
    snapshots that its block device mappings name, with architecture and tags
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html).
    So do we, when there is a mapping; else moto's image has moto's disk."""
    name, tags = self._get_param("Name"), self._parse_tag_specification()
    refuse_duplicate(self.ec2_backend, name)
    disks = [d for d in self._get_param("BlockDeviceMappings", []) if d.get("Ebs", {}).get("SnapshotId")]
    snapshots = [self.ec2_backend.get_snapshot(d["Ebs"]["SnapshotId"]) for d in disks]
    answer = moto(self)
    image = self.ec2_backend.amis[answer.result["ImageId"]]
    image.architecture = self._get_param("Architecture") or "x86_64"
    image.virtualization_type = "hvm"
    image.add_tags(tags.get("image", {}))
    if disks:
        del self.ec2_backend.snapshots[image.ebs_snapshot.id]
        image.root_device_type = "ebs"
        image.root_device_name = self._get_param("RootDeviceName") or disks[0]["DeviceName"]
        image.devices = [
            mapping(d["DeviceName"], s, d["Ebs"].get("VolumeType"), d["Ebs"].get("DeleteOnTermination", True))
            for d, s in zip(disks, snapshots)
        ]
        for snapshot in snapshots:
            snapshot.from_ami = image.id
    return answer


def deregister_image(moto, self):
    """moto ignores DeleteAssociatedSnapshots. With it, the image's snapshots that no
    other image uses go with it, and the answer says which
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html).
    So do we."""
    backend, image_id = self.ec2_backend, self._get_param("ImageId")
    image = backend.amis.get(image_id)
    answer = moto(self)
    if image and self._get_bool_param("DeleteAssociatedSnapshots", False):
        used = {d["Ebs"]["SnapshotId"] for ami in backend.amis.values() for d in ami.block_device_mappings}
        own = [d["Ebs"]["SnapshotId"] for d in image.block_device_mappings]
        for snapshot_id in own:
            if snapshot_id not in used:
                backend.snapshots.pop(snapshot_id, None)
        answer.result["DeleteSnapshotResults"] = [
            {"SnapshotId": s, "ReturnCode": "skipped" if s in used else "success"} for s in own
        ]
    return answer


def refuse_duplicate(backend, name):
    """Names are unique in an account and region: InvalidAMIName.Duplicate,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    for image in backend.amis.values():
        if image.name == name and image.owner_id == backend.account_id:
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image.id}")


def new_image(backend, name, description, **made_from):
    """An image without disks: the one that moto makes up is taken away."""
    image = Ami(backend, random_ami_id(), name=name, description=description, **made_from)
    del backend.snapshots[image.ebs_snapshot.id]
    image.root_device_type = "ebs"
    image.devices = []
    backend.amis[image.id] = image
    return image


def mapping(device, snapshot, volume_type, delete_on_termination):
    return {
        "DeviceName": device,
        "Ebs": {
            "SnapshotId": snapshot.id,
            "VolumeSize": snapshot.volume_size,
            "VolumeType": volume_type or "gp2",
            "DeleteOnTermination": delete_on_termination,
            "Encrypted": snapshot.encrypted,
        },
    }
