"""Quotas of running On-Demand instances, in vCPUs.

moto has quotas of VPC alone. An account here was granted one of the standard families
and has AWS's defaults of the others
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits).
"""

import json

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from . import mending

GRANTED = {"L-1216C47A": 4096.0}

# Name and default.
RUNNING = {
    "L-1216C47A": ("Standard (A, C, D, H, I, M, R, T, Z)", 5.0),
    "L-6E869C2A": ("DL", 0.0),
    "L-74FC7D96": ("F", 0.0),
    "L-DB2E81BA": ("G and VT", 0.0),
    "L-F7808C92": ("HPC", 0.0),
    "L-43DA4232": ("High Memory", 0.0),
    "L-1945791B": ("Inf", 0.0),
    "L-417A185B": ("P", 0.0),
    "L-2C3B7624": ("Trn", 0.0),
    "L-7295265B": ("X", 0.0),
}


def mend() -> None:
    mending.replace(ServiceQuotasBackend, "get_service_quota", get_service_quota)
    mending.add(ServiceQuotasResponse, "get_aws_default_service_quota", get_aws_default_service_quota)


def get_service_quota(moto, self, service_code, quota_code):
    if service_code == "ec2" and quota_code in GRANTED:
        return quota(quota_code, GRANTED[quota_code])
    return moto(self, service_code, quota_code)


def get_aws_default_service_quota(self):
    asked = json.loads(self.body)
    code = asked.get("QuotaCode")
    if asked.get("ServiceCode") != "ec2" or code not in RUNNING:
        raise NoSuchResource
    return json.dumps({"Quota": quota(code, RUNNING[code][1])})


def quota(code, value):
    return {
        "ServiceCode": "ec2", "QuotaCode": code, "QuotaName": f"Running On-Demand {RUNNING[code][0]} instances",
        "Value": value, "Unit": "None", "Adjustable": True, "GlobalQuota": False,
    }
