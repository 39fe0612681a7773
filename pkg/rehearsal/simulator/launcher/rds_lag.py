"""How far a replica is behind, which RDS tells CloudWatch every minute."""

import datetime

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, Statistics
from moto.core import utils as moto_time
from moto.rds.models import rds_backends

from . import mending

MINUTE = datetime.timedelta(minutes=1)


def mend() -> None:
    mending.replace(CloudWatchBackend, "get_metric_statistics", get_metric_statistics)


def get_metric_statistics(moto, self, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit=None):
    """moto knows what was put. RDS puts the ReplicaLag of each replica every minute
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html). Ours is
    0 in every whole minute since the replica is one, unless a test has put another."""
    put = moto(self, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit)
    if put or (namespace, metric_name) != ("AWS/RDS", "ReplicaLag"):
        return put
    replica = rds_backends[self.account_id][self.region_name].databases.get(dimensions[0]["Value"] if dimensions else None)
    if replica is None or not replica.is_replica:
        return put
    began = replica.created.replace(tzinfo=None)
    minute = start_time.replace(tzinfo=None, second=0, microsecond=0)
    end = min(end_time.replace(tzinfo=None), moto_time.utcnow())
    while minute + MINUTE <= end:
        if minute >= began:
            put.append(measured(stats, minute))
        minute += MINUTE
    return put


def measured(stats, minute):
    one = Statistics(stats, minute)
    one.metric_data.append(MetricDatum("AWS/RDS", "ReplicaLag", 0.0, [], minute, "Seconds"))
    one.unit = "Seconds"
    return one
