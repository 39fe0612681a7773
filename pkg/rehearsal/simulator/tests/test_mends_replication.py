"""The mends of what replicates by itself, before and after.

Run, in the folder above this one: python -m unittest tests.test_mends_replication
"""

import datetime

from moto.dynamodb.models import dynamodb_backends

from .bench import RECOVERY, Case, client, mended, moto_as_it_came

RULE = {
    "ID": "all",
    "Priority": 1,
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "tier", "Value": "data"}]}},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    "Destination": {"Bucket": "arn:aws:s3:::there", "Metrics": {"Status": "Enabled"}},
}


class Buckets(Case):
    def rules(self, *written):
        aws = client("s3")
        aws.create_bucket(Bucket="here")
        aws.put_bucket_versioning(Bucket="here", VersioningConfiguration={"Status": "Enabled"})
        role = "arn:aws:iam::123456789012:role/replication"
        aws.put_bucket_replication(Bucket="here", ReplicationConfiguration={"Role": role, "Rules": list(written)})
        return aws.get_bucket_replication(Bucket="here")["ReplicationConfiguration"]["Rules"]

    def test_a_rule_is_answered_as_it_was_written(self):
        with moto_as_it_came():
            self.assertEqual(self.rules(RULE)[0]["Filter"], {"Prefix": ""})
        with mended():
            self.assertEqual(self.rules(RULE), [RULE])

    def test_a_filter_of_nothing_stays_one(self):
        with mended():
            empty, prefix = self.rules(RULE | {"Filter": {}}, RULE | {"ID": "b", "Filter": {"Prefix": ""}})
            self.assertEqual((empty["Filter"], prefix["Filter"]), ({}, {"Prefix": ""}))


class Tables(Case):
    def table(self):
        aws = client("dynamodb")
        aws.create_table(
            TableName="sessions",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        return aws

    def test_a_replica_is_a_table_in_the_other_region(self):
        create = {"TableName": "sessions", "ReplicaUpdates": [{"Create": {"RegionName": RECOVERY}}]}
        with moto_as_it_came():
            aws = self.table()
            aws.update_table(**create)
            self.assertNotIn("Replicas", aws.describe_table(TableName="sessions")["Table"])
        with mended():
            aws, there = self.table(), client("dynamodb", RECOVERY)
            aws.update_table(**create)
            for region, other in ((aws, RECOVERY), (there, aws.meta.region_name)):
                said = region.describe_table(TableName="sessions")["Table"]["Replicas"]
                self.assertEqual(said, [{"RegionName": other, "ReplicaStatus": "ACTIVE"}])
            aws.update_table(TableName="sessions", ReplicaUpdates=[{"Delete": {"RegionName": RECOVERY}}])
            self.assertNotIn("Replicas", aws.describe_table(TableName="sessions")["Table"])
            self.assertEqual(there.list_tables()["TableNames"], [])

    def test_what_can_be_restored_grows(self):
        def restorable(aws):
            aws.update_continuous_backups(TableName="sessions", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
            earlier = datetime.timedelta(hours=1)
            table = dynamodb_backends["123456789012"][aws.meta.region_name].tables["sessions"]
            description = table.continuous_backups["PointInTimeRecoveryDescription"]
            for moment in ("EarliestRestorableDateTime", "LatestRestorableDateTime"):
                description[moment] -= earlier.total_seconds()
            said = aws.describe_continuous_backups(TableName="sessions")["ContinuousBackupsDescription"]
            said = said["PointInTimeRecoveryDescription"]
            return said["LatestRestorableDateTime"] - said["EarliestRestorableDateTime"]

        with moto_as_it_came():
            self.assertLess(restorable(self.table()), datetime.timedelta(minutes=1))
        with mended():
            self.assertGreater(restorable(self.table()), datetime.timedelta(minutes=54))
