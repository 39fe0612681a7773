"""Each mend outside EC2's images and snapshots, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends
"""

from launcher import mending
from .bench import PRIMARY, Case, client, data_volume, image, instance, mended, moto_as_it_came, tagging, tags


class Patching(Case):
    def test_a_mend_whose_function_is_gone_stops_the_start(self):
        class Moto:
            def copy_image(self, source, region, bucket): ...

        def copy_image(moto, self, source, region): ...

        with self.assertRaisesRegex(mending.Gone, "Moto.move_image is gone"):
            mending.replace(Moto, "move_image", copy_image)
        with self.assertRaisesRegex(mending.Gone, "now takes bucket"):
            mending.replace(Moto, "copy_image", copy_image)


class Volumes(Case):
    def test_a_repeated_client_token_makes_one_volume(self):
        def made():
            ec2 = client("ec2")
            ask = {"AvailabilityZone": PRIMARY + "a", "Size": 5, "ClientToken": "run-1/restore"}
            ids = {ec2.create_volume(**ask)["VolumeId"] for _ in range(2)}
            return ec2, ask, ids, len(ec2.describe_volumes()["Volumes"])

        with moto_as_it_came():
            self.assertEqual(made()[3], 2)
        with mended():
            ec2, ask, ids, count = made()
            self.assertEqual((len(ids), count), (1, 1))
            with self.refused("IdempotentParameterMismatch"):
                ec2.create_volume(**{**ask, "Size": 6})

    def test_a_volume_is_attached_once_where_it_fits(self):
        def attach_twice():
            ec2 = client("ec2")
            one, two = instance(ec2, ImageId=image(ec2, "one")), instance(ec2, ImageId=image(ec2, "two"))
            volume = data_volume(ec2, one, "/dev/sdf")
            ec2.attach_volume(VolumeId=volume, InstanceId=two["InstanceId"], Device="/dev/sdf")

        with moto_as_it_came():
            attach_twice()
        with mended():
            with self.refused("VolumeInUse"):
                attach_twice()
            ec2 = client("ec2")
            worker = instance(ec2, ImageId=image(ec2, "three"))["InstanceId"]
            other = ec2.create_volume(AvailabilityZone=PRIMARY + "b", Size=1)["VolumeId"]
            with self.refused("InvalidVolume.ZoneMismatch"):
                ec2.attach_volume(VolumeId=other, InstanceId=worker, Device="/dev/sdf")
            near = ec2.create_volume(AvailabilityZone=PRIMARY + "a", Size=1)["VolumeId"]
            with self.refused("InvalidParameterValue"):
                ec2.attach_volume(VolumeId=near, InstanceId=worker, Device="/dev/sda1")
            ec2.attach_volume(VolumeId=near, InstanceId=worker, Device="/dev/sdf")
            ec2.detach_volume(VolumeId=near)
            self.assertEqual(ec2.describe_volumes(VolumeIds=[near])["Volumes"][0]["State"], "available")
            with self.refused("IncorrectState"):
                ec2.detach_volume(VolumeId=near)
            ec2.terminate_instances(InstanceIds=[worker])
            with self.refused("IncorrectState"):
                ec2.attach_volume(VolumeId=near, InstanceId=worker, Device="/dev/sdf")


