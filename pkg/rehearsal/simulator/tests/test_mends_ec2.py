"""Each EC2 mend, before and after. Run: python -m unittest tests.test_mends_ec2"""

from unittest import mock

from moto.ec2.models.instances import Instance

from .bench import PRIMARY, RECOVERY, Case, client, data_volume, image, instance, mended, moto_as_it_came, tagging, tags


class Images(Case):
    def test_create_image_takes_every_disk_and_tags_image_and_snapshots(self):
        with moto_as_it_came():
            ec2 = client("ec2")
            with self.assertRaises(NotImplementedError):
                ec2.create_image(InstanceId=instance(ec2)["InstanceId"], Name="web", TagSpecifications=[tagging("snapshot", a="b")])
        with mended():
            ec2 = client("ec2")
            web = instance(ec2)
            data = data_volume(ec2, web, "/dev/sdf", Encrypted=True)
            made = ec2.create_image(
                InstanceId=web["InstanceId"],
                Name="web",
                NoReboot=True,
                TagSpecifications=[tagging("image", plan="storefront"), tagging("snapshot", policy="web")],
            )
            found = ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:plan", "Values": ["storefront"]}])["Images"]
            self.assertEqual([i["ImageId"] for i in found], [made["ImageId"]])
            disks = {d["DeviceName"]: d["Ebs"] for d in found[0]["BlockDeviceMappings"]}
            self.assertEqual(sorted(disks), ["/dev/sda1", "/dev/sdf"])
            self.assertEqual(disks["/dev/sdf"]["VolumeSize"], 20)
            self.assertTrue(disks["/dev/sdf"]["Encrypted"])
            snapshots = ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "tag:policy", "Values": ["web"]}])["Snapshots"]
            self.assertEqual({s["SnapshotId"] for s in snapshots}, {d["SnapshotId"] for d in disks.values()})
            self.assertIn(data, {s["VolumeId"] for s in snapshots})
            with self.refused("InvalidAMIName.Duplicate"):
                ec2.create_image(InstanceId=web["InstanceId"], Name="web")

    def test_create_image_reboots_unless_told_not_to(self):
        def reboots(**how):
            ec2 = client("ec2")
            web = instance(ec2)["InstanceId"]
            with mock.patch.object(Instance, "reboot") as reboot:
                ec2.create_image(InstanceId=web, Name="web", **how)
            return reboot.call_count

        with moto_as_it_came():
            self.assertEqual(reboots(), 0)
        with mended():
            self.assertEqual(reboots(), 1)
        with mended():
            self.assertEqual(reboots(NoReboot=True), 0)

    def test_copy_image_keeps_disks_key_tags_and_its_source(self):
        def copied():
            here, there = client("ec2"), client("ec2", RECOVERY)
            web = instance(here)
            data_volume(here, web, "/dev/sdf")
            made = here.create_image(InstanceId=web["InstanceId"], Name="web", TagSpecifications=[tagging("image", app="shop")])
            key = client("kms", RECOVERY).create_key()["KeyMetadata"]
            client("kms", RECOVERY).create_alias(AliasName="alias/pilotlight", TargetKeyId=key["KeyId"])
            copy = there.copy_image(
                Name="web",
                SourceImageId=made["ImageId"],
                SourceRegion=PRIMARY,
                Encrypted=True,
                KmsKeyId="alias/pilotlight",
                CopyImageTags=True,
                TagSpecifications=[tagging("image", plan="storefront"), tagging("snapshot", policy="web")],
                ClientToken="once",
            )
            return there, key["Arn"], made["ImageId"], there.describe_images(ImageIds=[copy["ImageId"]])["Images"][0]

        with moto_as_it_came():
            _, _, _, image = copied()
            self.assertEqual(tags(image), {})
            self.assertEqual(len(image["BlockDeviceMappings"]), 1)
        with mended():
            there, key, source, image = copied()
            self.assertEqual(tags(image), {"app": "shop", "plan": "storefront"})
            self.assertEqual((image["SourceImageId"], image["SourceImageRegion"]), (source, PRIMARY))
            ids = [d["Ebs"]["SnapshotId"] for d in image["BlockDeviceMappings"]]
            self.assertEqual([d["DeviceName"] for d in image["BlockDeviceMappings"]], ["/dev/sda1", "/dev/sdf"])
            for snapshot in there.describe_snapshots(SnapshotIds=ids)["Snapshots"]:
                self.assertEqual((snapshot["Encrypted"], snapshot["KmsKeyId"]), (True, key))
                self.assertEqual((tags(snapshot), snapshot["VolumeId"]), ({"policy": "web"}, "vol-ffffffff"))
            with self.refused("InvalidSnapshot.InUse"):
                there.delete_snapshot(SnapshotId=ids[0])
            there.deregister_image(ImageId=image["ImageId"])
            there.delete_snapshot(SnapshotId=ids[0])
            with self.refused("InvalidAMIID.NotFound"):
                there.copy_image(Name="gone", SourceImageId=image["ImageId"], SourceRegion=RECOVERY)

    def test_copy_image_repeated_with_its_token_makes_one_image(self):
        def copies():
            here, there = client("ec2"), client("ec2", RECOVERY)
            ask = {"Name": "web", "SourceImageId": image(here), "SourceRegion": PRIMARY, "ClientToken": "once"}
            there.copy_image(**ask)
            there.copy_image(**ask)
            return len(there.describe_images(Owners=["self"])["Images"])

        with moto_as_it_came():
            self.assertEqual(copies(), 2)
        with mended():
            self.assertEqual(copies(), 1)

    def test_an_image_whose_key_cannot_be_used_fails_and_does_not_launch(self):
        with mended():
            there = client("ec2", RECOVERY)
            made = there.copy_image(
                Name="web", SourceImageId=image(client("ec2")), SourceRegion=PRIMARY, Encrypted=True, KmsKeyId="alias/nobody"
            )["ImageId"]
            self.assertEqual(there.describe_images(ImageIds=[made])["Images"][0]["State"], "failed")
            with self.refused("InvalidAMIID.Unavailable"):
                instance(there, ImageId=made)

    def test_images_are_found_by_their_snapshot(self):
        def find():
            ec2 = client("ec2")
            snapshot = ec2.describe_images(ImageIds=[image(ec2)])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
            uses = [{"Name": "block-device-mapping.snapshot-id", "Values": [snapshot]}]
            return len(ec2.describe_images(Filters=uses)["Images"])

        with moto_as_it_came(), self.assertRaises(NotImplementedError):
            find()
        with mended():
            self.assertEqual(find(), 1)

    def test_deregister_image_deletes_its_snapshots_when_asked(self):
        def left():
            ec2 = client("ec2")
            made = image(ec2)
            ids = [d["Ebs"]["SnapshotId"] for d in ec2.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"]]
            ec2.deregister_image(ImageId=made, DeleteAssociatedSnapshots=True)
            return [s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] if s["SnapshotId"] in ids]

        with moto_as_it_came():
            self.assertEqual(len(left()), 1)
        with mended():
            self.assertEqual(left(), [])


