"""KMS: dry runs, keys that cannot be used, and keys that are AWS's own."""

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.kms.models import Key, KmsBackend
from moto.kms.responses import KmsResponse

from . import mending


def mend() -> None:
    mending.replace(KmsResponse, "generate_data_key", usable_and_not_dry)
    mending.replace(KmsResponse, "create_grant", usable_and_not_dry)
    mending.replace(KmsBackend, "create_key", create_key)
    mending.replace(Key, "to_dict", managed_by)
    mending.add(ElasticBlockStore, "get_ebs_default_kms_key_id", get_ebs_default_kms_key_id)


class DryRunOperation(JsonRESTError):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html#API_CreateGrant_Errors"""

    code = 412

    def __init__(self):
        super().__init__("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def usable_and_not_dry(moto, self):
    """moto lets a key be used in any state, answers a missing one with 500, and does
    what a dry run asks for. AWS refuses with NotFoundException, DisabledException or
    KMSInvalidStateException, and a dry run always fails: with
    DryRunOperationException when the call would not
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html,
    https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html)."""
    name = self._get_param("KeyId")
    self._validate_key_id(name)
    key = self.kms_backend.describe_key(name)
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if self._get_param("DryRun"):
        raise DryRunOperation
    return moto(self)


def create_key(moto, self, policy, key_usage, *rest, **more):
    """moto answers a key without a usage with none. The default is to encrypt and to
    decrypt (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html)."""
    return moto(self, policy, key_usage or "ENCRYPT_DECRYPT", *rest, **more)


def managed_by(moto, self):
    """moto says that every key is a customer's. A key of an alias/aws/ alias is
    AWS's (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html)."""
    if any(alias.startswith("alias/aws/") for alias in self.aliases):
        self.key_manager = "AWS"
    return moto(self)


def get_ebs_default_kms_key_id(self):
    """moto lacks it
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsDefaultKmsKeyId.html)."""
    backend = self.ec2_backend
    return ActionResult({"KmsKeyId": backend.default_kms_key_id or backend._create_default_encryption_key()})
