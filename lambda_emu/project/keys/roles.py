"""Roles of IAM: the keys of `resources: roles`, and how others name one."""

from __future__ import annotations

import re
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.model.value_types import text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, list_of, single

ROLE = text("1 to 64 letters, digits and + = , . @ - _", r"[\w+=,.@-]{1,64}")
NAMED = text(
    "the name or the ARN of a role",
    r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+|[a-zA-Z_0-9+=,.@-]{1,64}",
)
DEFAULT = "lambda-emu"
"""Of functions and schedules that name none."""
SERVICES = ("lambda", "scheduler", "states", "events")
SERVICE = text("a service such as lambda", r"[a-z0-9.-]{1,64}")
MANAGED = text(
    "the name or the ARN of a managed policy",
    r"arn:(aws[a-zA-Z-]*)?:iam::(aws|\d{12}):policy/[\w+=,.@/-]+|[\w+=,.@/-]{1,128}",
)
ACTION = re.compile(r"\*|[a-zA-Z0-9-]{1,64}:[a-zA-Z0-9*?]{1,128}")
MOST_STATEMENTS = 50


def role_arn(scope: Scope, named: str) -> str:
    """named: an ARN, or the name of a role of this account."""
    return named if named.startswith("arn:") else f"arn:{scope.partition}:iam::{scope.account}:role/{named}"


def _read_statement(document: Document, value: Value) -> dict[str, Any] | None:
    """An action, on everything; or a statement as IAM has it."""
    if not value.is_mapping or value.is_null:
        action = document.scalar(value, text("an action such as sqs:SendMessage", ACTION.pattern))
        return None if action is None else {"Effect": "Allow", "Action": action, "Resource": "*"}
    statement: dict[str, Any] = {"Effect": "Allow", "Resource": "*", **document.data(value)}
    if "NotResource" in statement:
        del statement["Resource"]
    if "Action" not in statement and "NotAction" not in statement:
        document.mistake(value, "has no Action")
    return statement


ROLE_KEYS = (
    Key(
        "allow",
        "allow",
        list_of(
            KeyType("an action such as sqs:SendMessage, or a statement with Action and Resource", _read_statement),
            MOST_STATEMENTS,
        ),
        "What it may do.",
    ),
    Key("policies", "policies", list_of(single(MANAGED), 10), "Managed policies that it has."),
    Key(
        "services",
        "services",
        list_of(single(SERVICE), 20),
        "Which services act as it.",
        default=f"`[{', '.join(SERVICES)}]`",
    ),
)
