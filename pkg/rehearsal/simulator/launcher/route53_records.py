"""Route 53: batches of record changes that all happen or none, and that take time."""

from datetime import timedelta

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import RecordSet, Route53Backend
from moto.route53.responses import Route53

from . import mending

# How long name servers take to learn of a change: "within 60 seconds"
# (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
PROPAGATION = timedelta(seconds=60)

# When each change was made, by its id.
_changes = {}


class InvalidChangeBatch(Route53ClientError):
    def __init__(self, message):
        super().__init__("InvalidChangeBatch", message)


class NoSuchChange(Route53ClientError):
    status_code = 404

    def __init__(self, change):
        super().__init__("NoSuchChange", f"Could not find resource with ID: {change}")


def mend() -> None:
    mending.replace(Route53Backend, "change_resource_record_sets", all_or_none)
    mending.replace(Route53, "change_resource_record_sets", dated)
    mending.replace(Route53, "get_change", get_change)


def all_or_none(moto, self, zoneid, change_list):
    """moto creates what is there already, deletes by set identifier across names, and
    deletes what was replaced since. Route 53 carries out a batch as a whole: a CREATE of
    what is there is refused, and so is a DELETE that does not give every value as it is
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
    moto's own checks stay: what is left to it are UPSERTs."""
    zone = self.get_hosted_zone(zoneid)
    there = {_identity(s): _values(s) for s in zone.rrsets}
    left = []
    for change in change_list:
        asked = _asked(change["ResourceRecordSet"])
        at, action = _identity(asked), change["Action"]
        title = f"resource record set [name='{asked.name}', type='{asked.type}']"
        if action == "CREATE" and at in there:
            raise InvalidChangeBatch(f"[Tried to create {title} but it already exists]")
        if action == "DELETE" and at not in there:
            raise InvalidChangeBatch(f"[Tried to delete {title} but it was not found]")
        if action == "DELETE" and there[at] != _values(asked):
            raise InvalidChangeBatch(f"[Tried to delete {title} but the values provided do not match the current values]")
        if action == "DELETE":
            del there[at]
        else:
            there[at] = _values(asked)
            left.append({**change, "Action": "UPSERT" if action == "CREATE" else action})
    moto(self, zoneid, left)
    zone.rrsets = [s for s in zone.rrsets if _identity(s) in there]


def _asked(record):
    """A record as moto would keep it."""
    values = [r["Value"] for r in record.get("ResourceRecords") or []]
    return RecordSet({**record, "ResourceRecords": values, "Name": record["Name"].rstrip(".") + "."})


def _identity(record):
    return record.name.rstrip(".").lower(), record.type, record.set_identifier


def _values(record):
    alias = record.alias_target and {k: str(v) for k, v in record.alias_target.items()}
    return str(record.ttl), list(record.records or []), str(record.weight), alias, record.failover, record.health_check_id


def dated(moto, self):
    """moto gives every change one id, and all name servers have it at once. Route 53
    tells changes apart, and each is PENDING for up to a minute."""
    answer = moto(self)
    change = f"/change/C{len(_changes) + 1:013d}"
    _changes[change] = utcnow()
    answer.result["ChangeInfo"] = _info(change)
    return answer


def get_change(moto, self):
    """moto knows any change, and says that it is INSYNC."""
    change = "/change/" + self._get_param("Id").removeprefix("/change/")
    if change not in _changes:
        raise NoSuchChange(change)
    return ActionResult({"ChangeInfo": _info(change)})


def _info(change):
    made = _changes[change]
    return {"Id": change, "Status": "PENDING" if utcnow() < made + PROPAGATION else "INSYNC", "SubmittedAt": made}
