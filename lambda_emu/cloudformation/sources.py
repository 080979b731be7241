"""Where the text of a template comes from: the request, an object in S3, or the stack as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import Invalid, TooLong
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import S3Object
from lambda_emu.model.stacks import StackRecord
from lambda_emu.services.buckets import bucket_of

MOST_BODY_BYTES = 51_200
MOST_OBJECT_BYTES = 1_000_000
_REGIONAL = re.compile(r"s3[.-](?:dualstack\.)?[a-z0-9-]*\.?amazonaws\.com(?:\.cn)?")
_OF_BUCKET = re.compile(rf"(.+)\.{_REGIONAL.pattern}")


def template_text(members: Mapping[str, Any], context: RequestContext, before: StackRecord | None = None) -> str:
    """CloudFormationError."""
    body, url = members.get("TemplateBody"), members.get("TemplateURL")
    if members.get("UsePreviousTemplate"):
        if body is not None or url is not None:
            raise Invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        if before is None or not before.template:
            raise Invalid("Either Template URL or Template Body must be specified.")
        return before.template
    if body is None and url is None:
        raise Invalid("Either Template URL or Template Body must be specified.")
    if body is not None and url is not None:
        raise Invalid("Specify only one of Template URL or Template Body.")
    if body is None:
        return _fetched(str(url), context)
    if len(body.encode()) > MOST_BODY_BYTES:
        raise TooLong("templateBody", MOST_BODY_BYTES)
    return str(body)


def _fetched(url: str, context: RequestContext) -> str:
    """From the S3 that this server asks, wherever the URL leads: whoever asks us may not have us ask anybody."""
    wanted = _object(url)
    try:
        with context.s3.fetch(wanted, context.scope, MOST_OBJECT_BYTES) as (path, _):
            text = path.read_bytes()
    except LambdaError as error:
        raise Invalid(f"S3 error: {error.text}") from error
    if len(text) > MOST_OBJECT_BYTES:
        raise Invalid(f"Template may not exceed {MOST_OBJECT_BYTES} bytes in size.")
    return text.decode(errors="replace")


def _object(url: str) -> S3Object:
    split = urlsplit(url)
    host, path = (split.hostname or ""), unquote(split.path).lstrip("/")
    if split.scheme not in ("http", "https") or not host:
        raise Invalid("TemplateURL must be a supported URL.")
    of_bucket = _OF_BUCKET.fullmatch(host)
    bucket = of_bucket[1] if of_bucket else bucket_of(host)
    if not bucket:
        bucket, _, path = path.partition("/")
    if not bucket or not path:
        raise Invalid("TemplateURL must reference a valid S3 object to which you have access.")
    version = re.search(r"(?:^|&)versionId=([^&]+)", split.query)
    return S3Object(bucket, path, None if version is None else version[1])
