"""Replacing what a module holds by name: a function it imported, or a module."""

import sys

from . import mending


def put(module, name, new):
    """Make module.name be new, for this module alone. Returns what it was."""
    if name not in vars(module):
        raise mending.Gone(f"{module.__name__}.{name} is gone: nothing to put {new!r} in the place of")
    old = vars(module)[name]
    setattr(module, name, new)
    return old


def swap(module, name, new):
    """Make module.name be new, and in every loaded module of moto that has it.

    `from x import f` copies the reference, so replacing x.f alone leaves the
    importers with the old one. Modules of moto that are loaded later import from
    x and so get the new one.
    """
    old = put(module, name, new)
    for title, holder in list(sys.modules.items()):
        if title.partition(".")[0] != "moto":
            continue
        for held in [k for k, v in vars(holder).items() if v is old]:
            setattr(holder, held, new)