class Snapshots(Case):
    def test_create_snapshots_is_one_set_without_what_is_excluded(self):
        def taken():
            ec2 = client("ec2")
            worker = instance(ec2)
            one = data_volume(ec2, worker, "/dev/sdf", TagSpecifications=[tagging("volume", tier="data")])
            two = data_volume(ec2, worker, "/dev/sdg")
            answer = ec2.create_snapshots(
                InstanceSpecification={"InstanceId": worker["InstanceId"], "ExcludeBootVolume": True, "ExcludeDataVolumeIds": [two]},
                CopyTagsFromSource="volume",
                TagSpecifications=[tagging("snapshot", plan="storefront")],
            )
            return one, answer["Snapshots"]

        with moto_as_it_came():
            _, snapshots = taken()
            self.assertEqual(len(snapshots), 2)
        with mended():
            one, snapshots = taken()
            self.assertEqual([s["VolumeId"] for s in snapshots], [one])
            self.assertEqual(tags(snapshots[0]), {"plan": "storefront", "tier": "data"})
            self.assertTrue(snapshots[0]["SnapshotId"] and snapshots[0]["StartTime"])

    def test_the_snapshots_of_a_set_have_one_time(self):
        with mended():
            ec2 = client("ec2")
            worker = instance(ec2)
            data_volume(ec2, worker, "/dev/sdf")
            answer = ec2.create_snapshots(InstanceSpecification={"InstanceId": worker["InstanceId"]})
            self.assertEqual(len({s["StartTime"] for s in answer["Snapshots"]}), 1)

    def test_copy_snapshot_keeps_key_tags_and_no_volume(self):
        def copied(**how):
            here, there = client("ec2"), client("ec2", RECOVERY)
            volume = here.create_volume(AvailabilityZone=PRIMARY + "a", Size=7)["VolumeId"]
            source = here.create_snapshot(VolumeId=volume)["SnapshotId"]
            key = client("kms", RECOVERY).create_key()["KeyMetadata"]
            client("kms", RECOVERY).create_alias(AliasName="alias/pilotlight", TargetKeyId=key["KeyId"])
            copy = there.copy_snapshot(
                SourceSnapshotId=source, SourceRegion=PRIMARY, TagSpecifications=[tagging("snapshot", plan="storefront")], **how
            )
            return there, key["Arn"], there.describe_snapshots(SnapshotIds=[copy["SnapshotId"]])["Snapshots"][0]

        how = {"Encrypted": True, "KmsKeyId": "alias/pilotlight"}
        with moto_as_it_came():
            _, _, snapshot = copied(**how)
            self.assertEqual(snapshot["KmsKeyId"], "alias/pilotlight")
            self.assertNotEqual(snapshot["VolumeId"], "vol-ffffffff")
        with mended():
            there, key, snapshot = copied(**how)
            self.assertEqual((snapshot["KmsKeyId"], snapshot["VolumeId"], snapshot["VolumeSize"]), (key, "vol-ffffffff", 7))
            self.assertEqual(tags(snapshot), {"plan": "storefront"})
            restored = there.create_volume(AvailabilityZone=RECOVERY + "b", SnapshotId=snapshot["SnapshotId"])
            self.assertEqual((restored["KmsKeyId"], restored["Size"]), (key, 7))
        with mended():
            _, _, failed = copied(Encrypted=True, KmsKeyId="alias/nobody")
            self.assertEqual((failed["State"], failed["StateMessage"]), ("error", "Given key ID is not accessible"))
        with mended(), self.refused("InvalidParameterDependency"):
            copied(KmsKeyId="alias/pilotlight")

    def test_describe_snapshots_answers_the_owners_asked_for(self):
        def found(owner):
            ec2 = client("ec2")
            ec2.create_snapshot(VolumeId=ec2.create_volume(AvailabilityZone=PRIMARY + "a", Size=1)["VolumeId"])
            done = [{"Name": "status", "Values": ["completed"]}]
            return len(ec2.describe_snapshots(OwnerIds=[owner], Filters=done)["Snapshots"])

        with moto_as_it_came():
            self.assertEqual(found("999999999999"), 1)
        with mended():
            self.assertEqual((found("999999999999"), found("self")), (0, 2))
