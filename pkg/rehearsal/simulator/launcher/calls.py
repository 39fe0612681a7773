"""The calls that the simulated AWS itself makes: to Lambda and SQS, through the front."""

import functools
import os
import threading

import boto3
from botocore.config import Config

# boto3's default session may not be used by several threads while it makes a
# client; the clients themselves may.
_making = threading.Lock()


def client(service, region, caller):
    """A client of service in region that signs as caller.

    The access key id is the caller's name, which is how the front knows who
    called. No retries: a caller of the simulated AWS retries as AWS would, and
    the front's audit should count what was sent once, once.
    """
    with _making:
        return _client(service, region, caller)


@functools.cache
def _client(service, region, caller):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url(""),
        aws_access_key_id=caller,
        aws_secret_access_key="rehearsal",
        config=Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            # Longer than the 15 minutes that a function may take.
            read_timeout=1000,
            max_pool_connections=64,
        ),
    )


def url(path):
    """Where the front serves a path."""
    return f"http://localhost:{os.environ['MOTO_PORT']}{path}"
