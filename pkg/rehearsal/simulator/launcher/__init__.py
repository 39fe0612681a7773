"""Mends for moto, and the process that serves it.

moto is an AWS that others wrote. Where it differs from AWS in something that a
recovery rests on, a module here replaces the function concerned; each mend says
what moto does, what AWS does and what we do instead. docs/fidelity.md lists all
of them. Nothing here knows Pilotlight: a mend makes moto more like AWS, never
more convenient.
"""
