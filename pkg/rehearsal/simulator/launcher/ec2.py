"""EC2 and EBS as the recovery needs them: what moto 5.2.1 gets wrong, put right."""

from . import ec2_images, ec2_instances, ec2_snapshots, ec2_templates, ec2_volumes


def mend() -> None:
    ec2_snapshots.mend()
    ec2_images.mend()
    ec2_volumes.mend()
    ec2_instances.mend()
    ec2_templates.mend()
