"""Launch templates: versions that inherit, and all of them described."""

import copy

from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

from . import mending, tokens


def mend() -> None:
    mending.replace(LaunchTemplate, "create_version", create_version)
    mending.replace(LaunchTemplates, "create_launch_template_version", inherit)
    mending.replace(LaunchTemplates, "describe_launch_template_versions", all_of_them)
    mending.replace(LaunchTemplates, "describe_launch_templates", all_of_them)
    tokens.honour(LaunchTemplates, "create_launch_template")
    tokens.honour(LaunchTemplates, "create_launch_template_version")


def inherit(moto, self):
    """moto ignores SourceVersion. A version made with it has the source's parameters,
    except those that the call names; snapshots in the source's block device mappings
    are not taken along
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html).
    We merge before moto reads the call."""
    source = self._get_param("SourceVersion")
    if source:
        name, template_id = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
        find = self.ec2_backend.get_launch_template_by_name if name else self.ec2_backend.get_launch_template
        data = copy.deepcopy(find(name or template_id).get_version(source).data)
        for disk in data.get("BlockDeviceMappings") or []:
            disk.get("Ebs", {}).pop("SnapshotId", None)
        data.update(self._get_param("LaunchTemplateData", {}))
        self.params["LaunchTemplateData"] = data
    return moto(self)


def create_version(moto, self, data, description):
    """moto decodes the user data of a template's first version alone, so an Auto
    Scaling group that launches a later one is a 500. Every version has user data in
    base64
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html).
    We decode it for each."""
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    return moto(self, data, description)


def all_of_them(moto, self):
    """moto answers the first 15 without a token for the rest. AWS pages, up to 200 a
    page
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html).
    Paging is the front's: here all are answered."""
    self.params["MaxResults"] = 10_000
    return moto(self)
