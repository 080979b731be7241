"""Who may ask S3 besides those who sign: web pages as a bucket's CORS configuration says, anybody as its policy does.

A URL that was signed beforehand holds for as long as it says. Signatures are not checked, so that a page could write
one; whether it is signed says nothing of a page.
"""

from __future__ import annotations

import json
import re
import time
from calendar import timegm
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from msgspec import Struct

from lambda_emu.services.child.program.clock import clock

Headers = list[tuple[str, str]]

NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
OTHER_SITES = ("cross-site", "same-site")
READS = ("GET", "HEAD")
ACTIONS = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "PutObject", "DELETE": "DeleteObject"}
"""What anybody needs a policy for, of a bucket, or of an object that is not read."""
UNSIGNED = "HTTP_X_LAMBDA_EMU_UNSIGNED"
"""Key of an environ, which the server alone sets: it checked, and nobody signed."""
SHOWN = ("document", "embed", "frame", "iframe", "object")
"""Where a browser lets what it gets run, by Sec-Fetch-Dest."""
SANDBOX = ("Content-Security-Policy", "sandbox allow-forms allow-popups allow-scripts")
"""What lies in a bucket is somebody's content, and by path has the origin of all else on the port."""


class AccessVerdict(Struct, frozen=True):
    """status: what it is answered instead of being served; 0: it is served. headers: of the answer, whatever it is."""

    status: int = 0
    code: str = ""
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


SERVED = AccessVerdict()


def judge(environ: Mapping[str, Any]) -> AccessVerdict:
    """Before moto sees it."""
    if "HTTP_AUTHORIZATION" not in environ and "Expires=" in environ["QUERY_STRING"]:
        late = _judge_age(parse_qs(environ["QUERY_STRING"]))
        if late.status:
            return late
    origin = environ.get("HTTP_ORIGIN")
    is_of_page = origin is not None and origin != f"http://{environ.get('HTTP_HOST')}"
    if is_of_page or environ.get("HTTP_SEC_FETCH_SITE") in OTHER_SITES:
        return _judge_page(environ, origin)
    if environ["REQUEST_METHOD"] != "OPTIONS" and not _is_signed(environ) and not _is_open(environ):
        return AccessVerdict(403, "AccessDenied", "Access Denied")
    shown = (SANDBOX,) if environ.get("HTTP_SEC_FETCH_DEST") in SHOWN else ()
    return AccessVerdict(headers=shown)


def _judge_age(query: Mapping[str, list[str]]) -> AccessVerdict:
    """Of what was signed beforehand, by version 4 or 2 of the signature."""
    said = {name.lower(): values[0] for name, values in query.items()}
    try:
        if "x-amz-signature" in said:
            made_s = timegm(time.strptime(said.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ"))
            ends_s = made_s + int(said.get("x-amz-expires", ""))
        elif "awsaccesskeyid" in said:
            ends_s = int(said.get("expires", ""))
        else:
            return SERVED
    except ValueError:
        return AccessVerdict(
            400, "AuthorizationQueryParametersError", "X-Amz-Date and X-Amz-Expires must say until when."
        )
    return AccessVerdict(403, "AccessDenied", "Request has expired") if clock.machine_s() > ends_s else SERVED


def _judge_page(environ: Mapping[str, Any], origin: str | None) -> AccessVerdict:
    method, name = environ["REQUEST_METHOD"], _place(environ)[0]
    if origin is None:  # a picture, a link: it is shown, and its page cannot read it
        is_read = method in READS and (_is_signed(environ) or _is_open(environ))
        return AccessVerdict(headers=(SANDBOX,)) if is_read else AccessVerdict(403, "AccessDenied", "Access Denied")
    is_preflight = method == "OPTIONS"
    wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "") if is_preflight else method
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "") if is_preflight else ""
    bucket = _bucket(environ, name)
    for rule in () if bucket is None else bucket.cors:
        if _allows(rule, origin, wanted, asked):
            told = tuple(_told(rule, origin, asked))
            if is_preflight:
                return AccessVerdict(200, headers=told)
            if _is_signed(environ) or _is_open(environ):
                return AccessVerdict(headers=told)
            return AccessVerdict(403, "AccessDenied", "Access Denied", told)
    return AccessVerdict(403, "AccessForbidden", NOT_ALLOWED)


def _allows(rule: Any, origin: str, method: str, asked: str) -> bool:
    names = [name.strip().lower() for name in asked.split(",") if name.strip()]
    headers = [header.lower() for header in rule.allowed_headers or ()]
    return (
        any(_like(each, origin) for each in rule.allowed_origins or ())
        and method in (rule.allowed_methods or ())
        and all(any(_like(header, name) for header in headers) for name in names)
    )


