"""Where the text of a template comes from: the request, an object in S3, or the stack as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import Invalid, TooLong
from lambda_emu.model.function.function import S3Object
from lambda_emu.model.stacks import StackRecord
from lambda_emu.templates.object_urls import CannotFetch, fetch, object_at

MOST_BODY_BYTES = 51_200
URLS = ("StackPolicyDuringUpdateURL", "StackPolicyURL", "TemplateURL")
"""Members of requests that name objects."""


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


def named_objects(members: Mapping[str, Any]) -> Iterator[S3Object]:
    """What is asked of S3 for a request."""
    for url in (str(members[name]) for name in URLS if name in members):
        with suppress(CannotFetch):
            yield object_at(url)


def _fetched(url: str, context: RequestContext) -> str:
    try:
        return fetch(url, context).decode(errors="replace")
    except CannotFetch as error:
        raise Invalid(str(error)) from None
