import unittest

import boto3
from moto import mock_aws

from launcher import mending, ssm


class Commands(unittest.TestCase):
    def setUp(self):
        self.addCleanup(mending.undo)
        aws = mock_aws()
        aws.start()
        self.addCleanup(aws.stop)
        self.ssm = boto3.client("ssm", "eu-central-1", aws_access_key_id="made", aws_secret_access_key="up")

    def test_what_became_of_a_command_is_told_instance_by_instance(self):
        sent = self.ssm.send_command(DocumentName="promote", InstanceIds=["i-1", "i-2"])["Command"]["CommandId"]
        with self.assertRaises(Exception):
            self.ssm.list_command_invocations(CommandId=sent)
        ssm.mend()
        told = self.ssm.list_command_invocations(CommandId=sent)["CommandInvocations"]
        self.assertEqual({"i-1": "Success", "i-2": "Success"}, {t["InstanceId"]: t["Status"] for t in told})
        one = self.ssm.list_command_invocations(CommandId=sent, InstanceId="i-2")["CommandInvocations"]
        self.assertEqual(["i-2"], [t["InstanceId"] for t in one])

    def test_instances_that_run_take_commands(self):
        ec2 = boto3.client("ec2", "eu-central-1", aws_access_key_id="made", aws_secret_access_key="up")
        made = ec2.run_instances(ImageId="ami-1", MinCount=3, MaxCount=3)["Instances"]
        runs, stopped, other = [i["InstanceId"] for i in made]
        ec2.stop_instances(InstanceIds=[stopped])
        asked = [{"Key": "InstanceIds", "Values": [runs, stopped, "i-0123"]}]
        with self.assertRaises(Exception):
            self.ssm.describe_instance_information(Filters=asked)
        ssm.mend()
        told = self.ssm.describe_instance_information(Filters=asked)["InstanceInformationList"]
        self.assertEqual({runs: "Online", stopped: "ConnectionLost"}, {i["InstanceId"]: i["PingStatus"] for i in told})
        everyone = self.ssm.describe_instance_information()["InstanceInformationList"]
        self.assertEqual({runs, stopped, other}, {i["InstanceId"] for i in everyone})


if __name__ == "__main__":
    unittest.main()