def _like(pattern: str, text: str) -> bool:
    """With at most one star, as S3 has them."""
    begin, star, end = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(begin) + len(end) and text.startswith(begin) and text.endswith(end)


def _told(rule: Any, origin: str, asked: str) -> Headers:
    is_for_all = "*" in rule.allowed_origins
    told = [("Access-Control-Allow-Origin", "*" if is_for_all else origin)]
    told.append(("Access-Control-Allow-Methods", ", ".join(rule.allowed_methods)))
    if asked:
        told.append(("Access-Control-Allow-Headers", asked.lower()))
    if rule.exposed_headers:
        told.append(("Access-Control-Expose-Headers", ", ".join(rule.exposed_headers)))
    if rule.max_age_seconds is not None:
        told.append(("Access-Control-Max-Age", str(rule.max_age_seconds)))
    if not is_for_all:
        told.append(("Access-Control-Allow-Credentials", "true"))
    told.append(("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"))
    return told


def _is_signed(environ: Mapping[str, Any]) -> bool:
    """So it says: in the header, or in a URL that was signed beforehand; unless the server knows that nobody signed."""
    if UNSIGNED in environ:
        return False
    return "HTTP_AUTHORIZATION" in environ or re.search(r"(?:^|[&-])Signature=", environ["QUERY_STRING"]) is not None


def _is_open(environ: Mapping[str, Any]) -> bool:
    """Whether anybody may: an object is read as moto finds it, by policies and ACLs; all else must be in the policy."""
    from moto.iam.access_control import PermissionResult

    name, key = _place(environ)
    bucket, method = _bucket(environ, name), environ["REQUEST_METHOD"]
    if bucket is None or (key and method in READS):
        return True  # moto says what there is to say
    is_form = method == "POST" and environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    if is_form and UNSIGNED not in environ:
        return True  # a form has its signature among its fields
    action = "PutObject" if is_form else ACTIONS.get(method, "")
    resource = f"arn:aws:s3:::{name}/{key}" if key or is_form else f"arn:aws:s3:::{name}"
    return bool(bucket.get_permission(f"s3:{action}", resource) == PermissionResult.PERMITTED)


def _place(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key."""
    name, _, key = environ["PATH_INFO"].removeprefix("/").partition("/")
    return name, key


def _bucket(environ: Mapping[str, Any], name: str) -> Any:
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    if not name:
        return None
    account = environ.get("HTTP_X_MOTO_ACCOUNT_ID", "123456789012")
    try:
        return s3_backends[account]["aws"].get_bucket(name)
    except S3ClientError:
        return None


STATEMENT = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
"""Of each pair a statement of a bucket's policy has one."""


def replace_policies() -> None:
    """moto keeps any text for a policy, and then nobody can read what is in the bucket."""
    from moto.s3 import models
    from moto.s3.exceptions import S3ClientError

    put = models.S3Backend.put_bucket_policy

    def put_checked(self: Any, bucket_name: str, policy: bytes) -> None:
        problem = _problem_of(policy)
        if problem is not None:
            raise S3ClientError("MalformedPolicy", problem)
        put(self, bucket_name, policy)

    models.S3Backend.put_bucket_policy = put_checked  # type: ignore[method-assign]


def replace_permissions() -> None:
    """moto forbids all that a statement is about whose condition it does not know to hold, also of one that allows.

    What has a condition is for the server to judge, which knows what there is to a request.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3 import models

    def get_permission(self: Any, action: str, resource: str) -> Any:
        said = {} if self.policy is None else json.loads(self.policy)
        statements = said.get("Statement") or []
        statements = statements if isinstance(statements, list) else [statements]
        judged = [statement for statement in statements if not statement.get("Condition")]
        if not judged:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**said, "Statement": judged})).is_action_permitted(action, resource)

    models.FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def _problem_of(policy: bytes) -> str | None:
    """What is wrong with it, in S3's words; None: nothing that we look at."""
    try:
        said = json.loads(policy)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return "Policies must be valid JSON and the first byte must be '{'"
    statements = said.get("Statement")
    for statement in statements if isinstance(statements, list) and statements else [statements]:
        if not isinstance(statement, dict):
            return "Missing required field Statement"
        for names in STATEMENT:
            if not any(name in statement for name in names):
                return f"Missing required field {names[0]}"
        if statement["Effect"] not in ("Allow", "Deny"):
            return f"Invalid effect: {statement['Effect']}"
    return None
