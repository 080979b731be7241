"""What S3 refuses of a request by its query, its headers and its XML, where moto takes it or stumbles over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl
from xml.parsers import expat

from lambda_emu.services.child.program.checks.refused import Environ, Refused

MOST_XML_BYTES = 2 * 1024 * 1024
"""No document of S3's is larger; of what is, moto is the judge."""
MOST = 2**31 - 1
MOST_PARTS = 10_000
MOST_DELETED = 1_000
MADE = "CreateBucketConfiguration"
KEY_BYTES = 1024
ROOTS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "AccessControlPolicy",
    "analytics": "AnalyticsConfiguration",
    "cors": "CORSConfiguration",
    "delete": "Delete",
    "encryption": "ServerSideEncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "legal-hold": "LegalHold",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLoggingStatus",
    "metrics": "MetricsConfiguration",
    "notification": "NotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "OwnershipControls",
    "publicAccessBlock": "PublicAccessBlockConfiguration",
    "replication": "ReplicationConfiguration",
    "requestPayment": "RequestPaymentConfiguration",
    "restore": "RestoreRequest",
    "retention": "Retention",
    "select": "SelectObjectContentRequest",
    "tagging": "Tagging",
    "uploadId": "CompleteMultipartUpload",
    "versioning": "VersioningConfiguration",
    "website": "WebsiteConfiguration",
}
"""What a PUT or POST with this in its query has a document of, and the document's root."""
MAY_BE_EMPTY = frozenset(("acl", "restore", "retention", "legal-hold"))
ACLS = (
    *("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read"),
    *("bucket-owner-full-control", "log-delivery-write"),
)
ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx")
NUMBERS = ("max-keys", "max-uploads", "max-parts", "part-number-marker")
DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+\Z|xn--|.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_GRANTEE = re.compile(r'\s*(id|uri|emailAddress)="?[^",]+"?(\s*,\s*(id|uri|emailAddress)="?[^",]+"?)*\s*')


def malformed() -> Refused:
    return Refused(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )


def check(environ: Environ) -> None:
    """Refused."""
    method, query = environ["REQUEST_METHOD"], dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    _check_method(environ, method, query)
    if len(environ["PATH_INFO"].removeprefix("/").partition("/")[2]) > KEY_BYTES:
        raise Refused("KeyTooLongError", "Your key is too long")
    _check_numbers(query)
    _check_headers(environ)
    if method not in ("PUT", "POST"):
        return
    root = _root(environ, method, query)
    if root == MADE and _BUCKET.fullmatch(environ["PATH_INFO"].strip("/")) is None:
        raise Refused("InvalidBucketName", "The specified bucket is not valid.")
    if root is not None:
        _check_document(environ, root, may_be_empty=root == MADE or query.keys() & MAY_BE_EMPTY)


def stumbled(environ: Environ, error: Exception) -> Refused:
    """Of what moto could not work with."""
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    if "uploadId" in query and isinstance(error, KeyError):
        return Refused(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
        )
    if "continuation-token" in query:
        return Refused("InvalidArgument", "The continuation token provided is incorrect")
    if environ["REQUEST_METHOD"] == "POST" and not query:
        return Refused(
            "InvalidArgument",
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
        )
    if _root(environ, environ["REQUEST_METHOD"], query) is not None:
        return malformed()
    if environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-"):
        return Refused("IncompleteBody", "The request body terminated unexpectedly")
    return Refused("InvalidRequest", f"moto could not make sense of this request ({type(error).__name__}: {error})")


def _check_method(environ: Environ, method: str, query: Mapping[str, str]) -> None:
    is_post_of_nothing = method == "POST" and not query.keys() & {"uploads", *ROOTS}
    kind = environ.get("CONTENT_TYPE", "")
    if is_post_of_nothing and _is_of_bucket(environ):
        if not kind.startswith("multipart/form-data"):
            raise Refused("PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data", 412)
    elif is_post_of_nothing or method not in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"):
        raise Refused("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)


def _check_numbers(query: Mapping[str, str]) -> None:
    for name in NUMBERS:
        said = query.get(name) or "0"
        if not said.isascii() or not said.lstrip("-").isdigit() or len(said) > 11:
            raise Refused("InvalidArgument", f"Provided {name} not an integer or within integer range")
        if not 0 <= int(said) <= MOST:
            raise Refused("InvalidArgument", f"Argument {name} must be an integer between 0 and {MOST}")
    part = query.get("partNumber")
    if part is not None and not (part.isascii() and part.isdigit() and 1 <= int(part[:6]) <= MOST_PARTS):
        raise Refused("InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive")


def _check_headers(environ: Environ) -> None:
    for name in DATES:
        if name in environ and parsedate(environ[name]) is None:
            del environ[name]  # S3 takes no notice of what is no date
    if environ.get("HTTP_X_AMZ_ACL", ACLS[0]) not in ACLS:
        raise Refused("InvalidArgument", f"The canned ACL {environ['HTTP_X_AMZ_ACL']} is not known")
    if environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION", ENCRYPTIONS[0]) not in ENCRYPTIONS:
        raise Refused("InvalidArgument", "The encryption method specified is not supported")
    if environ.get("HTTP_X_AMZ_METADATA_DIRECTIVE", "COPY") not in ("COPY", "REPLACE"):
        raise Refused("InvalidArgument", "Unknown metadata directive.")
    source = environ.get("HTTP_X_AMZ_COPY_SOURCE")
    if source is not None and "/" not in source.removeprefix("/").removeprefix("%2F").replace("%2F", "/"):
        raise Refused("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    for name in environ:
        if name.startswith("HTTP_X_AMZ_GRANT_") and _GRANTEE.fullmatch(environ[name]) is None:
            raise Refused("InvalidArgument", "Argument format not recognized")
    length = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH")
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Refused("InvalidArgument", "The value of x-amz-decoded-content-length is no number of bytes")


def _root(environ: Environ, method: str, query: Mapping[str, str]) -> str | None:
    """Of the document that the request brings; None: it brings none."""
    if method == "PUT" and "uploadId" in query:
        return None
    named = next((root for name, root in ROOTS.items() if name in query), None)
    is_made = method == "PUT" and not query and _is_of_bucket(environ)
    return named or (MADE if is_made else None)


def _is_of_bucket(environ: Environ) -> bool:
    return not environ["PATH_INFO"].removeprefix("/").partition("/")[2]


def _check_document(environ: Environ, root: str, *, may_be_empty: Any) -> None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MOST_XML_BYTES and root == ROOTS["delete"]:
        raise malformed()
    if length > MOST_XML_BYTES or environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-"):
        return
    body = _body(environ, length)
    if not body:
        if may_be_empty:
            return
        raise Refused("MissingRequestBodyError", "Request Body is empty")
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: names.append(name.rpartition(" ")[2])
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise malformed() from error
    if names[0] != root or (root == ROOTS["delete"] and names.count("Object") > MOST_DELETED):
        raise malformed()
    if root == ROOTS["versioning"] and "Status" not in names:
        raise Refused("IllegalVersioningConfigurationException", "The Versioning element must be specified")


def _refuse_entity(*_: object) -> None:
    raise malformed()


def _body(environ: Environ, length: int) -> bytes:
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = BytesIO(body)
    return body
