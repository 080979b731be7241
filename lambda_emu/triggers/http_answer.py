"""What a function returned, as an HTTP answer. docs/contract/events.md#function-urls."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.json import decode

from lambda_emu.gateway.answers import Answer

JSON, BYTES = "application/json", "application/octet-stream"
INTEGRATION = "application/vnd.awslambda.http-integration-response"
"""Content type of a function that streams its status and headers before its body."""
PRELUDE_END = bytes(8)
REMAPPED = frozenset(("connection", "content-length", "date"))
"""Headers that we write ourselves: a function's own have another name then."""
DROPPED = frozenset(("keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"))
BODILESS = (204, 304)
MOST_HEADER_BYTES = 10_240
"""Of the names and values of all headers of an answer: API Gateway's quota. Others have their own."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS = re.compile(r"[2-5][0-9][0-9]")


class MalformedAnswer(ValueError):
    """A function returned what is no answer."""


class HeaderRoom:
    """How much more the headers of one answer may have. Asked before one is kept: there may be thousands."""

    def __init__(self, most_bytes: int = MOST_HEADER_BYTES) -> None:
        self._most_bytes = self._left_bytes = most_bytes

    def take(self, headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """The same. MalformedAnswer."""
        for name, value in headers:
            self._left_bytes -= len(name) + len(value)
            if self._left_bytes < 0:
                raise MalformedAnswer(f"its headers have more than {self._most_bytes} bytes")
            yield name, value


def whole_answer(payload: bytes, most_header_bytes: int = MOST_HEADER_BYTES) -> Answer:
    """Of a function that returns it: in full, where there is a statusCode, else as the body. MalformedAnswer."""
    returned = decoded(payload)
    if isinstance(returned, dict) and "statusCode" in returned:
        return _full_answer(returned, body_in(returned), JSON, HeaderRoom(most_header_bytes))
    body = returned.encode("utf-8", "replace") if isinstance(returned, str) else payload
    return Answer(200, [("Content-Type", JSON)], body)


def proxy_answer(payload: bytes, *, keeps_base64: bool = False) -> Answer:
    """Of payload format 1.0, where nothing but a whole answer is one. MalformedAnswer.

    keeps_base64: what is said to be in base64 goes out as it stands.
    """
    returned = decoded(payload)
    if not isinstance(returned, dict) or "statusCode" not in returned:
        raise MalformedAnswer("it is no object with a statusCode")
    several = _several(returned.get("multiValueHeaders"))
    named = {name.lower() for name in several}
    single = returned.get("headers")
    if isinstance(single, dict):
        single = {name: value for name, value in single.items() if name.lower() not in named}
    members = {"statusCode": returned["statusCode"], "headers": single}
    body = body_in(returned | {"isBase64Encoded": False} if keeps_base64 else returned)
    room = HeaderRoom()
    answer = _full_answer(members, body, "" if "content-type" in named else JSON, room)
    for name, values in several.items():
        for value in values:
            answer.headers.extend(room.take(_headers({name: value})))
    return answer


def decoded(payload: bytes) -> Any:
    """MalformedAnswer."""
    try:
        return decode(payload)  # in a quarter of json's time, which takes more (NaN, halves of characters)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("it is not JSON") from error


def _several(given: Any) -> Mapping[str, Sequence[Any]]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(values, list) for values in given.values()):
        raise MalformedAnswer("multiValueHeaders is no object of lists")
    return given


def streamed_answer(payload: bytes, content_type: str, most_header_bytes: int = MOST_HEADER_BYTES) -> Answer:
    """Of a URL whose answers are streamed: nothing is read into its bytes but the prelude. MalformedAnswer."""
    if not content_type.startswith(INTEGRATION):
        return Answer(200, [("Content-Type", BYTES)], payload)
    prelude, end, body = payload.partition(PRELUDE_END)
    try:
        said = json.loads(prelude)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("its prelude is not JSON") from error
    if not end or not isinstance(said, dict):
        raise MalformedAnswer("its prelude is no object that eight NUL bytes end")
    return _full_answer({"statusCode": 200} | said, body, BYTES, HeaderRoom(most_header_bytes))


def _full_answer(returned: Mapping[str, Any], body: bytes, content_type: str, room: HeaderRoom) -> Answer:
    """content_type: unless the function says one; empty: it does so elsewhere."""
    status = status_of(returned["statusCode"])
    headers = list(room.take(_headers(returned.get("headers"))))
    if content_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", content_type))
    headers += room.take(("Set-Cookie", cookie) for cookie in _cookies(returned.get("cookies")))
    return Answer(status, headers, b"" if status in BODILESS else body)


def status_of(given: Any) -> int:
    """A number, or one that is written as text. MalformedAnswer."""
    if isinstance(given, bool) or not isinstance(given, int | str) or not _STATUS.fullmatch(str(given)):
        raise MalformedAnswer("statusCode is no status of HTTP")
    return int(given)


def _headers(given: Any) -> Iterable[tuple[str, str]]:
    if given is None:
        return
    if not isinstance(given, dict):
        raise MalformedAnswer("headers is no object")
    for name, value in given.items():
        check_name(name)
        if value is None or name.lower() in DROPPED:
            continue
        remapped = name.lower() in REMAPPED or name.lower().startswith("x-amzn-")
        yield (f"x-amzn-Remapped-{name}" if remapped else name), _text(value)


def _text(value: Any) -> str:
    """A scalar as JSON writes it; what is no ASCII goes out in UTF-8. MalformedAnswer."""
    if isinstance(value, dict | list):
        raise MalformedAnswer("a header's value is no scalar")
    return header_text(value if isinstance(value, str) else json.dumps(value))


def check_name(name: str) -> None:
    """Of a header. MalformedAnswer."""
    if not _NAME.fullmatch(name):
        raise MalformedAnswer("a header has a name that HTTP forbids")


def header_text(text: str) -> str:
    """As it is sent. MalformedAnswer."""
    if _FORBIDDEN.search(text):
        raise MalformedAnswer("a header's value has a character that HTTP forbids")
    return text.encode("utf-8", "replace").decode("latin-1")


def _cookies(given: Any) -> Iterator[str]:
    if given is None:
        return
    if not isinstance(given, list):
        raise MalformedAnswer("cookies is no list of texts")
    for cookie in given:
        if not isinstance(cookie, str):
            raise MalformedAnswer("cookies is no list of texts")
        yield _text(cookie)


def body_in(returned: Mapping[str, Any]) -> bytes:
    """MalformedAnswer."""
    body, encoded = returned.get("body"), returned.get("isBase64Encoded")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer("body is no text")
    if encoded is not None and not isinstance(encoded, bool):
        raise MalformedAnswer("isBase64Encoded is neither true nor false")
    if not encoded:
        return body.encode("utf-8", "replace")
    try:
        return b64decode(body, validate=True)
    except ValueError as error:
        raise MalformedAnswer("body is no base64") from error
