"""How a mend takes the place of something in moto.

Every mend names what it replaces, so a moto that has moved on stops the
simulator at its start with one sentence, instead of rehearsing against an AWS
that is wrong in a new way. What was replaced can be put back, which is how the
tests show a mend's before and after in one process.
"""

import functools
import inspect


class Gone(Exception):
    """moto no longer has what a mend was written for."""


_undo = []


def replace(owner, name, new):
    """Make owner.name call new(moto's own function, …its arguments).

    Raises Gone when moto has no such function, or when it takes an argument
    that new has no place for.
    """
    moto = vars(owner).get(name)
    if not inspect.isfunction(moto):
        raise Gone(f"{_title(owner)}.{name} is gone: the mend {new.__module__}.{new.__name__} has nothing to mend")
    _check(owner, name, moto, new)

    @functools.wraps(moto)
    def mended(*args, **kwargs):
        return new(moto, *args, **kwargs)

    _set(owner, name, mended, moto)


def replace_property(owner, name, new):
    """Make the property owner.name answer new(moto's getter, object)."""
    moto = vars(owner).get(name)
    if not isinstance(moto, property):
        raise Gone(f"{_title(owner)}.{name} is no property any more: the mend {new.__module__}.{new.__name__} is stale")
    _set(owner, name, property(lambda self: new(moto.fget, self), moto.fset), moto)


def add_property(owner, name, getter):
    """Give owner a property that moto lacks; a moto that has it needs no mend."""
    if hasattr(owner, name):
        raise Gone(f"{_title(owner)} has a {name} of its own now: drop the mend {getter.__module__}.{getter.__name__}")
    setattr(owner, name, property(getter))
    _undo.append(lambda: delattr(owner, name))


def add(owner, name, function):
    """Give owner a function that moto lacks; a moto that has it needs no mend."""
    if hasattr(owner, name):
        raise Gone(f"{_title(owner)} has a {name} of its own now: drop the mend {function.__module__}.{function.__name__}")
    setattr(owner, name, function)
    _undo.append(lambda: delattr(owner, name))


def undo():
    """Put back everything that was replaced: moto as it came."""
    while _undo:
        _undo.pop()()


def _set(owner, name, new, moto):
    setattr(owner, name, new)
    _undo.append(lambda: setattr(owner, name, moto))


def _check(owner, name, moto, new):
    takes = list(inspect.signature(new).parameters.values())[1:]
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in takes):
        return
    places = {p.name for p in takes}
    homeless = [p for p in inspect.signature(moto).parameters if p not in places]
    if homeless:
        raise Gone(f"{_title(owner)}.{name} now takes {', '.join(homeless)}: the mend {new.__module__}.{new.__name__} is stale")


def _title(owner):
    return getattr(owner, "__qualname__", getattr(owner, "__name__", repr(owner)))
