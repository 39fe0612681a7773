"""RDS's snapshots and backups. Run: python -m unittest tests.test_mends_rds"""

from .bench import PRIMARY, RECOVERY, Case, client, mended, moto_as_it_came
from .test_mends_sharing import OTHER, other


def database(name="orders", **more):
    made = client("rds").create_db_instance(
        DBInstanceIdentifier=name, DBInstanceClass="db.m5.large", Engine="mysql", EngineVersion="8.0.35",
        AllocatedStorage=20, MasterUsername="root", MasterUserPassword="not-a-secret", **more,
    )
    return made["DBInstance"]


def snapshot(of="orders", name="first"):
    return client("rds").create_db_snapshot(DBInstanceIdentifier=of, DBSnapshotIdentifier=name)["DBSnapshot"]


def key(region=RECOVERY):
    return client("kms", region).create_key()["KeyMetadata"]["Arn"]


class Snapshots(Case):
    def test_an_encrypted_database_says_its_key_and_a_plain_one_says_none(self):
        def keys():
            mine = key(PRIMARY)
            client("kms").create_alias(AliasName="alias/mine", TargetKeyId=mine)
            made = [database("named", StorageEncrypted=True, KmsKeyId="alias/mine"), database("default", StorageEncrypted=True), database("plain")]
            return mine, [m.get("KmsKeyId") for m in made] + [snapshot("named").get("KmsKeyId"), snapshot("plain", "bare").get("KmsKeyId")]

        with moto_as_it_came():
            _, found = keys()
            self.assertEqual(found[:3], ["alias/mine", "default_kms_key_id", None])
        with mended():
            mine, found = keys()
            own = client("kms").describe_key(KeyId="alias/aws/rds")["KeyMetadata"]
            self.assertEqual(found, [mine, own["Arn"], None, mine, None])
            self.assertEqual(own["KeyManager"], "AWS")

    def test_a_copy_says_what_it_is_a_copy_of(self):
        def copied():
            database()
            source = snapshot()["DBSnapshotArn"]
            made = client("rds", RECOVERY).copy_db_snapshot(SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier="second", SourceRegion=PRIMARY)
            return source, made["DBSnapshot"]

        with moto_as_it_came():
            _, copy = copied()
            self.assertNotIn("SourceDBSnapshotIdentifier", copy)
        with mended():
            source, copy = copied()
            self.assertEqual((copy["SourceDBSnapshotIdentifier"], copy["SourceRegion"]), (source, PRIMARY))
            self.assertTrue(copy["OptionGroupName"].startswith("default:mysql-8-0"), copy["OptionGroupName"])

    def test_an_encrypted_copy_needs_a_key_of_its_region(self):
        def copied(**more):
            database(StorageEncrypted=True, KmsKeyId=key(PRIMARY))
            ask = {"SourceDBSnapshotIdentifier": snapshot()["DBSnapshotArn"], "TargetDBSnapshotIdentifier": "second", "SourceRegion": PRIMARY}
            return client("rds", RECOVERY).copy_db_snapshot(**ask, **more)["DBSnapshot"]

        with moto_as_it_came():
            copied()
        with mended(), self.refused("KMSKeyNotAccessibleFault"):
            copied()
        with mended():
            mine = key()
            self.assertEqual(copied(KmsKeyId=mine)["KmsKeyId"], mine)

    def test_a_key_that_cannot_be_used_is_refused(self):
        def copied(with_key):
            ask = {"SourceDBSnapshotIdentifier": snapshot()["DBSnapshotArn"], "TargetDBSnapshotIdentifier": "second", "SourceRegion": PRIMARY}
            return client("rds", RECOVERY).copy_db_snapshot(**ask, KmsKeyId=with_key)

        with moto_as_it_came(), self.assertRaises(AttributeError):
            database()
            copied("alias/gone")
        with mended(), self.refused("KMSKeyNotAccessibleFault"):
            database()
            copied("alias/gone")
        with mended(), self.refused("KMSKeyNotAccessibleFault"):
            database()
            off = key()
            client("kms", RECOVERY).disable_key(KeyId=off.split("/")[-1])
            copied(off)

    def test_a_plain_cluster_snapshot_takes_no_key(self):
        def copied():
            here = client("rds")
            here.create_db_cluster(DBClusterIdentifier="cart", Engine="aurora-mysql", MasterUsername="root", MasterUserPassword="not-a-secret")
            source = here.create_db_cluster_snapshot(DBClusterIdentifier="cart", DBClusterSnapshotIdentifier="first")["DBClusterSnapshot"]["DBClusterSnapshotArn"]
            ask = {"SourceDBClusterSnapshotIdentifier": source, "TargetDBClusterSnapshotIdentifier": "second", "SourceRegion": PRIMARY}
            return source, ask

        with moto_as_it_came():
            _, ask = copied()
            client("rds", RECOVERY).copy_db_cluster_snapshot(**ask, KmsKeyId=key())
        with mended():
            source, ask = copied()
            with self.refused("InvalidParameterCombination"):
                client("rds", RECOVERY).copy_db_cluster_snapshot(**ask, KmsKeyId=key())
            made = client("rds", RECOVERY).copy_db_cluster_snapshot(**ask)["DBClusterSnapshot"]
            self.assertEqual(made["SourceDBClusterSnapshotArn"], source)

    def test_another_account_copies_what_is_shared_with_it_in_one_step(self):
        def copied(share):
            database()
            source = snapshot()
            if share:
                client("rds").modify_db_snapshot_attribute(DBSnapshotIdentifier="first", AttributeName="restore", ValuesToAdd=[OTHER])
            there = other("rds", RECOVERY)
            return there.copy_db_snapshot(SourceDBSnapshotIdentifier=source["DBSnapshotArn"], TargetDBSnapshotIdentifier="second", SourceRegion=PRIMARY)

        with moto_as_it_came(), self.refused("DBSnapshotNotFound"):
            copied(share=True)
        with mended(), self.refused("DBSnapshotNotFound"):
            copied(share=False)
        with mended():
            self.assertIn(f":{OTHER}:", copied(share=True)["DBSnapshot"]["DBSnapshotArn"])

    def test_listings_come_in_pages(self):
        def first():
            database()
            for i in range(101):
                snapshot(name=f"number-{i}")
            return client("rds").describe_db_snapshots(SnapshotType="manual")

        with moto_as_it_came():
            self.assertNotIn("Marker", first())
        with mended():
            page = first()
            self.assertEqual(len(page["DBSnapshots"]), 100)
            rest = client("rds").describe_db_snapshots(SnapshotType="manual", Marker=page["Marker"])
            self.assertEqual(len(rest["DBSnapshots"]), 1)


