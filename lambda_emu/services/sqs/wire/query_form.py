"""The form of older SDKs: `Action=…&Version=2012-11-05` in a form or a query, answered in XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.sqs.errors import MalformedMessage, MissingMember, UnknownSqsOperation
from lambda_emu.services.sqs.wire.json_form import query_code, sender
from lambda_emu.services.sqs.wire.members import ENTRY_INPUTS, INPUTS, QUERY_NAMES, MemberKind, Members, check, kind_of
from lambda_emu.services.xml import element, text_of, xml_answer

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
MOST_FIELDS = 1_000
SILENT = frozenset(
    {
        "AddPermission",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    }
)
"""Operations that tell nothing; all others have a result, be it empty."""
_PLACE = re.compile(r"([1-9][0-9]{0,3})(?:\.(.+))?|([A-Za-z].*)", re.DOTALL)
"""What follows a list's name: a number, and what is told of that one; or only that, where there is one."""

Fields = Mapping[str, str]


def parse(request: Request) -> tuple[str, Members]:
    """The operation and its members; the queue is that of the path unless one is named. SqsError."""
    fields = _fields(request)
    name = fields.get("Action")
    if name is None:
        raise MissingMember("Action")
    if name not in INPUTS:
        raise UnknownSqsOperation(name)
    given = _members(fields, INPUTS[name], name)
    if "QueueUrl" in INPUTS[name] and "QueueUrl" not in given:
        given["QueueUrl"] = request.path.decode("latin-1")
    return name, check(name, given)


def _fields(request: Request) -> Fields:
    try:
        texts = [request.query.decode("ascii"), request.body.decode("ascii")]
        pairs = [
            pair
            for text in texts
            for pair in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        ]
    except ValueError:
        raise MalformedMessage("The form is not URL-encoded UTF-8, or has too many fields") from None
    return dict(pairs)


def _members(fields: Fields, names: Iterable[str], operation: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        value = _member(fields, name, operation)
        if value is not None:
            found[name] = value
    return found


def _member(fields: Fields, name: str, operation: str) -> Any:
    kind = kind_of(name)
    if kind is MemberKind.TEXT:
        return fields.get(name)
    if kind is MemberKind.NUMBER:
        return _number(name, fields.get(name))
    if kind is MemberKind.ENTRIES:
        parts = _numbered(fields, f"{operation}RequestEntry")
        return [_members(part, ENTRY_INPUTS[operation], operation) for part in parts] or None
    parts = _numbered(fields, QUERY_NAMES[name])
    if kind is MemberKind.TEXTS:
        return [part[""] for part in parts if "" in part] or None
    if kind is MemberKind.PAIRS:
        return {part.get("Name", part.get("Key", "")): part.get("Value", "") for part in parts} or None
    return {part.get("Name", ""): _value(part) for part in parts} or None


def _numbered(fields: Fields, name: str) -> list[dict[str, str]]:
    """What stands below `name.1`, `name.2` and so on, each by what follows; by nothing where nothing follows.

    `name` and `name.x` without a number are of the first. MalformedMessage.
    """
    found: dict[int, dict[str, str]] = {}
    if name in fields:
        found[0] = {"": fields[name]}
    for field, value in fields.items():
        if not field.startswith(name + "."):
            continue
        place = _PLACE.fullmatch(field, len(name) + 1)
        if place is None:
            raise MalformedMessage(f"{field[:256]} is no member")
        found.setdefault(int(place[1] or 0), {})[place[2] or place[3] or ""] = value
    return [found[place] for place in sorted(found)]


def _value(part: Mapping[str, str]) -> dict[str, str]:
    names = ("DataType", "StringValue", "BinaryValue")
    return {name: part[f"Value.{name}"] for name in names if f"Value.{name}" in part}


def _number(name: str, text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) is None:
        raise MalformedMessage(f"{name} is not of its type")
    return int(text)


# -- answers --------------------------------------------------------------------------------------


def render(operation: str, result: Mapping[str, Any] | None, request_id: str) -> Answer:
    shown = "".join(_shown(operation, result or {}))
    said = "" if operation in SILENT else f"<{operation}Result>{shown}</{operation}Result>"
    about = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return xml_answer(200, f'<{operation}Response xmlns="{NAMESPACE}">{said}{about}</{operation}Response>', request_id)


def render_error(error: LambdaError, request_id: str) -> Answer:
    texts = ("Type", sender(error)), ("Code", query_code(error)), ("Message", error.text or "")
    said = "".join(element(name, text) for name, text in texts)
    about = f"<RequestId>{request_id}</RequestId>"
    body = f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{said}<Detail/></Error>{about}</ErrorResponse>'
    return xml_answer(error.status, body, request_id)


def _shown(operation: str, members: Mapping[str, Any]) -> Iterator[str]:
    one_of = {
        "Successful": f"{operation}ResultEntry",
        "Failed": "BatchResultErrorEntry",
        "Messages": "Message",
        "QueueUrls": "QueueUrl",
        "queueUrls": "QueueUrl",
        "Results": "ListMessageMoveTasksResultEntry",
    }
    for name, value in members.items():
        if isinstance(value, str):
            yield element(name, value)
        elif isinstance(value, bool):
            yield element(name, "true" if value else "false")
        elif isinstance(value, int):
            yield element(name, str(value))
        elif isinstance(value, Mapping):
            key = "Key" if name == "Tags" else "Name"
            pairs = (f"{element(key, one)}{_of_value(its)}" for one, its in value.items())
            yield from (f"<{QUERY_NAMES[name]}>{pair}</{QUERY_NAMES[name]}>" for pair in pairs)
        else:
            for one in value:
                text = text_of(one) if isinstance(one, str) else "".join(_shown(operation, one))
                yield f"<{one_of[name]}>{text}</{one_of[name]}>"


def _of_value(value: str | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return element("Value", value)
    return f"<Value>{''.join(element(name, text) for name, text in value.items())}</Value>"
