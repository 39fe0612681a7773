"""The mends of RDS, Route 53 and Service Quotas, before and after, and what needed none.

Run, in the folder above this one: python -m unittest tests.test_mends_services
"""



from .bench import PRIMARY, RECOVERY, Case, client, mended, moto_as_it_came


class Databases(Case):
    def replica(self):
        here, there = client("rds"), client("rds", RECOVERY)
        orders = here.create_db_instance(
            DBInstanceIdentifier="orders",
            Engine="mysql",
            DBInstanceClass="db.r6g.large",
            AllocatedStorage=100,
            MasterUsername="root",
            MasterUserPassword="password",
            MultiAZ=True,
        )["DBInstance"]
        there.create_db_instance_read_replica(
            DBInstanceIdentifier="orders-replica",
            SourceDBInstanceIdentifier=orders["DBInstanceArn"],
            DBInstanceClass="db.t4g.medium",
        )
        return here, there

    def look(self, rds, name):
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def test_a_replica_is_an_instance_of_its_own(self):
        def pair():
            here, there = self.replica()
            return here, there, self.look(here, "orders"), self.look(there, "orders-replica")

        with moto_as_it_came():
            _, _, source, replica = pair()
            self.assertEqual(replica["AvailabilityZone"], PRIMARY + "a")
            self.assertEqual(replica["DbiResourceId"], source["DbiResourceId"])
            self.assertTrue(replica["MultiAZ"])
            self.assertFalse(replica.get("StatusInfos"))
        with mended():
            here, there, source, replica = pair()
            self.assertEqual(replica["AvailabilityZone"], RECOVERY + "a")
            self.assertNotEqual(replica["DbiResourceId"], source["DbiResourceId"])
            self.assertFalse(replica["MultiAZ"])
            self.assertEqual(replica["ReadReplicaSourceDBInstanceIdentifier"], source["DBInstanceArn"])
            self.assertEqual(source["ReadReplicaDBInstanceIdentifiers"], [replica["DBInstanceArn"]])
            self.assertEqual(replica["StatusInfos"][0]["Status"], "replicating")
            self.assertIn(RECOVERY, replica["Endpoint"]["Address"])
            with self.refused("DBInstanceAlreadyExists"):
                there.create_db_instance_read_replica(
                    DBInstanceIdentifier="orders-replica", SourceDBInstanceIdentifier=source["DBInstanceArn"]
                )
            there.delete_db_instance(DBInstanceIdentifier="orders-replica", SkipFinalSnapshot=True)
            self.assertEqual(self.look(here, "orders")["ReadReplicaDBInstanceIdentifiers"], [])

    def test_a_promotion_ends_the_replication_once(self):
        def promote():
            here, there = self.replica()
            there.promote_read_replica(DBInstanceIdentifier="orders-replica")
            there.promote_read_replica(DBInstanceIdentifier="orders-replica")

        with moto_as_it_came():
            promote()
            self.assertTrue(self.look(client("rds", RECOVERY), "orders-replica")["ReadReplicaSourceDBInstanceIdentifier"])
        with mended():
            with self.refused("InvalidDBInstanceState"):
                promote()
            promoted = self.look(client("rds", RECOVERY), "orders-replica")
            self.assertNotIn("ReadReplicaSourceDBInstanceIdentifier", promoted)
            self.assertFalse(promoted.get("StatusInfos"))
            self.assertEqual(promoted["BackupRetentionPeriod"], 1)
            self.assertEqual(self.look(client("rds"), "orders")["ReadReplicaDBInstanceIdentifiers"], [])
            with self.refused("DBInstanceNotFound"):
                client("rds").promote_read_replica(DBInstanceIdentifier="nobody")

    def test_a_modification_waits_unless_applied_immediately(self):
        def modified(**how):
            _, there = self.replica()
            there.modify_db_instance(DBInstanceIdentifier="orders-replica", DBInstanceClass="db.r6g.large", MultiAZ=True, **how)
            return there, self.look(there, "orders-replica")

        with moto_as_it_came():
            self.assertEqual(modified()[1]["DBInstanceClass"], "db.r6g.large")
        with mended():
            there, database = modified()
            self.assertEqual((database["DBInstanceClass"], database["MultiAZ"]), ("db.t4g.medium", False))
            self.assertEqual(database["PendingModifiedValues"], {"DBInstanceClass": "db.r6g.large", "MultiAZ": True})
            there.modify_db_instance(DBInstanceIdentifier="orders-replica", ApplyImmediately=True)
            database = self.look(there, "orders-replica")
            self.assertEqual((database["DBInstanceClass"], database["MultiAZ"]), ("db.r6g.large", True))
            self.assertFalse(database.get("PendingModifiedValues"))
        with mended():
            self.assertEqual(modified(ApplyImmediately=True)[1]["DBInstanceClass"], "db.r6g.large")


