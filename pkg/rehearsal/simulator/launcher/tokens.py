"""Client tokens: a call that is sent again is answered, not done again.

moto reads ClientToken and forgets it, so a retry after a lost answer doubles
what it made. AWS answers a repeated token with the first result, and a token
that comes back with other parameters with IdempotentParameterMismatch
(https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html).
We keep each answer in the backend of its account and region, for ever: AWS
keeps it for a time that it does not promise.
"""

import threading

from moto.ec2.exceptions import EC2ClientError

from . import mending

# One lock for all: a token's second call must wait for its first.
_lock = threading.RLock()

# What differs between two sendings of one request: the token itself is the key,
# the rest is the SDK's signature, in case it travels in the query.
_NOT_A_PARAMETER = ("ClientToken", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp", "AWSAccessKeyId")


def honour(response_class, action):
    """Make one action of an EC2 response class honour its ClientToken."""
    mending.replace(response_class, action, _once)


def _once(moto, self):
    token = self._get_param("ClientToken")
    if not token or self._get_param("DryRun", False):
        return moto(self)
    sent = {k: v for k, v in self.data.items() if k not in _NOT_A_PARAMETER}
    with _lock:
        answers = self.ec2_backend.__dict__.setdefault("answers_by_token", {})
        key = (moto.__name__, token)
        if key not in answers:
            answers[key] = (sent, moto(self))
        before, answer = answers[key]
    if before != sent:
        raise EC2ClientError(
            "IdempotentParameterMismatch",
            f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s) with client token {token}.",
        )
    return answer
