"""What a recovery asks of RDS. Run: python -m unittest tests.test_mends_restores"""

import datetime
from unittest import mock

from moto.core import utils as moto_time
from moto.rds.models import rds_backends

from launcher import rds_backups

from .bench import PRIMARY, RECOVERY, Case, client, mended, moto_as_it_came
from .test_mends_rds import database, snapshot

TEAMS = [{"Key": "team", "Value": "orders"}]
OURS = [{"Key": "pilotlight:run", "Value": "storefront-1"}]
MINUTE = datetime.timedelta(minutes=1)


def state(region=PRIMARY):
    return rds_backends["123456789012"][region]


def find(name, region=PRIMARY):
    return client("rds", region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


class Restores(Case):
    def test_an_instance_has_the_snapshots_data_and_else_what_the_call_says(self):
        def restored():
            database(MultiAZ=True, DeletionProtection=True, Tags=TEAMS)
            snapshot()
            client("rds").restore_db_instance_from_db_snapshot(DBSnapshotIdentifier="first", DBInstanceIdentifier="again", Tags=OURS)
            return find("orders"), find("again")

        with moto_as_it_came():
            source, made = restored()
            self.assertEqual(made["DbiResourceId"], source["DbiResourceId"])
            self.assertTrue(made["MultiAZ"] and made["DeletionProtection"])
        with mended():
            source, made = restored()
            self.assertNotEqual(made["DbiResourceId"], source["DbiResourceId"])
            self.assertFalse(made["MultiAZ"] or made["DeletionProtection"])
            self.assertEqual(made["TagList"], OURS)
            self.assertEqual((made["EngineVersion"], made["AllocatedStorage"], made["DBInstanceClass"]), ("8.0.35", 20, "db.m5.large"))
        with mended(), self.refused("DBInstanceAlreadyExists"):
            database("again")
            restored()

    def test_a_cluster_comes_without_instances_and_tags_of_its_source(self):
        def restored():
            rds = client("rds")
            rds.create_db_cluster(DBClusterIdentifier="stock", Engine="aurora-mysql", MasterUsername="root", MasterUserPassword="not-a-secret", Tags=TEAMS)
            arn = rds.create_db_cluster_snapshot(DBClusterIdentifier="stock", DBClusterSnapshotIdentifier="first")["DBClusterSnapshot"]["DBClusterSnapshotArn"]
            return rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="again", SnapshotIdentifier=arn, Engine="aurora-mysql")["DBCluster"]

        with moto_as_it_came(), self.refused("DBClusterSnapshotNotFoundFault"):
            restored()
        with mended():
            made = restored()
            self.assertEqual((made["DBClusterMembers"], made["TagList"]), ([], []))

    def test_backups_are_restored_by_arn_and_by_resource_id(self):
        with mended(), mock.patch.object(rds_backups, "BEHIND", datetime.timedelta(0)):
            orders = database(BackupRetentionPeriod=1)
            there = client("rds", RECOVERY)
            there.start_db_instance_automated_backups_replication(SourceDBInstanceArn=orders["DBInstanceArn"], SourceRegion=PRIMARY)
            arn = there.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"][0]["DBInstanceAutomatedBackupsArn"]
            there.restore_db_instance_to_point_in_time(SourceDBInstanceAutomatedBackupsArn=arn, TargetDBInstanceIdentifier="again", UseLatestRestorableTime=True)
            client("rds").restore_db_instance_to_point_in_time(SourceDbiResourceId=orders["DbiResourceId"], TargetDBInstanceIdentifier="again", UseLatestRestorableTime=True)
            self.assertEqual([find("again", r)["AvailabilityZone"] for r in (PRIMARY, RECOVERY)], [PRIMARY + "a", RECOVERY + "a"])
            with self.refused("InvalidRestoreFault"):
                client("rds").restore_db_instance_to_point_in_time(
                    SourceDbiResourceId=orders["DbiResourceId"], TargetDBInstanceIdentifier="early", RestoreTime=moto_time.utcnow() - 60 * MINUTE
                )


class Deletions(Case):
    def test_a_replica_has_no_final_snapshot_and_any_other_must_say_whether_it_has(self):
        def delete(name, region, **more):
            return client("rds", region).delete_db_instance(DBInstanceIdentifier=name, **more)

        def pair():
            orders = database(BackupRetentionPeriod=1)
            client("rds", RECOVERY).create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier=orders["DBInstanceArn"])

        with moto_as_it_came():
            database()
            delete("orders", PRIMARY)
        with mended():
            pair()
            with self.refused("InvalidParameterCombination"):
                delete("replica", RECOVERY, FinalDBSnapshotIdentifier="last")
            delete("replica", RECOVERY, SkipFinalSnapshot=True)
            with self.refused("InvalidParameterCombination"):
                delete("orders", PRIMARY)
            delete("orders", PRIMARY, FinalDBSnapshotIdentifier="last")


class Looks(Case):
    def test_every_engine_has_classes_and_the_region_a_quota(self):
        def offered():
            options = client("rds").describe_orderable_db_instance_options(Engine="mysql", EngineVersion="8.0.35")
            return {o["DBInstanceClass"] for o in options["OrderableDBInstanceOptions"]}

        with moto_as_it_came():
            self.assertEqual(offered(), set())
        with mended():
            self.assertIn("db.r6g.large", offered())
            database()
            quotas = client("rds").describe_account_attributes()["AccountQuotas"]
            self.assertEqual([(q["AccountQuotaName"], q["Used"], q["Max"]) for q in quotas], [("DBInstances", 1, 40)])

    def test_a_replica_tells_its_lag_every_minute_until_it_is_promoted(self):
        def lags():
            now = moto_time.utcnow()
            said = client("cloudwatch", RECOVERY).get_metric_statistics(
                Namespace="AWS/RDS", MetricName="ReplicaLag", Dimensions=[{"Name": "DBInstanceIdentifier", "Value": "replica"}],
                StartTime=now - 15 * MINUTE, EndTime=now + 15 * MINUTE, Period=60, Statistics=["Maximum", "Minimum"],
            )
            return [(d["Maximum"], d["Minimum"]) for d in said["Datapoints"]]

        with mended():
            orders = database(BackupRetentionPeriod=1)
            self.assertEqual(lags(), [])
            there = client("rds", RECOVERY)
            there.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier=orders["DBInstanceArn"])
            state(RECOVERY).databases["replica"].created -= 5 * MINUTE
            self.assertIn(lags(), ([(0.0, 0.0)] * 4, [(0.0, 0.0)] * 5))
            there.promote_read_replica(DBInstanceIdentifier="replica")
            self.assertEqual(lags(), [])
