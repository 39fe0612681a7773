"""Things under the ids that a plan names.

A plan names some things by the id that AWS gave them: addresses, subnets, security
groups, hosted zones. A rehearsal builds them for the plan, so it says in a header
under which id.
"""

from flask import has_request_context, request

import moto.ec2.models.elastic_ip_addresses as addresses
import moto.ec2.models.security_groups as security_groups
import moto.ec2.models.subnets as subnets
import moto.route53.models as route53

from . import mending

HEADER = "X-Pilotlight-Id"


def mend() -> None:
    mending.replace(addresses, "random_eip_allocation_id", named("eipalloc-"))
    mending.replace(security_groups, "random_security_group_id", named("sg-"))
    mending.replace(subnets, "random_subnet_id", named("subnet-"))
    mending.replace(route53, "create_route53_zone_id", named("Z"))


def named(prefix):
    """The id that the caller asks for, if it is one of this kind; else moto's own."""

    def identifier(moto, *args, **kwargs):
        wanted = request.headers.get(HEADER, "") if has_request_context() else ""
        return wanted if wanted.startswith(prefix) else moto(*args, **kwargs)

    return identifier
