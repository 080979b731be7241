"""S3: which action a method, a path and a subresource are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from urllib.parse import parse_qs, unquote

from lambda_emu.access.demand import ANY, Asking, Demand
from lambda_emu.gateway.request import Request
from lambda_emu.model.iam.patterns import Context

BUCKETS: Mapping[str, str] = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
"""Subresources, and what of a bucket they are: GetBucketPolicy, PutBucketPolicy."""
LISTS: Mapping[str, str] = {
    "location": "GetBucketLocation",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
}
OBJECTS: Mapping[str, Mapping[str, str]] = {
    "GET": {
        "acl": "GetObjectAcl",
        "attributes": "GetObjectAttributes",
        "legal-hold": "GetObjectLegalHold",
        "retention": "GetObjectRetention",
        "tagging": "GetObjectTagging",
        "uploadId": "ListMultipartUploadParts",
        "versionId": "GetObjectVersion",
        "": "GetObject",
    },
    "HEAD": {"versionId": "GetObjectVersion", "": "GetObject"},
    "PUT": {
        "acl": "PutObjectAcl",
        "legal-hold": "PutObjectLegalHold",
        "retention": "PutObjectRetention",
        "tagging": "PutObjectTagging",
        "": "PutObject",
    },
    "POST": {"restore": "RestoreObject", "select": "GetObject", "": "PutObject"},
    "DELETE": {
        "tagging": "DeleteObjectTagging",
        "uploadId": "AbortMultipartUpload",
        "versionId": "DeleteObjectVersion",
        "": "DeleteObject",
    },
}
"""By method and the first of these that the query has."""
MOST_LIST_BYTES = 2 * 1024 * 1024
_KEY = re.compile(rb"<Key>([^<]{0,4096})</Key>")


def s3(asking: Asking) -> Sequence[Demand]:
    """members: `Bucket`, `Key`, and nothing else."""
    bucket, key = asking.text("Bucket"), asking.text("Key")
    request, partition = asking.request, asking.scope.partition
    query = {name: values[0] for name, values in _query(request.query).items()}
    if not bucket:
        return [Demand("s3:ListAllMyBuckets", ANY)]
    place = f"arn:{partition}:s3:::{bucket}"
    context = _context(asking, query)
    if not key and request.method == "POST" and "delete" in query:
        body = _list_of(request)
        keys = [unescape(found.decode("utf-8", "replace")) for found in _KEY.findall(body)]
        if len(keys) != body.count(b"<Key") or not keys:  # written in another way, so it may be any
            keys.append(ANY)
        return [Demand("s3:DeleteObject", f"{place}/{each}", context) for each in keys]
    if not key:
        return [Demand(f"s3:{_of_bucket(request.method, query)}", place, context)]
    table = OBJECTS.get(request.method, OBJECTS["GET"])
    action = next(action for name, action in table.items() if not name or name in query)
    found = [Demand(f"s3:{action}", f"{place}/{key}", context)]
    if request.method == "PUT" and (source := request.header(b"x-amz-copy-source")):
        named, _, version = unquote(source).removeprefix("/").partition("?versionId=")
        found.append(Demand(f"s3:GetObject{'Version' if version else ''}", f"arn:{partition}:s3:::{named}", context))
    return found


def _list_of(request: Request) -> bytes:
    """Of objects to be deleted. On a worker where it lies in a file."""
    if request.body_file is None:
        return request.body
    with request.body_file.open("rb") as file:
        return file.read(MOST_LIST_BYTES)


def _of_bucket(method: str, query: Mapping[str, str]) -> str:
    sub = next((name for name in query if name in BUCKETS), None)
    if sub is not None:
        if method == "DELETE" and sub in ("policy", "website"):
            return f"Delete{BUCKETS[sub]}"
        return ("Get" if method in ("GET", "HEAD") else "Put") + BUCKETS[sub]
    if method in ("GET", "HEAD"):
        return next((action for name, action in LISTS.items() if name in query), "ListBucket")
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "PutObject")


def _context(asking: Asking, query: Mapping[str, str]) -> Context:
    found = {f"s3:{name}": query[name] for name in ("prefix", "delimiter", "max-keys") if name in query}
    if "versionId" in query:
        found["s3:versionid"] = query["versionId"]
    for name in ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-storage-class", "x-amz-copy-source"):
        value = asking.request.header(name.encode())
        if value is not None:
            found[f"s3:{name}"] = value
    found["s3:authtype"] = "REST-QUERY-STRING" if "X-Amz-Signature" in query else "REST-HEADER"
    return found


def _query(query: bytes) -> Mapping[str, list[str]]:
    return parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=None) if query else {}
