"""`events: alb`: rules of a load balancer, with the conditions that CreateRule takes."""

from __future__ import annotations

from typing import Any

from lambda_emu.model.value_types import FLAG, text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, main_key
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, list_of, mapping, single

PATTERN = text("a pattern of up to 128 characters", r"[^\0\s]{1,128}")
PATH = text("a path such as /api/*, of up to 128 characters", r"[/*?][^\0\s]{0,127}")
VALUE = text("a pattern of up to 128 characters", r"[^\0]{0,128}")
NAME = text("1 to 40 letters, digits, - and _", r"[\w-]{1,40}")
METHOD = text("a method in capitals such as GET", r"[A-Z_-]{1,40}")
NETWORK = text("addresses such as 10.0.0.0/8", r"[0-9a-fA-F:.]{2,45}/\d{1,3}")
BALANCER = text(
    "1 to 32 letters, digits and -, neither first nor last, and not internal- first",
    r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)",
)
DEFAULT_BALANCER = "lambda-emu"
MOST_VALUES = 5


def _condition(field: str, config: str, kind: KeyType) -> KeyType:
    def read(document: Document, value: Value) -> Any:
        before = document.mistake_count
        found = kind.read(document, value)
        return None if document.mistake_count > before else {"Field": field, config: {"Values": found}}

    return KeyType(kind.allowed, read)


def _read_query(document: Document, value: Value) -> Any:
    before = document.mistake_count
    found = QUERY_PAIRS.read(document, value)
    pairs = [{"Key": name, "Value": wanted} for name, wanted in found.items()]
    config = {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}
    return None if document.mistake_count > before else config


def _read_header(document: Document, value: Value) -> Any:
    before = document.mistake_count
    found = HEADER_PAIR.read(document, value)
    if document.mistake_count > before or not found:
        return None
    ((name, wanted),) = found.items()
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": [wanted]}}


QUERY_PAIRS = mapping(PATTERN, VALUE, MOST_VALUES)
HEADER_PAIR = mapping(NAME, VALUE, 1)
ALB = EventKind(
    "path",
    (
        main_key("path", PATH, "Of the requests; `*` is any characters, `?` one."),
        Key("balancer", "balancer", single(BALANCER), "The load balancer; made if missing.", default="`lambda-emu`"),
        Key(
            "host",
            "host-header",
            _condition("host-header", "HostHeaderConfig", list_of(single(PATTERN), MOST_VALUES)),
            "By which hosts.",
        ),
        Key(
            "method",
            "http-request-method",
            _condition("http-request-method", "HttpRequestMethodConfig", list_of(single(METHOD), MOST_VALUES)),
            "By which methods.",
        ),
        Key("header", "http-header", KeyType(HEADER_PAIR.allowed, _read_header), "With which header, one alone."),
        Key("query", "query-string", KeyType(QUERY_PAIRS.allowed, _read_query), "With one of these parameters."),
        Key(
            "source",
            "source-ip",
            _condition("source-ip", "SourceIpConfig", list_of(single(NETWORK), MOST_VALUES)),
            "From which addresses.",
        ),
        Key(
            "priority",
            "priority",
            single(whole(1, 50_000)),
            "Of its rule; the lowest is asked first.",
            default="10000, 10001 … in the order of the file",
        ),
        Key(
            "multi_value",
            "multi_value",
            single(FLAG),
            "Whether all values of a header or parameter are told.",
            default="`false`",
        ),
    ),
    "A request to a load balancer.",
)
