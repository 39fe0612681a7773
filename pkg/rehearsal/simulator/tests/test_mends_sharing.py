"""Copies between accounts. Run: python -m unittest tests.test_mends_sharing"""

import boto3

from .bench import PRIMARY, RECOVERY, Case, client, data_volume, instance, mended, moto_as_it_came

OTHER = "444455556666"


def other(service, region):
    """A client of another account: whoever takes on a role of it."""
    role = client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/copier", RoleSessionName="copier")["Credentials"]
    session = boto3.Session(role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
    return session.client(service, region_name=region)


class Sharing(Case):
    def test_a_snapshot_can_be_copied_by_an_account_that_it_is_shared_with(self):
        def copied(share):
            here = client("ec2")
            volume = here.create_volume(AvailabilityZone=PRIMARY + "a", Size=8)["VolumeId"]
            source = here.create_snapshot(VolumeId=volume)["SnapshotId"]
            if share:
                here.modify_snapshot_attribute(
                    SnapshotId=source, Attribute="createVolumePermission", OperationType="add", UserIds=[OTHER]
                )
            there = other("ec2", RECOVERY)
            made = there.copy_snapshot(SourceRegion=PRIMARY, SourceSnapshotId=source)["SnapshotId"]
            return there.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]

        with moto_as_it_came(), self.refused("InvalidSnapshot.NotFound"):
            copied(share=True)
        with mended():
            with self.refused("InvalidSnapshot.NotFound"):
                copied(share=False)
            self.assertEqual(copied(share=True)["OwnerId"], OTHER)

    def test_an_image_needs_its_snapshots_shared_too(self):
        with mended():
            here, there = client("ec2"), other("ec2", RECOVERY)
            web = instance(here)
            data_volume(here, web, "/dev/sdf")
            made = here.create_image(InstanceId=web["InstanceId"], Name="web", NoReboot=True)["ImageId"]
            ask = {"SourceRegion": PRIMARY, "SourceImageId": made, "Name": "web"}
            with self.refused("InvalidAMIID.NotFound"):
                there.copy_image(**ask)
            here.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"UserId": OTHER}]})
            with self.refused("InvalidSnapshot.NotFound"):
                there.copy_image(**ask)
            for disk in here.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"]:
                here.modify_snapshot_attribute(
                    SnapshotId=disk["Ebs"]["SnapshotId"],
                    Attribute="createVolumePermission",
                    OperationType="add",
                    UserIds=[OTHER],
                )
            copy = there.describe_images(ImageIds=[there.copy_image(**ask)["ImageId"]])["Images"][0]
            self.assertEqual((copy["OwnerId"], len(copy["BlockDeviceMappings"])), (OTHER, 2))
