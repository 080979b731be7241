"""What a project can declare beside functions, as one table: the kinds of `resources:` and the keys of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.model.value_types import ValueType, choice, text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.apis import API, API_KEYS, IMPORTED_API
from lambda_emu.project.keys.event_kind import flag, main_key, turned
from lambda_emu.project.keys.events import BUCKET, CORS_KEYS, POLICY, QUEUE, STREAM, TABLE, TOPIC
from lambda_emu.project.keys.machines import MACHINE, MACHINE_KEYS
from lambda_emu.project.keys.pools import POOL, POOL_KEYS
from lambda_emu.project.keys.roles import ROLE, ROLE_KEYS
from lambda_emu.project.keys.rules import BUS, BUS_KEYS
from lambda_emu.project.keys.shapes import Key, keyed, read_keys
from lambda_emu.project.keys.types import KeyType, list_of, single

ATTRIBUTE = text("an attribute's name", r"[^\s:]{1,255}")
VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")


class DeclaredKind(Struct, frozen=True):
    """name: of the kind in Declared. called: what the names of these may be."""

    name: str
    called: ValueType
    keys: tuple[Key, ...]
    help: str


def _read_attribute(document: Document, value: Value) -> tuple[str, str] | None:
    """A name and a type: `id`, which is a text, or `{id: N}`."""
    if value.is_null or not value.is_mapping:
        name = document.scalar(value, ATTRIBUTE)
        return None if name is None else (name, "S")
    members = document.members(value)
    if len(members) != 1:
        document.mistake(value, f"must be {KEY.allowed}")
        return None
    ((name, kind),) = members.items()
    document.check(kind, name, ATTRIBUTE)
    return name, document.scalar(kind, choice("S", "N", "B"))


KEY = KeyType("an attribute, which is a text, or a mapping of it to S, N or B", _read_attribute)
KEY_ROWS = (
    Key("key", "key", KEY, "The partition key.", required=True),
    Key("sort", "sort", KEY, "The sort key."),
)
REDRIVE_KEYS = (
    Key("queue", "queue", single(QUEUE), "Where they go; made where it is missing.", required=True),
    Key("receives", "receives", single(whole(1, 1000)), "After so many receives.", default="`3`"),
)
SUBSCRIBED_KEYS = (
    main_key("queue", QUEUE, "The queue; made where it is missing."),
    Key(
        "raw",
        "RawMessageDelivery",
        flag("true", "false"),
        "Whether messages arrive without what SNS puts around them.",
        default="`false`",
    ),
    Key("filter", "FilterPolicy", POLICY, "Which messages it gets, by their attributes."),
)


def _read_subscribed(document: Document, value: Value) -> dict[str, Any] | None:
    found = read_keys(document, value, SUBSCRIBED_KEYS, "queue")
    return None if found is None else dict(found.fields)


def _read_indexes(document: Document, value: Value) -> dict[str, Any]:
    return {name: keyed(KEY_ROWS).read(document, member) for name, member in document.members(value).items()}


def _number(name: str, field: str, kind: ValueType, help: str, default: str) -> Key:
    return Key(name, field, turned(single(kind), str), help, default=default)


HTTP_API = "http_api"
HTTP_API_KEYS = (Key("cors", "CorsConfiguration", keyed(CORS_KEYS), "Which pages of others may ask."),)
RESOURCES: Mapping[str, DeclaredKind] = {
    "pools": DeclaredKind("user pool", POOL, POOL_KEYS, "Cognito"),
    "buckets": DeclaredKind(
        "bucket",
        BUCKET,
        (
            Key(
                "versioning",
                "Versioning",
                flag("Enabled", "Suspended"),
                "Whether objects keep their versions.",
                default="as it is",
            ),
        ),
        "S3",
    ),
    "queues": DeclaredKind(
        "queue",
        QUEUE,
        (
            _number(
                "visibility",
                "VisibilityTimeout",
                whole(0, 43_200, "seconds"),
                "How long nobody else gets a message that was received.",
                "`30`, or six times the timeout of the function that it is for",
            ),
            _number("delay", "DelaySeconds", whole(0, 900, "seconds"), "How long nobody gets a new message.", "`0`"),
            _number(
                "retention",
                "MessageRetentionPeriod",
                whole(60, 1_209_600, "seconds"),
                "How long messages are kept.",
                "`345600`",
            ),
            _number(
                "wait",
                "ReceiveMessageWaitTimeSeconds",
                whole(0, 20, "seconds"),
                "How long a receive waits for a message.",
                "`0`",
            ),
            Key("redrive", "RedrivePolicy", keyed(REDRIVE_KEYS), "Where messages go that nobody deleted."),
            Key(
                "deduplicate_content",
                "ContentBasedDeduplication",
                flag("true", "false"),
                "Of a FIFO queue: whether equal messages are one.",
                default="`false`",
            ),
        ),
        "SQS",
    ),
    "tables": DeclaredKind(
        "table",
        TABLE,
        (
            *KEY_ROWS,
            Key("stream", "StreamViewType", single(choice(*VIEWS)), "Whether changes are told, and what of them."),
            Key("ttl", "ttl", single(ATTRIBUTE), "The attribute that says when an item is over."),
            Key("indexes", "indexes", KeyType("a mapping of names to `key` and `sort`", _read_indexes), "Global ones."),
        ),
        "DynamoDB",
    ),
    "streams": DeclaredKind(
        "data stream",
        STREAM,
        (
            Key("shards", "ShardCount", single(whole(1, 10_000)), "Into which it is divided.", default="`1`"),
            Key(
                "retention",
                "RetentionPeriodHours",
                single(whole(24, 8760, "hours")),
                "How long records are kept.",
                default="`24`",
            ),
        ),
        "Kinesis",
    ),
    "topics": DeclaredKind(
        "topic",
        TOPIC,
        (
            Key(
                "queues",
                "queues",
                list_of(KeyType("a queue, or a mapping with queue, raw, filter", _read_subscribed), 100),
                "Which get its messages.",
            ),
            Key(
                "deduplicate_content",
                "ContentBasedDeduplication",
                flag("true", "false"),
                "Of a FIFO topic: whether equal messages are one.",
                default="`false`",
            ),
        ),
        "SNS",
    ),
    "buses": DeclaredKind("event bus", BUS, BUS_KEYS, "EventBridge"),
    "apis": DeclaredKind(IMPORTED_API, API, API_KEYS, "API Gateway"),
    "machines": DeclaredKind("state machine", MACHINE, MACHINE_KEYS, "Step Functions"),
    "roles": DeclaredKind("role", ROLE, ROLE_KEYS, "IAM"),
}
