"""Route 53: health checks that follow a CloudWatch alarm, and aliases as they are."""

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import HealthCheck, RecordSet
from moto.route53.responses import Route53

from . import mending, route53_records

# Members of a HealthCheckConfig that only the check of an alarm has.
OF_ALARMS = ("AlarmIdentifier", "InsufficientDataHealthStatus")

# Members that only the check of an endpoint has.
OF_ENDPOINTS = ("EnableSNI", "FailureThreshold", "IPAddress", "MeasureLatency", "Port", "RequestInterval", "ResourcePath")


class HealthCheckAlreadyExists(Route53ClientError):
    """Answered with 409, as Route 53 does."""

    status_code = 409

    def __init__(self, reference):
        super().__init__(
            "HealthCheckAlreadyExists",
            f"A health check with the caller reference {reference} and other settings already exists.",
        )


def mend() -> None:
    route53_records.mend()
    mending.replace(Route53, "create_health_check", create_health_check)
    mending.replace(Route53, "update_health_check", update_health_check)
    mending.replace_property(HealthCheck, "health_check_config", health_check_config)
    mending.replace(RecordSet, "__init__", without_a_ttl)
    mending.add_property(HealthCheck, "cloud_watch_alarm_configuration", cloud_watch_alarm_configuration)


def create_health_check(moto, self):
    """moto drops AlarmIdentifier and InsufficientDataHealthStatus, and makes a second
    check for a caller reference that it has seen. Route 53 keeps both members; the same
    reference with the same settings is answered with the check that exists, with others
    it is HealthCheckAlreadyExists
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHealthCheck.html).
    So do we, except that a deleted check's reference is free again."""
    reference, config = self._get_param("CallerReference"), self._get_param("HealthCheckConfig")
    for check in self.backend.health_checks.values():
        if check.caller_reference == reference:
            if vars(check).get("asked") != config:
                raise HealthCheckAlreadyExists(reference)
            return ActionResult({"HealthCheck": check})
    answer = moto(self)
    check = answer.result["HealthCheck"]
    check.asked = config
    check.of_alarm = {m: config[m] for m in OF_ALARMS if m in config}
    return answer


def update_health_check(moto, self):
    """As create_health_check, for the two members that moto drops here too
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html).
    Each update counts HealthCheckVersion up, which moto leaves at 1."""
    answer = moto(self)
    check = answer.result["HealthCheck"]
    changed = {m: self._get_param(m) for m in OF_ALARMS if self._get_param(m) is not None}
    check.of_alarm = vars(check).get("of_alarm", {}) | changed
    check.health_check_version += 1
    return answer


def health_check_config(moto, self):
    """moto answers port 80 and a request interval for any check. The check of an alarm
    has the alarm instead
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html)."""
    config = moto(self)
    if self.type_ != "CLOUDWATCH_METRIC":
        return config
    alone = {k: v for k, v in config.items() if k not in OF_ENDPOINTS}
    return alone | vars(self).get("of_alarm", {})


def cloud_watch_alarm_configuration(self):
    """moto has none. Route 53 answers what it has read of the alarm
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheck.html):
    it follows the alarm's data stream, not the alarm's state. An alarm that does not
    exist is left out here."""
    of = vars(self).get("of_alarm", {}).get("AlarmIdentifier")
    if not of:
        return None
    # Route 53 is global in moto: any account that has this check has the alarm.
    for account in list(cloudwatch_backends.values()):
        alarm = account[of["Region"]].alarms.get(of["Name"])
        if alarm:
            return {
                "EvaluationPeriods": alarm.evaluation_periods,
                "Threshold": alarm.threshold,
                "ComparisonOperator": alarm.comparison_operator,
                "Period": alarm.period,
                "MetricName": alarm.metric_name,
                "Namespace": alarm.namespace,
                "Statistic": alarm.statistic,
                "Dimensions": alarm.dimensions,
            }
    return None


def without_a_ttl(moto, self, kwargs):
    """moto answers a TTL of 0 for an alias. An alias has none: resolvers get that of
    what it points at
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html).
    Neither has ours."""
    moto(self, kwargs)
    if self.alias_target and "TTL" not in kwargs:
        self.ttl = None
