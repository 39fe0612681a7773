"""Where the mends are tried: moto in this process, as it came and as mended."""

import contextlib
import os
import unittest

# As the launcher starts it: no made-up public images.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from launcher import cloudwatch, dynamodb, ec2, kms, mending, rds, route53, s3, servicequotas, sns, sqs

PRIMARY, RECOVERY = "us-east-1", "us-west-2"

# One session: it reads each service's model from disk once.
session = boto3.Session(aws_access_key_id="tester", aws_secret_access_key="secret")


@contextlib.contextmanager
def moto_as_it_came():
    mending.undo()
    with mock_aws():
        yield


@contextlib.contextmanager
def mended():
    mending.undo()
    for service in (cloudwatch, dynamodb, ec2, kms, rds, route53, s3, servicequotas, sns, sqs):
        service.mend()
    try:
        with mock_aws():
            yield
    finally:
        mending.undo()


def client(service, region=PRIMARY):
    return session.client(service, region_name=region)


def image(aws, name="base"):
    """An image with a root disk, made as a team would import one."""
    volume = aws.create_volume(AvailabilityZone=aws.meta.region_name + "a", Size=8)["VolumeId"]
    snapshot = aws.create_snapshot(VolumeId=volume)["SnapshotId"]
    root = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}
    return aws.register_image(Name=name, RootDeviceName="/dev/sda1", BlockDeviceMappings=[root])["ImageId"]


def instance(aws, **more):
    if "ImageId" not in more:
        more["ImageId"] = image(aws)
    return aws.run_instances(MinCount=1, MaxCount=1, **more)["Instances"][0]


def data_volume(aws, of, device, **more):
    """A volume attached to an instance."""
    zone = of["Placement"]["AvailabilityZone"]
    volume = aws.create_volume(AvailabilityZone=zone, Size=20, **more)["VolumeId"]
    aws.attach_volume(VolumeId=volume, InstanceId=of["InstanceId"], Device=device)
    return volume


def tagging(kind, **tags):
    return {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}


def tags(resource):
    return {t["Key"]: t["Value"] for t in resource.get("Tags", [])}


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def refused(self, code):
        """The call in the block is refused with AWS's error code."""
        with self.assertRaises(ClientError) as caught:
            yield
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
