"""Replacing a module's function where others have imported it by name."""

import sys

from . import mending


def swap(module, name, new):
    """Make every loaded module of moto that holds module.name hold new instead.

    `from x import f` copies the reference, so replacing x.f alone leaves the
    importers with the old one. Modules of moto that are loaded later import from
    x and so get the new one. Returns what was replaced.
    """
    old = vars(module).get(name)
    if old is None:
        raise mending.Gone(f"{module.__name__}.{name} is gone: nothing to put {new!r} in the place of")
    for title, holder in list(sys.modules.items()):
        if title.partition(".")[0] != "moto":
            continue
        for held in [k for k, v in vars(holder).items() if v is old]:
            setattr(holder, held, new)
    return old
