"""What an HTTP task sends, of its parameters and its connection; and what is told of the answer. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from lambda_emu.services.web_requests import (
    BODILESS,
    Pairs,
    WebAnswer,
    WebRequest,
    authorization,
    pairs,
    with_members,
)

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
RANGE = "bytes=0-262144"
FORM = "application/x-www-form-urlencoded"
NOT_TAKEN = re.compile(
    r"(?i)a-im|accept-charset|accept-datetime|accept-encoding|authorization|cache-control|connection|content-encoding"
    r"|content-md5|date|expect|forwarded|from|host|http2-settings|if-match|if-modified-since|if-none-match|if-range"
    r"|if-unmodified-since|max-forwards|origin|pragma|proxy-authorization|referer|server|te|trailer|transfer-encoding"
    r"|upgrade|via|warning|x-forwarded-.*|x-amz-.*|x-amzn-.*"
)
"""Headers that a definition may not have, as AWS lists them."""
ARRAYS = {"INDICES": "{0}[{1}]", "REPEAT": "{0}", "BRACKETS": "{0}[]"}
"""How an item of a list is named in a form; COMMAS and NONE have all of them in one."""
Parameters = Mapping[str, Any]


def agent_of(region: str) -> str:
    return f"Amazon|StepFunctions|HttpInvoke|{region}"


def request_of(asked: Parameters, region: str, type: str = "", connection: Parameters | None = None) -> WebRequest:
    """type, connection: how it authorizes and its parameters, whose word is the last; None: as if there were none.

    ValueError: it is no request.
    """
    method, url = asked.get("Method"), str(asked.get("ApiEndpoint", ""))
    if method not in METHODS:
        raise ValueError(f"Method must be one of {', '.join(METHODS)}")
    parts, said = urlsplit(url), {name: _joined(value) for name, value in (asked.get("Headers") or {}).items()}
    refused = next((name for name in said if NOT_TAKEN.fullmatch(name)), None)
    if refused is not None:
        raise ValueError(f"The header {refused} cannot be set by an HTTP task")
    known = connection or {}
    more = known.get("InvocationHttpParameters", {})
    query = dict(parse_qsl(parts.query)) | {k: _joined(v) for k, v in (asked.get("QueryParameters") or {}).items()}
    body, kind = _body(asked, pairs(more, "BodyParameters")) if method not in BODILESS else (b"", None)
    headers: dict[str, str] = {"User-Agent": agent_of(region), "Range": RANGE}
    if kind is not None and not any(name.lower() == "content-type" for name in said):
        headers["Content-Type"] = kind
    signed: Pairs = {} if connection is None else authorization(type, connection)
    headers |= {**said, **pairs(more, "HeaderParameters"), **signed}
    query |= pairs(more, "QueryStringParameters")
    return WebRequest(method, parts._replace(query="", fragment="").geturl(), query, headers, body)


def told(answer: WebAnswer) -> dict[str, Any]:
    """What the task comes to."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.lower(), []).append(value)
    text = answer.body.decode("utf-8", "replace")
    body: Any = text
    if "json" in ",".join(headers.get("content-type", ["json"])):
        try:
            body = json.loads(text)
        except ValueError:
            body = text
    return {"Headers": headers, "ResponseBody": body, "StatusCode": answer.status, "StatusText": answer.reason}


def seen_request(asked: WebRequest) -> dict[str, str]:
    """As TestState shows it."""
    parts = urlsplit(asked.url)
    query = f"?{urlencode(asked.query)}" if asked.query else ""
    shown = {"protocol": parts.scheme, "method": asked.method, "url": asked.url + query}
    shown["headers"] = _listed(list(asked.headers.items()))
    return shown | ({"body": asked.body.decode("utf-8", "replace")} if asked.body else {})


def seen_response(asked: WebRequest, answer: WebAnswer) -> dict[str, str]:
    return {
        "protocol": urlsplit(asked.url).scheme,
        "statusCode": str(answer.status),
        "statusMessage": answer.reason,
        "headers": _listed(answer.headers),
        "body": answer.body.decode("utf-8", "replace"),
    }


def _body(asked: Parameters, members: Pairs) -> tuple[bytes, str | None]:
    """And what kind it is; None: there is none."""
    body, transform = asked.get("RequestBody"), asked.get("Transform") or {}
    if body is None and not members:
        return b"", None
    if transform.get("RequestBodyEncoding") == "URL_ENCODED" and isinstance(body, dict):
        arrays = (transform.get("RequestEncodingOptions") or {}).get("ArrayFormat", "INDICES")
        return urlencode([*_form("", body, arrays), *members.items()]).encode(), FORM
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=UTF-8"
    return with_members(json.dumps({} if body is None else body).encode(), members), "application/json; charset=UTF-8"


def _form(name: str, value: Any, arrays: str) -> Iterator[tuple[str, str]]:
    """Fields, as Stripe has them: `a[b]=1`, `c[0]=2`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _form(f"{name}[{key}]" if name else key, inner, arrays)
    elif isinstance(value, list) and arrays in ARRAYS:
        for number, item in enumerate(value):
            yield from _form(ARRAYS[arrays].format(name, number), item, arrays)
    else:
        yield name, _joined(value)


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_joined(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def _listed(headers: Sequence[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in headers)}]"
