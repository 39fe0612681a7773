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


if __name__ == "__main__":
    unittest.main()
