"""Systems Manager as a recovery needs it: who takes commands, and what became of one, instance by instance."""

import json

from moto.ec2.models import ec2_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from . import mending


def mend() -> None:
    mending.add(SimpleSystemManagerResponse, "list_command_invocations", list_command_invocations)
    mending.add(SimpleSystemManagerResponse, "describe_instance_information", describe_instance_information)


def list_command_invocations(self):
    """moto has no such action. Its commands are done at once, with success
    (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommandInvocations.html)."""
    command = self.ssm_backend.get_command_by_id(self._get_param("CommandId"))
    wanted = self._get_param("InstanceId")
    return json.dumps({
        "CommandInvocations": [
            {
                "CommandId": command.command_id,
                "InstanceId": instance,
                "DocumentName": command.document_name,
                "Status": command.status,
                "StatusDetails": command.status,
                "RequestedDateTime": command.requested_date_time.timestamp(),
            }
            for instance in command.instance_ids
            if wanted in (None, instance)
        ]
    })


def describe_instance_information(self):
    """moto has no such action. AWS lists the instances whose agent has called: Online,
    or ConnectionLost when it is silent
    (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html).
    Ours have an agent, all of them, which calls while they run. Of the filters only
    InstanceIds is there."""
    wanted = None
    for asked in self._get_param("Filters") or []:
        if asked["Key"] != "InstanceIds":
            raise NotImplementedError(f"filter {asked['Key']} of DescribeInstanceInformation")
        wanted = asked["Values"]
    backend = ec2_backends[self.ssm_backend.account_id][self.ssm_backend.region_name]
    instances = [i for i in backend.all_instances() if i.state != "terminated"]
    return json.dumps({
        "InstanceInformationList": [
            {"InstanceId": i.id, "PingStatus": "Online" if i.state == "running" else "ConnectionLost", "ResourceType": "EC2Instance"}
            for i in instances
            if wanted is None or i.id in wanted
        ]
    })
