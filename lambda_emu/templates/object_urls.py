"""Templates in S3, as `TemplateURL` names them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from lambda_emu.api.context import RequestContext
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import S3Object
from lambda_emu.services.buckets import bucket_of

MOST_OBJECT_BYTES = 1_000_000
NOT_SUPPORTED = "TemplateURL must be a supported URL."
NO_OBJECT = "TemplateURL must reference a valid S3 object to which you have access."
_REGIONAL = re.compile(r"s3[.-](?:dualstack\.)?[a-z0-9-]*\.?amazonaws\.com(?:\.cn)?")
_OF_BUCKET = re.compile(rf"(.+)\.{_REGIONAL.pattern}")


class CannotFetch(Exception):
    """A template that cannot be had; the text is CloudFormation's."""


def is_url(text: str) -> bool:
    return text.startswith(("https://", "http://", "s3://"))


def fetch(url: str, context: RequestContext) -> bytes:
    """From the S3 that this server asks, wherever the URL leads: whoever asks us may not have us ask anybody.

    CannotFetch.
    """
    wanted = object_at(url)
    try:
        with context.s3.fetch(wanted, context.scope, MOST_OBJECT_BYTES) as (path, _):
            text = path.read_bytes()
    except LambdaError as error:
        raise CannotFetch(f"S3 error: {error.text}") from error
    if len(text) > MOST_OBJECT_BYTES:
        raise CannotFetch(f"Template may not exceed {MOST_OBJECT_BYTES} bytes in size.")
    return text


def name_of(url: str) -> str:
    """However it is written. CannotFetch."""
    found = object_at(url)
    return f"s3://{found.bucket}/{found.key}?versionId={found.version or ''}"


def object_at(url: str) -> S3Object:
    """CannotFetch: it is no URL of an object."""
    try:
        split = urlsplit(url)
        host, path = (split.hostname or ""), unquote(split.path).lstrip("/")
    except ValueError:
        raise CannotFetch(NOT_SUPPORTED) from None
    if split.scheme not in ("http", "https") or not host:
        raise CannotFetch(NOT_SUPPORTED)
    of_bucket = _OF_BUCKET.fullmatch(host)
    bucket = of_bucket[1] if of_bucket else bucket_of(host)
    if not bucket:
        bucket, _, path = path.partition("/")
    if not bucket or not path:
        raise CannotFetch(NO_OBJECT)
    version = re.search(r"(?:^|&)versionId=([^&]+)", split.query)
    return S3Object(bucket, path, None if version is None else version[1])
