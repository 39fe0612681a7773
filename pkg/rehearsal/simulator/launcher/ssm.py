"""Systems Manager as a recovery needs it: what became of a command, instance by instance."""

import json

from moto.ssm.responses import SimpleSystemManagerResponse

from . import mending


def mend() -> None:
    mending.add(SimpleSystemManagerResponse, "list_command_invocations", list_command_invocations)


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
