"""What has a function run, as one table: the kinds of `events:` and the keys of each.

The fields are members of AWS's operations. docs/contract/events.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.mappings.filters import compile_pattern
from lambda_emu.model.route_keys import METHODS, route_key_problem
from lambda_emu.model.value_types import FLAG, choice, text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.alarms import ALARM
from lambda_emu.project.keys.event_kind import EventKind, flag, main_key, turned
from lambda_emu.project.keys.load_balancers import ALB
from lambda_emu.project.keys.logs import LOGS
from lambda_emu.project.keys.pools import COGNITO
from lambda_emu.project.keys.rest import REST
from lambda_emu.project.keys.rules import EVENTBRIDGE
from lambda_emu.project.keys.schedules import SCHEDULE
from lambda_emu.project.keys.shapes import Key, keyed
from lambda_emu.project.keys.types import KeyType, list_of, single
from lambda_emu.project.keys.websockets import WEBSOCKET

BUCKET = text("3 to 63 lower-case letters, digits, - and .", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
QUEUE = text("1 to 80 letters, digits, - and _, with .fifo at a FIFO queue's end", r"(?=.{1,80}$)[\w-]+(\.fifo)?")
TABLE = text("3 to 255 letters, digits, -, _ and .", r"[\w.-]{3,255}")
STREAM = text("1 to 128 letters, digits, -, _ and .", r"[\w.-]{1,128}")
TOPIC = text("1 to 256 letters, digits, - and _, with .fifo at a FIFO topic's end", r"(?=.{1,256}$)[\w-]+(\.fifo)?")
ROUTE = text("a method and a path such as GET /photos/{id}, or $default", rf"\$default|({'|'.join(METHODS)}) /\S*")
OBJECT_EVENT = text("an event such as s3:ObjectCreated:*", r"s3:[A-Za-z]+(:[A-Za-z*]+)?")
DESTINATION = text("the ARN of a queue, a topic or a bucket", r"arn:[\w-]+:(sqs|sns|s3):[\w-]*:\d*:\S{1,512}")
ORIGIN = text("* or an origin such as http://localhost:3000", r"\*|https?://[^\s/]{1,245}")
TEXT = text("a text of 1 to 1024 characters", r".{1,1024}")
METHOD = choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "*")
HEADER = text("a header's name, or *", r"\*|[\w-]{1,1024}")


def _read_pattern(document: Document, value: Value) -> Any:
    before = document.mistake_count
    found = document.data(value)
    if document.mistake_count > before:
        return None
    try:
        compile_pattern(json.dumps(found))
    except LambdaError:
        document.mistake(value, f"must be {PATTERN.allowed}")
    return found


PATTERN = KeyType("a pattern such as {body: {kind: [new]}}, with a list at each leaf", _read_pattern)


def _read_policy(document: Document, value: Value) -> Any:
    if value.is_null or not value.is_mapping:
        document.mistake(value, f"must be {POLICY.allowed}")
        return None
    return document.data(value)


POLICY = KeyType("a policy such as {kind: [new]}", _read_policy)


def _read_route(document: Document, value: Value) -> Any:
    written = document.scalar(value, ROUTE)
    problem = written and route_key_problem(written)
    if problem:
        document.mistake(value, f"{written!r} is refused by API Gateway: {problem}")
    return written


ROUTE_KEY = KeyType(ROUTE.allowed, _read_route)


def _filters(patterns: Sequence[Any]) -> Any:
    return {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}


def _polled(batch_size: str, window_s: str = "`0`") -> tuple[Key, ...]:
    """Keys of what is polled, whatever it is."""
    return (
        Key("batch_size", "BatchSize", single(whole(1, 10_000)), "Records of one event at most.", default=batch_size),
        Key(
            "batch_window",
            "MaximumBatchingWindowInSeconds",
            single(whole(0, 300, "seconds")),
            "How long a batch waits to be full.",
            default=window_s,
        ),
        Key(
            "report_failures",
            "FunctionResponseTypes",
            flag(["ReportBatchItemFailures"], []),
            "Whether the function says which records failed.",
            default="`false`",
        ),
        Key(
            "filters",
            "FilterCriteria",
            turned(list_of(PATTERN, 5), _filters),
            "Which records it is for: those that match one of them.",
        ),
        Key("enabled", "Enabled", single(FLAG), "Whether it is polled.", default="`true`"),
    )


STREAM_KEYS = (
    Key(
        "start",
        "StartingPosition",
        single(choice("TRIM_HORIZON", "LATEST")),
        "Where a new mapping begins; a later change has no effect.",
        default="`TRIM_HORIZON`",
    ),
    Key(
        "parallelization",
        "ParallelizationFactor",
        single(whole(1, 10)),
        "Batches of one shard at once.",
        default="`1`",
    ),
    Key(
        "retries",
        "MaximumRetryAttempts",
        single(whole(0, 10_000)),
        "How often a batch is tried again; none: until it is too old.",
    ),
    Key(
        "max_age",
        "MaximumRecordAgeInSeconds",
        single(whole(60, 604_800, "seconds")),
        "Older records are given up.",
    ),
    Key(
        "bisect",
        "BisectBatchOnFunctionError",
        single(FLAG),
        "Whether a batch that failed is tried again in halves.",
        default="`false`",
    ),
    Key(
        "tumbling_window",
        "TumblingWindowInSeconds",
        single(whole(0, 900, "seconds")),
        "Windows over which state is kept.",
        default="`0`",
    ),
    Key(
        "on_failure",
        "DestinationConfig",
        turned(single(DESTINATION), lambda arn: {"OnFailure": {"Destination": arn}}),
        "Where it is told which records were given up.",
    ),
)

CORS_KEYS = (
    Key("origins", "AllowOrigins", list_of(single(ORIGIN), 100), "Whose pages may ask."),
    Key("methods", "AllowMethods", list_of(single(METHOD), 6), "By which methods."),
    Key("headers", "AllowHeaders", list_of(single(HEADER), 100), "With which headers."),
    Key("expose", "ExposeHeaders", list_of(single(HEADER), 100), "Which headers they may read."),
    Key("credentials", "AllowCredentials", single(FLAG), "Whether with cookies.", default="`false`"),
    Key("max_age", "MaxAge", single(whole(0, 86_400, "seconds")), "How long a browser may remember it.", default="`0`"),
)
AUTH = single(choice("NONE", "AWS_IAM"))

EVENTS: Mapping[str, EventKind] = {
    "s3": EventKind(
        "bucket",
        (
            main_key("bucket", BUCKET, "Whose objects it is told of."),
            Key(
                "events",
                "Events",
                list_of(single(OBJECT_EVENT), 20),
                "What it is told.",
                default="`[s3:ObjectCreated:*]`",
            ),
            Key("prefix", "prefix", single(TEXT), "How the keys of these objects begin."),
            Key("suffix", "suffix", single(TEXT), "How they end."),
        ),
        "A change of objects in a bucket.",
    ),
    "sqs": EventKind(
        "queue",
        (
            main_key("queue", QUEUE, "The queue."),
            *_polled("`10`"),
            Key(
                "max_concurrency",
                "ScalingConfig",
                turned(single(whole(2, 1000)), lambda most: {"MaximumConcurrency": most}),
                "Batches at once.",
            ),
        ),
        "Messages of a queue.",
    ),
    "dynamodb": EventKind(
        "table",
        (main_key("table", TABLE, "The table; its stream is enabled."), *_polled("`100`"), *STREAM_KEYS),
        "Changes of items in a table.",
    ),
    "kinesis": EventKind(
        "stream",
        (
            main_key("stream", STREAM, "The stream; made where it is missing."),
            Key(
                "consumer",
                "consumer",
                single(STREAM),
                "The consumer of the stream that it reads by; registered where it is missing.",
            ),
            *_polled("`100`"),
            *STREAM_KEYS,
        ),
        "Records of a stream.",
    ),
    "sns": EventKind(
        "topic",
        (
            main_key("topic", TOPIC, "The topic."),
            Key("filter", "FilterPolicy", POLICY, "Which messages it is for."),
            Key(
                "filter_on",
                "FilterPolicyScope",
                turned(
                    single(choice("attributes", "body")), {"attributes": "MessageAttributes", "body": "MessageBody"}.get
                ),
                "What the filter looks at.",
                default="`attributes`",
            ),
        ),
        "A message to a topic.",
    ),
    "http": EventKind(
        "route",
        (
            Key("route", "name", ROUTE_KEY, "Of the project's HTTP API.", required=True),
            Key(
                "payload",
                "PayloadFormatVersion",
                single(choice("1.0", "2.0")),
                "The form of the event.",
                default="`2.0`",
            ),
            Key("auth", "AuthorizationType", AUTH, "Who may ask.", default="`NONE`"),
        ),
        "A request to the project's HTTP API.",
    ),
    "url": EventKind(
        "auth",
        (
            Key("auth", "AuthType", AUTH, "Who may ask.", required=True),
            Key("cors", "Cors", keyed(CORS_KEYS), "Which pages of others may ask."),
            Key(
                "stream",
                "InvokeMode",
                flag("RESPONSE_STREAM", "BUFFERED"),
                "Whether the answer goes out as it comes.",
                default="`false`",
            ),
        ),
        "A request to a URL of its own.",
    ),
    "cognito": COGNITO,
    "schedule": SCHEDULE,
    "eventbridge": EVENTBRIDGE,
    "alarm": ALARM,
    "logs": LOGS,
    "alb": ALB,
    "rest": REST,
    "websocket": WEBSOCKET,
}
