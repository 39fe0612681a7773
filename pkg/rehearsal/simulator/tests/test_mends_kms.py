"""The mends of KMS, before and after. Run: python -m unittest tests.test_mends_kms"""

from botocore.exceptions import ClientError

from .bench import PRIMARY, RECOVERY, Case, client, mended, moto_as_it_came


def code(call, **ask):
    """What KMS or EC2 says no with; "" for a yes."""
    try:
        call(**ask)
    except ClientError as said:
        return said.response["Error"]["Code"]
    return ""


class Keys(Case):
    def tries(self):
        """A key, and what a data key and a grant come to as dry runs."""
        kms = client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        role = "arn:aws:iam::123456789012:role/copier"

        def dry(name=key):
            return (
                code(kms.generate_data_key_without_plaintext, KeyId=name, KeySpec="AES_256", DryRun=True),
                code(kms.create_grant, KeyId=name, GranteePrincipal=role, Operations=["DescribeKey"], DryRun=True),
            )

        return kms, key, dry

    def test_a_dry_run_changes_nothing_and_always_fails(self):
        with moto_as_it_came():
            kms, key, dry = self.tries()
            self.assertEqual(dry(), ("", ""))
            self.assertEqual(len(kms.list_grants(KeyId=key)["Grants"]), 1)
        with mended():
            kms, key, dry = self.tries()
            self.assertEqual(dry(), ("DryRunOperationException", "DryRunOperationException"))
            self.assertEqual(kms.list_grants(KeyId=key)["Grants"], [])
            self.assertEqual(code(kms.generate_data_key_without_plaintext, KeyId=key, KeySpec="AES_256"), "")

    def test_a_key_that_is_not_enabled_refuses(self):
        with moto_as_it_came():
            kms, key, dry = self.tries()
            kms.disable_key(KeyId=key)
            self.assertEqual(dry(), ("", ""))
        with mended():
            kms, key, dry = self.tries()
            kms.disable_key(KeyId=key)
            self.assertEqual(dry(), ("DisabledException", "DisabledException"))
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
            self.assertEqual(dry(), ("KMSInvalidStateException", "KMSInvalidStateException"))
            self.assertEqual(dry("00000000-0000-0000-0000-000000000000"), ("NotFoundException", "NotFoundException"))

    def test_the_default_key_of_ebs_is_named_and_is_awss_own(self):
        with moto_as_it_came(), self.assertRaises(NotImplementedError):
            client("ec2").get_ebs_default_kms_key_id()
        with mended():
            key = client("ec2").get_ebs_default_kms_key_id()["KmsKeyId"]
            self.assertEqual(client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyManager"], "AWS")
            own = client("kms").create_key()["KeyMetadata"]
            self.assertEqual((own["KeyManager"], own["KeyUsage"]), ("CUSTOMER", "ENCRYPT_DECRYPT"))
            client("ec2").modify_ebs_default_kms_key_id(KmsKeyId=own["KeyId"])
            self.assertEqual(client("ec2").get_ebs_default_kms_key_id()["KmsKeyId"], own["Arn"])

    def test_a_disabled_key_on_either_side_makes_a_copy_fail(self):
        def copied(disable):
            keys = {}
            for region in (PRIMARY, RECOVERY):
                key = client("kms", region).create_key()["KeyMetadata"]
                keys[region] = key["Arn"]
                if region == disable:
                    client("kms", region).disable_key(KeyId=key["KeyId"])
            here, there = client("ec2"), client("ec2", RECOVERY)
            volume = here.create_volume(AvailabilityZone=PRIMARY + "a", Size=8, Encrypted=True, KmsKeyId=keys[PRIMARY])
            source = here.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
            ask = {"SourceRegion": PRIMARY, "SourceSnapshotId": source, "Encrypted": True, "KmsKeyId": keys[RECOVERY]}
            return there.describe_snapshots(SnapshotIds=[there.copy_snapshot(**ask)["SnapshotId"]])["Snapshots"][0]["State"]

        with moto_as_it_came():
            self.assertEqual([copied(side) for side in ("", PRIMARY, RECOVERY)], ["completed"] * 3)
        with mended():
            self.assertEqual([copied(side) for side in ("", PRIMARY, RECOVERY)], ["completed", "error", "error"])
