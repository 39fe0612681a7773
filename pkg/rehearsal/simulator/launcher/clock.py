"""The rehearsal's time, read from the file that the Go side shares.

Data time runs `scale` times as fast as real time and can jump forward. The file
is pkg/rehearsal/clock's: a sequence number and three float64, little endian; the
sequence number is odd while the rest is being written. The Go side writes it anew
at every beat, and while it does not come to that, data time stands still.
"""

import datetime
import importlib
import mmap
import struct
import threading
import time
import types

from . import mending, references

# How long, in real seconds, a wait may miss a jump of the clock.
LOOK_AGAIN = 0.1

# The real seconds that one beat may count for: clock.Longest.
LONGEST = 0.1

# Modules of moto that read the machine's clock without going through utcnow, as
# far as what they date is seen by anyone in a rehearsal.
RAW_READERS = (
    "moto.autoscaling.models",  # CreatedTime of a group
    "moto.cloudwatch.models",  # LastModified of a dashboard
    "moto.s3.models",  # CreationDate of a bucket
    "moto.stepfunctions.parser.asl.component.state.state",  # $$.State.EnteredTime
    "moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp",  # Wait until
    "moto.stepfunctions.parser.asl.eval.event.event_manager",  # history events
    "moto.stepfunctions.parser.backend.execution",  # stopDate
    "moto.stepfunctions.parser.models",  # startDate
)

_FILE = struct.Struct("<Qddd")
_SEQUENCE = struct.Struct("<Q")

_shared = None


def share(path):
    """Read data time from the file at path from now on."""
    global _shared
    with open(path, "rb") as file:
        _shared = mmap.mmap(file.fileno(), _FILE.size, access=mmap.ACCESS_READ)


def _read():
    while True:
        sequence, real_base, data_base, scale_now = _FILE.unpack_from(_shared)
        if sequence % 2 == 0 and _SEQUENCE.unpack_from(_shared) == (sequence,):
            return real_base, data_base, scale_now


def now():
    """Data time in seconds since 1970."""
    real_base, data_base, scale_now = _read()
    return data_base + min(time.time() - real_base, LONGEST) * scale_now


def scale():
    """How many data seconds pass in a real one."""
    return _read()[2]


def utc():
    """Data time as an aware datetime."""
    return datetime.datetime.fromtimestamp(now(), datetime.timezone.utc)


def iso(milliseconds=False):
    """Data time in the ISO 8601 form that AWS writes."""
    text = utc().strftime("%Y-%m-%dT%H:%M:%S.%f")
    return (text[:-3] if milliseconds else text[:-7]) + "Z"


def wait(seconds, block=None):
    """Let data seconds pass; a jump of the clock shortens it.

    block(timeout) waits up to timeout real seconds and answers true to end the
    wait early. Answers whether it was ended early.
    """
    block = block or _sleep
    deadline = now() + seconds
    while (left := deadline - now()) > 0:
        if block(min(left / scale(), LOOK_AGAIN)):
            return True
    return False


def sleep(seconds):
    """Let data seconds pass."""
    wait(seconds)


def _sleep(real_seconds):
    time.sleep(real_seconds)
    return False


class Event(threading.Event):
    """A threading.Event whose wait takes data seconds."""

    def wait(self, timeout=None):
        if timeout is None:
            return super().wait()
        return wait(timeout, super().wait) or self.is_set()


class _AnyDatetime(type):
    """Lets isinstance(x, Datetime) mean what it meant before the mend."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, datetime.datetime)


class Datetime(datetime.datetime, metaclass=_AnyDatetime):
    """datetime.datetime, except that now() is data time."""

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(now(), tz)


_datetime_module = types.SimpleNamespace(**{**vars(datetime), "datetime": Datetime})


def mend():
    """Date everything in data time.

    moto dates what it makes by the machine's clock, 405 times through
    moto.core.utils.utcnow and now and then directly. AWS has one clock, and the
    product takes its time from AWS's answers, so every date that an answer
    carries must come from the clock that the rehearsal runs on. We replace
    utcnow before any service of moto is loaded, and datetime in the modules
    above. Signatures, sockets and log lines stay in real time.
    """
    from moto.core import utils

    references.swap(utils, "utcnow", lambda: utc().replace(tzinfo=None))
    for name in RAW_READERS:
        _read_data_time(importlib.import_module(name))


def _read_data_time(module):
    held = getattr(module, "datetime", None)
    if held is datetime:
        module.datetime = _datetime_module
    elif held is datetime.datetime:
        module.datetime = Datetime
    else:
        raise mending.Gone(f"{module.__name__} does not read datetime any more: drop it from the clock's raw readers")
