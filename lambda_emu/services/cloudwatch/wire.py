"""Two forms on the wire: JSON 1.0 with the operation in X-Amz-Target, and the form of older SDKs, answered in XML."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.model.timestamps import whole_second
from lambda_emu.services.cloudwatch.alarm_inputs import ALARM_INPUTS
from lambda_emu.services.cloudwatch.errors import CloudWatchError, Unreadable
from lambda_emu.services.cloudwatch.members import INPUTS, Members, from_form, from_json, tree_of
from lambda_emu.services.xml import text_of, xml_answer

TARGET = b"GraniteServiceVersion20100801."
NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
JSON_TYPE = "application/x-amz-json-1.0"
SPECS = {**INPUTS, **ALARM_INPUTS}
MOST_FIELDS = 50_000
MOST_BYTES = 16 * 1024 * 1024
"""Of a body, also when it is unpacked."""


class Time(float):
    """Seconds since the epoch, in an answer."""


class ByName(dict[str, Any]):
    """Values by names that are not members, in an answer."""


def operation_of(request: Request) -> str | None:
    """What a request asks for, if that is among ours. Unreadable."""
    target = request.head.first.get(b"x-amz-target")
    name = _fields(request).get("Action", "") if target is None else target[len(TARGET) :].decode("latin-1")
    return name if name in SPECS else None


def parse(operation: str, request: Request) -> Members:
    """CloudWatchError."""
    spec = SPECS[operation]
    if is_form(request):
        return from_form(spec, tree_of(_fields(request))) or {}
    try:
        given = json.loads(_body(request) or b"{}")
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON") from None
    found: Members = from_json(spec, given)
    return found


def is_form(request: Request) -> bool:
    return b"x-amz-target" not in request.head.first


def render(operation: str, result: Mapping[str, Any], request: Request) -> Answer:
    if not is_form(request):
        return _json(200, _plain(result), request, ())
    shown = f"<{operation}Result>{''.join(_elements(result))}</{operation}Result>" if result else ""
    about = f"<ResponseMetadata><RequestId>{request.request_id}</RequestId></ResponseMetadata>"
    return xml_answer(
        200, f'<{operation}Response xmlns="{NAMESPACE}">{shown}{about}</{operation}Response>', request.request_id
    )


def render_error(error: LambdaError, request: Request) -> Answer:
    """Those of the gateway and of the child too."""
    code = error.query_code if isinstance(error, CloudWatchError) else error.code
    sender = "Receiver" if error.status >= 500 else "Sender"
    if is_form(request):
        said = "".join(_element(*pair) for pair in (("Type", sender), ("Code", code), ("Message", error.text or "")))
        about = f"<RequestId>{request.request_id}</RequestId>"
        body = f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{said}</Error>{about}</ErrorResponse>'
        return xml_answer(error.status, body, request.request_id)
    body_members = {"__type": error.code, "message": error.text}
    return _json(error.status, body_members, request, (("x-amzn-query-error", f"{code};{sender}"),))


def _json(status: int, members: object, request: Request, more: tuple[tuple[str, str], ...]) -> Answer:
    headers = [("Content-Type", JSON_TYPE), ("x-amzn-RequestId", request.request_id), *more]
    return Answer(status, headers, json.dumps(members, separators=(",", ":")).encode())


def _plain(value: Any) -> Any:
    """JSON has a time as a number, and whole seconds without a point."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, Time) and value.is_integer() else value


def _elements(members: Mapping[str, Any]) -> Iterator[str]:
    for name, value in members.items():
        if isinstance(value, ByName):
            entries = (f"{_element('key', key)}{_element('value', one)}" for key, one in value.items())
            yield f"<{name}>{''.join(f'<entry>{entry}</entry>' for entry in entries)}</{name}>"
        else:
            yield _element(name, value)


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        text = "".join(_elements(value))
    elif isinstance(value, list):
        text = "".join(_element("member", one) for one in value)
    elif isinstance(value, Time):
        text = whole_second(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = text_of(str(value))
    return f"<{name}>{text}</{name}>"


def _fields(request: Request) -> dict[str, str]:
    try:
        texts = [request.query.decode("ascii"), _body(request).decode("ascii")]
        return {
            name: value
            for text in texts
            for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        }
    except ValueError:
        raise Unreadable("The form is not URL-encoded UTF-8, or has too many fields") from None


def _body(request: Request) -> bytes:
    """SDKs pack what they put. Unreadable."""
    if request.header(b"content-encoding") != "gzip":
        return request.body
    unpack = zlib.decompressobj(wbits=31)
    try:
        body = unpack.decompress(request.body, MOST_BYTES)
    except zlib.error:
        raise Unreadable("The body is not packed by gzip") from None
    if not unpack.eof:
        raise Unreadable(f"The body is not whole, or larger than {MOST_BYTES} bytes")
    return body
