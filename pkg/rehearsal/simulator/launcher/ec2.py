"""EC2 and EBS as a recovery needs them, and Auto Scaling, which launches by them."""

from . import autoscaling, ec2_images, ec2_instances, ec2_locks, ec2_snapshots, ec2_templates, ec2_volumes


def mend() -> None:
    ec2_snapshots.mend()
    ec2_locks.mend()
    ec2_images.mend()
    ec2_volumes.mend()
    ec2_instances.mend()
    ec2_templates.mend()
    autoscaling.mend()
