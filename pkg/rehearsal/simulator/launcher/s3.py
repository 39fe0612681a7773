"""S3: a replication configuration is answered as it was written."""

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

from . import mending


def mend() -> None:
    mending.replace(S3Response, "get_bucket_replication", get_bucket_replication)


def get_bucket_replication(moto, self):
    """moto keeps all of a rule and answers no filter, no delete markers and no
    selection of encrypted objects. S3 answers what was put
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html)."""
    written = self.backend.get_bucket_replication(self.bucket_name)
    if not written:
        return moto(self)
    self.data["Action"] = "GetBucketReplication"
    rules = [rule(r) for r in written["Rule"]]
    return self.serialized(ActionResult({"ReplicationConfiguration": {"Role": written["Role"], "Rules": rules}}))


def rule(written):
    said = plain(written)
    if "Filter" in written:
        said["Filter"] = said["Filter"] or {}
        both = said["Filter"].get("And")
        if both and "Tag" in both:
            tags = both.pop("Tag")
            both["Tags"] = tags if isinstance(tags, list) else [tags]
    return said


def plain(element):
    """What the XML says, with "" for an element that holds nothing."""
    if isinstance(element, dict):
        return {name: plain(value) for name, value in element.items() if not name.startswith("@")}
    if isinstance(element, list):
        return [plain(one) for one in element]
    return "" if element is None else element