class Traffic(Case):
    CONFIG = {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Region": RECOVERY, "Name": "pilotlight-storefront-side"},
        "InsufficientDataHealthStatus": "LastKnownStatus",
    }

    def test_a_health_check_keeps_its_alarm(self):
        def check():
            route53 = client("route53")
            alarm(client("cloudwatch", RECOVERY), self.CONFIG["AlarmIdentifier"]["Name"])
            made = route53.create_health_check(CallerReference="storefront", HealthCheckConfig=self.CONFIG)["HealthCheck"]
            return route53, made["Id"], route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]

        with moto_as_it_came():
            self.assertNotIn("AlarmIdentifier", check()[2]["HealthCheckConfig"])
        with mended():
            route53, made, found = check()
            self.assertLessEqual(self.CONFIG.items(), found["HealthCheckConfig"].items())
            self.assertNotIn("Port", found["HealthCheckConfig"])
            self.assertEqual(found["CloudWatchAlarmConfiguration"]["MetricName"], "Side")
            self.assertEqual(route53.list_health_checks()["HealthChecks"], [found])
            again = route53.create_health_check(CallerReference="storefront", HealthCheckConfig=self.CONFIG)
            self.assertEqual(again["HealthCheck"]["Id"], made)
            with self.refused("HealthCheckAlreadyExists"):
                route53.create_health_check(CallerReference="storefront", HealthCheckConfig={**self.CONFIG, "Inverted": True})
            route53.update_health_check(HealthCheckId=made, InsufficientDataHealthStatus="Unhealthy")
            found = route53.get_health_check(HealthCheckId=made)["HealthCheck"]
            self.assertEqual(found["HealthCheckConfig"]["InsufficientDataHealthStatus"], "Unhealthy")
            self.assertEqual(found["HealthCheckConfig"]["AlarmIdentifier"], self.CONFIG["AlarmIdentifier"])

    def test_failover_records_come_back_as_they_were_given(self):
        def records():
            route53 = client("route53")
            zone = route53.create_hosted_zone(Name="shop.example.com", CallerReference="z")["HostedZone"]["Id"]
            check = route53.create_health_check(CallerReference="c", HealthCheckConfig=self.CONFIG)["HealthCheck"]["Id"]
            primary = {
                "Name": "shop.example.com.",
                "Type": "A",
                "SetIdentifier": "primary",
                "Failover": "PRIMARY",
                "HealthCheckId": check,
                "TTL": 30,
                "ResourceRecords": [{"Value": "192.0.2.1"}],
            }
            target = {"HostedZoneId": zone.split("/")[-1], "DNSName": "lb.example.com.", "EvaluateTargetHealth": True}
            secondary = {**primary, "SetIdentifier": "recovery", "Failover": "SECONDARY", "AliasTarget": target}
            del secondary["TTL"], secondary["ResourceRecords"], secondary["HealthCheckId"]
            changes = [{"Action": "CREATE", "ResourceRecordSet": r} for r in (primary, secondary)]
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
            found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
            asked, answered = [primary, secondary], [r for r in found if r["Type"] == "A"]
            name = [{"Key": "Name", "Value": "storefront"}]
            route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check, AddTags=name)
            tagged = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check)
            self.assertEqual(tagged["ResourceTagSet"]["Tags"], name)
            return asked, answered

        with moto_as_it_came():
            _, (_, alias) = records()
            self.assertEqual(alias["TTL"], 0)
        with mended():
            asked, answered = records()
            self.assertEqual(answered, asked)

    def test_a_batch_of_records_is_carried_out_as_a_whole_or_not_at_all(self):
        def batches():
            route53 = client("route53")
            zone = route53.create_hosted_zone(Name="shop.example.com", CallerReference="z")["HostedZone"]["Id"]

            def change(*changes):
                batch = {"Changes": [{"Action": action, "ResourceRecordSet": text(value)} for action, value in changes]}
                return route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]

            def there():
                found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
                return [r["ResourceRecords"][0]["Value"] for r in found if r["Type"] == "TXT"]

            return route53, change, there

        with moto_as_it_came():
            _, change, there = batches()
            change(("CREATE", "1"))
            change(("UPSERT", "2"))
            change(("DELETE", "1"), ("CREATE", "3"))
            self.assertEqual(there(), ['"3"'])  # though 1 was not there any more
        with mended():
            route53, change, there = batches()
            made = change(("CREATE", "1"))
            self.assertEqual(made["Status"], "PENDING")
            self.assertEqual(route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"], "PENDING")
            self.assertNotEqual(change(("UPSERT", "2"))["Id"], made["Id"])
            for refused in ([("DELETE", "1"), ("CREATE", "3")], [("CREATE", "3")], [("UPSERT", "3"), ("DELETE", "2")]):
                with self.refused("InvalidChangeBatch"):
                    change(*refused)
                self.assertEqual(there(), ['"2"'])
            change(("DELETE", "2"), ("CREATE", "3"))
            change(("DELETE", "3"), ("CREATE", "2"))
            self.assertEqual(there(), ['"2"'])
            change(("DELETE", "2"))
            self.assertEqual(there(), [])
            with self.refused("NoSuchChange"):
                route53.get_change(Id="C0")


def text(value):
    return {"Name": "_x.shop.example.com.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": f'"{value}"'}]}


def alarm(cloudwatch, name, **more):
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Pilotlight/storefront",
        MetricName="Side",
        Dimensions=[{"Name": "Plan", "Value": "storefront"}],
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="LessThanThreshold",
        AlarmDescription="which side serves",
        **more,
    )


class Quotas(Case):
    def test_running_instances_have_a_quota_each_family(self):
        def standard():
            return client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"]

        with moto_as_it_came():
            with self.refused("NoSuchResourceException"):
                standard()
        with mended():
            self.assertEqual(standard(), 4096)
            quotas = client("service-quotas")
            with self.refused("NoSuchResourceException"):
                quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-DB2E81BA")
            self.assertEqual(quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode="L-DB2E81BA")["Quota"]["Value"], 0)
            with self.refused("NoSuchResourceException"):
                quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode="L-nothing")
