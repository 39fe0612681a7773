"""Instances: launched once a token, with the disks of their image and template."""

import copy

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import convert_tag_spec

from . import mending, tokens


def mend() -> None:
    mending.replace(InstanceBackend, "run_instances", run_instances)
    mending.replace(InstanceResponse, "run_instances", as_many_as_possible)
    tokens.honour(InstanceResponse, "run_instances")


def as_many_as_possible(moto, self):
    """moto launches MinCount instances. EC2 launches as many as it can up to MaxCount,
    and fewer only when capacity lacks
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html).
    Here it never lacks: to want for capacity is the front's affair."""
    self.params["MinCount"] = self._get_param("MaxCount") or self._get_param("MinCount")
    return moto(self)


def run_instances(moto, self, image_id, count, user_data, security_group_names, **kwargs):
    """moto starts an image that does not exist or has failed, gives every instance one empty 8 GiB
    disk (or none, when the request maps a data disk), and leaves the template's volume
    tags out. EC2 launches only an image of the region, makes a volume of each snapshot
    in its mapping, lets the template's mappings override the image's and the request's
    override both, and tags volumes as the template and the request say
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html,
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html).
    We work the mappings and tags out and hand moto the result."""
    template = self._get_template_from_args(kwargs["launch_template"]).data if kwargs.get("launch_template") else {}
    image_id = image_id or template.get("ImageId")
    image = self.amis.get(image_id)
    if image is None:
        raise EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if image.state != "available":
        raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")
    tags = copy.deepcopy(kwargs.get("tags") or {})
    tags["volume"] = convert_tag_spec(template.get("TagSpecifications", [])).get("volume", {}) | tags.get("volume", {})
    kwargs["tags"] = tags
    if not kwargs.get("launch_config"):
        kwargs["block_device_mappings"] = merge(
            image.block_device_mappings,
            template.get("BlockDeviceMappings") or [],
            kwargs.get("block_device_mappings") or [],
        )
    return moto(self, image_id, count, user_data, security_group_names, **kwargs)


def merge(*layers):
    """One mapping a device; what a later layer says of a device wins, key by key."""
    merged = {}
    for layer in layers:
        for disk in layer:
            before = merged.setdefault(disk["DeviceName"], {"DeviceName": disk["DeviceName"], "Ebs": {}})
            before["Ebs"].update({k: v for k, v in (disk.get("Ebs") or {}).items() if v is not None})
            before["NoDevice"] = disk.get("NoDevice")
    for disk in merged.values():
        # What a launch through the API creates goes with the instance, data volumes too:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html
        disk["Ebs"].setdefault("DeleteOnTermination", True)
    return [d for d in merged.values() if d["NoDevice"] is None]
