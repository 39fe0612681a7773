"""Auto Scaling: the template's version that was asked for, over all of its zones."""

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState

from . import mending


def mend() -> None:
    mending.replace(FakeAutoScalingGroup, "replace_autoscaling_group_instances", launch)


def launch(moto, self, count_needed, propagated_tags):
    """moto launches everything in the group's first subnet and takes tags, disks and
    keys from the template's default version, whichever the group asks for. A group
    balances its instances over the zones of its subnets and launches its own version
    (https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html,
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html).
    We launch one at a time where the group has the fewest. A group of a launch
    configuration, which AWS no longer makes, is left to moto."""
    if not self.ec2_launch_template:
        return moto(self, count_needed, propagated_tags)
    propagated_tags[ASG_NAME_TAG] = self.name
    propagated_tags.update(self.instance_tags)
    backend = self.autoscaling_backend.ec2_backend
    for _ in range(count_needed):
        reservation = backend.run_instances(
            self.image_id,
            1,
            self.user_data,
            self.security_groups,
            instance_type=self.instance_type,
            is_instance_type_default=False,
            launch_template={"LaunchTemplateId": self.ec2_launch_template.id, "Version": self.launch_template_version},
            region_name=self.region,
            tags={"instance": dict(propagated_tags)},
            **place(self),
        )
        instance = reservation.instances[0]
        instance.autoscaling_group = self
        self.instance_states.append(InstanceState(instance, protected_from_scale_in=self.new_instances_protected_from_scale_in))


def place(group):
    """Where the next instance goes: a subnet, or a zone when the group names none."""
    if group.vpc_zone_identifier:
        subnets = group.vpc_zone_identifier.split(",")
        used = [s.instance.subnet_id for s in group.instance_states]
        return {"subnet_id": min(subnets, key=used.count)}
    used = [s.instance.availability_zone for s in group.instance_states]
    return {"placement": min(group.availability_zones, key=used.count)}