class Backups(Case):
    def ask(self, of):
        return {"SourceDBInstanceArn": of["DBInstanceArn"], "SourceRegion": PRIMARY}

    def replicated(self):
        listed = client("rds", RECOVERY).describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
        return [(b["DBInstanceIdentifier"], b["Region"], b["Status"], b["BackupRetentionPeriod"]) for b in listed]

    def test_backups_are_replicated_until_that_is_stopped(self):
        there = client("rds", RECOVERY)
        with mended():
            orders = database(BackupRetentionPeriod=1)
            there.start_db_instance_automated_backups_replication(**self.ask(orders), BackupRetentionPeriod=14)
            self.assertEqual(self.replicated(), [("orders", PRIMARY, "replicating", 14)])
            with self.refused("InvalidDBInstanceState"):
                there.start_db_instance_automated_backups_replication(**self.ask(orders))
            there.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=orders["DBInstanceArn"])
            self.assertEqual(self.replicated(), [("orders", PRIMARY, "retained", 14)])

    def test_backups_that_are_off_are_not_replicated(self):
        with mended():
            orders = database(BackupRetentionPeriod=0)
            with self.refused("InvalidDBInstanceState"):
                client("rds", RECOVERY).start_db_instance_automated_backups_replication(**self.ask(orders))

    def test_an_encrypted_instance_needs_a_key_of_the_region(self):
        with mended():
            orders = database(StorageEncrypted=True, KmsKeyId=key(PRIMARY), BackupRetentionPeriod=1)
            there = client("rds", RECOVERY)
            with self.refused("KMSKeyNotAccessibleFault"):
                there.start_db_instance_automated_backups_replication(**self.ask(orders))
            mine = key()
            made = there.start_db_instance_automated_backups_replication(**self.ask(orders), KmsKeyId=mine)
            self.assertEqual(made["DBInstanceAutomatedBackup"]["KmsKeyId"], mine)