class Instances(Case):
    def template(self, ec2, **data):
        data = {"ImageId": image(ec2), "InstanceType": "m6g.large", "TagSpecifications": [tagging("instance", app="shop")], **data}
        return ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]

    def test_a_repeated_client_token_launches_once(self):
        def launched():
            ec2 = client("ec2")
            ask = {"ImageId": image(ec2), "MinCount": 2, "MaxCount": 2, "ClientToken": "run-1/launch"}
            first, second = ec2.run_instances(**ask), ec2.run_instances(**ask)
            return ec2, ask, first["ReservationId"] == second["ReservationId"]

        with moto_as_it_came():
            self.assertFalse(launched()[2])
        with mended():
            ec2, ask, same = launched()
            self.assertTrue(same)
            with self.refused("IdempotentParameterMismatch"):
                ec2.run_instances(**{**ask, "MinCount": 1, "MaxCount": 1})
            with self.refused("DryRunOperation"):
                ec2.run_instances(**ask, DryRun=True)

    def test_an_image_that_is_not_in_the_region_does_not_launch(self):
        with moto_as_it_came():
            client("ec2").run_instances(ImageId="ami-0123456789", MinCount=1, MaxCount=1)
        with mended(), self.refused("InvalidAMIID.NotFound"):
            client("ec2").run_instances(ImageId="ami-0123456789", MinCount=1, MaxCount=1)

    def test_as_many_instances_as_possible_are_launched(self):
        def count():
            ec2 = client("ec2")
            return len(ec2.run_instances(ImageId=image(ec2), MinCount=1, MaxCount=3)["Instances"])

        with moto_as_it_came():
            self.assertEqual(count(), 1)
        with mended():
            self.assertEqual(count(), 3)

    def test_disks_and_tags_come_from_image_template_and_request(self):
        def launched():
            ec2 = client("ec2")
            subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [PRIMARY + "b"]}])["Subnets"][0]
            self.template(
                ec2,
                BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}}],
                TagSpecifications=[tagging("instance", app="shop"), tagging("volume", app="shop")],
            )
            other = image(ec2, "other")
            root = ec2.describe_images(ImageIds=[other])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
            got = ec2.run_instances(
                MinCount=1,
                MaxCount=1,
                LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Default"},
                ImageId=other,
                InstanceType="m7g.large",
                SubnetId=subnet["SubnetId"],
                TagSpecifications=[tagging("instance", run="storefront-1"), tagging("volume", run="storefront-1")],
            )["Instances"][0]
            self.assertEqual((got["ImageId"], got["InstanceType"], got["SubnetId"]), (other, "m7g.large", subnet["SubnetId"]))
            self.assertLessEqual({"app": "shop", "run": "storefront-1"}.items(), tags(got).items())
            volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [got["InstanceId"]]}])["Volumes"]
            return volumes, root

        with moto_as_it_came():
            volumes, root = launched()
            self.assertNotEqual([v.get("SnapshotId") for v in volumes], [root])
        with mended():
            volumes, root = launched()
            self.assertEqual([(v["SnapshotId"], v["Size"], v["VolumeType"]) for v in volumes], [(root, 30, "gp3")])
            self.assertEqual(tags(volumes[0]), {"app": "shop", "run": "storefront-1"})

    def test_a_template_version_inherits_from_its_source(self):
        def versions():
            ec2 = client("ec2")
            template = self.template(ec2, UserData="c3RhcnQ=")
            ask = {"LaunchTemplateName": "web", "SourceVersion": "1", "LaunchTemplateData": {"ImageId": "ami-2"}}
            ec2.create_launch_template_version(**ask, ClientToken="point-2")
            ec2.create_launch_template_version(**ask, ClientToken="point-2")
            ec2.modify_launch_template(LaunchTemplateId=template["LaunchTemplateId"], DefaultVersion="2")
            found = ec2.describe_launch_template_versions(LaunchTemplateName="web", Versions=["$Default", "$Latest"])
            return [(v["VersionNumber"], v["LaunchTemplateData"]) for v in found["LaunchTemplateVersions"]]

        with moto_as_it_came():
            (_, data), (latest, _) = versions()
            self.assertEqual((latest, data.get("InstanceType")), (3, None))
        with mended():
            (default, data), (latest, _) = versions()
            self.assertEqual((default, latest), (2, 2))
            self.assertEqual((data["ImageId"], data["InstanceType"], data["UserData"]), ("ami-2", "m6g.large", "c3RhcnQ="))

    def test_all_template_versions_are_described(self):
        def count():
            ec2 = client("ec2")
            self.template(ec2)
            for _ in range(19):
                ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "m7g.large"})
            return len(ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"])

        with moto_as_it_came():
            self.assertEqual(count(), 15)
        with mended():
            self.assertEqual(count(), 20)


class AutoScaling(Case):
    def test_a_group_balances_zones_and_launches_its_version_into_its_target_group(self):
        def group():
            ec2, elb, scaling = client("ec2"), client("elbv2"), client("autoscaling")
            subnets = [
                ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [PRIMARY + z]}])["Subnets"][0] for z in "ab"
            ]
            made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"])["TargetGroups"][0]
            data = {"ImageId": image(ec2), "InstanceType": "m7g.large", "UserData": "c3RhcnQ="}
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "m6g.large"})
            version = {**data, "TagSpecifications": [tagging("instance", app="shop"), tagging("volume", app="shop")]}
            ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=version)
            scaling.create_auto_scaling_group(
                AutoScalingGroupName="web",
                MinSize=4,
                MaxSize=4,
                LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"},
                VPCZoneIdentifier=",".join(s["SubnetId"] for s in subnets),
                TargetGroupARNs=[made["TargetGroupArn"]],
            )
            found = elb.describe_target_groups(Names=["web"])["TargetGroups"][0]
            self.assertEqual(found["VpcId"], subnets[0]["VpcId"])
            targets = elb.describe_target_health(TargetGroupArn=made["TargetGroupArn"])["TargetHealthDescriptions"]
            running = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
            self.assertEqual({t["Target"]["Id"] for t in targets}, {i["InstanceId"] for i in running})
            self.assertEqual({t["TargetHealth"]["State"] for t in targets}, {"healthy"})
            self.assertLessEqual({"app": "shop", "aws:autoscaling:groupName": "web"}.items(), tags(running[0]).items())
            scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=0, DesiredCapacity=0)
            self.assertEqual(scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"], [])
            return sorted(i["Placement"]["AvailabilityZone"][-1] for i in running), tags(running[0])

        with moto_as_it_came(), self.assertRaises(AssertionError):
            group()
        with mended():
            zones, tagged = group()
            self.assertEqual("".join(zones), "aabb")
            self.assertEqual(tagged["aws:ec2launchtemplate:version"], "2")
