"""`events: eventbridge` and `resources: buses`: rules of EventBridge, with the keys of SAM's EventBridgeRule."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.value_types import text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, flag
from lambda_emu.project.keys.schedules import INPUT, QUEUE, retry_keys
from lambda_emu.project.keys.shapes import Key, read_keys
from lambda_emu.project.keys.types import KeyType, list_of, single

BUS = text("1 to 256 letters, digits, -, _ and .", r"[\w.-]{1,256}")
PATH = text("a path such as $.detail", r"\$\S{0,255}")
MOST_RULES = 100


def _read_pattern(document: Document, value: Value) -> Any:
    """As JSON."""
    from lambda_emu.services.eventbridge.patterns.language import compile_rule  # here: few projects have rules

    before = document.mistake_count
    found = document.data(value)
    if document.mistake_count > before:
        return None
    written = json.dumps(found)
    try:
        compile_rule(written)
    except LambdaError as error:
        document.mistake(value, f"must be {PATTERN.allowed}; {error.text}")
    return written


def _read_path(document: Document, value: Value) -> Any:
    from lambda_emu.services.eventbridge.paths import parse_path

    written = document.scalar(value, PATH)
    try:
        if written is not None:
            parse_path(written, "InputPath")
    except LambdaError as error:
        document.mistake(value, f"{written!r} must be {PATH.allowed}; {error.text}")
    return written


def _read_paths(document: Document, value: Value) -> Any:
    return {name: _read_path(document, member) for name, member in document.members(value).items()}


TEMPLATE = text("a text, mostly of JSON", r"(?s).{1,8192}")
PATHS = KeyType("a mapping of names to paths such as $.detail", _read_paths)
PATTERN = KeyType("a pattern such as {source: [shop]}, with a list at each leaf", _read_pattern)
PATTERN_KEY = Key("pattern", "name", PATTERN, "Which events it is for.", required=True)
WHAT_IT_GETS = (
    Key("input", "Input", INPUT, "What it gets.", default="the event"),
    Key("input_path", "InputPath", KeyType(PATH.allowed, _read_path), "What part of the event it gets."),
    Key(
        "input_template",
        "InputTemplate",
        single(TEMPLATE),
        "What it gets, with `<name>` for what `input_paths` names.",
    ),
    Key("input_paths", "InputPathsMap", PATHS, "Parts of the event, by the names that the template has."),
    *retry_keys("How long it is tried."),
    Key("enabled", "State", flag("ENABLED", "DISABLED"), "Whether the rule holds.", default="`true`"),
)
EVENTBRIDGE = EventKind(
    "pattern",
    (
        PATTERN_KEY,
        Key("bus", "EventBusName", single(BUS), "Whose events; made if missing.", default="`default`"),
        *WHAT_IT_GETS,
    ),
    "An event of a bus.",
)
RULE_KEYS = (
    Key("queue", "queue", single(QUEUE), "The queue that gets them; made where it is missing.", required=True),
    PATTERN_KEY,
    *WHAT_IT_GETS,
)


def _read_rule(document: Document, value: Value) -> dict[str, Any] | None:
    found = read_keys(document, value, RULE_KEYS)
    return None if found is None else dict(found.fields)


BUS_KEYS = (
    Key(
        "rules",
        "rules",
        list_of(KeyType("a mapping with queue, pattern", _read_rule), MOST_RULES),
        "Which queues get its events.",
    ),
)
