"""Bounds that AWS has. Beyond them moto's parsers take minutes, for which all of its services wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode

from lambda_emu.services.child.program.checks.refused import Refused

MOST_FIELDS = 10_000
MOST_SHOWN = 200
EXPRESSION_BYTES = 4096
EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)


def check_form(body: bytes) -> None:
    """Refused."""
    if body.count(b"&") >= MOST_FIELDS:
        raise Refused("MalformedInput", f"The form has more than {MOST_FIELDS} fields")


def check_members(backend: str, given: Mapping[str, Any]) -> None:
    """Refused. given: what the body says."""
    if backend == "dynamodb":
        for name, expression in _expressions(given):
            size = len(expression.encode("utf-8", "replace"))
            if size > EXPRESSION_BYTES:
                too_large = "Expression size has exceeded the maximum allowed size"
                raise Refused("ValidationException", f"Invalid {name}: {too_large}; expression size: {size}")
    definition = given.get("definition")
    if backend == "stepfunctions" and isinstance(definition, str):
        try:
            decode(definition)
        except (DecodeError, UnicodeError, RecursionError) as error:
            raise Refused("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from error


def check_lengths(given: Any, shape: Any, at: str = "") -> None:
    """Of texts and lists, by AWS's model of a service that speaks JSON. Refused: one is too long."""
    most = shape.metadata.get("max")
    if most is not None and isinstance(given, str | list) and len(given) > most:
        raise Refused(
            "InvalidParameterException",
            f"1 validation error detected: Value at '{at}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}",
        )
    if shape.type_name == "structure" and isinstance(given, dict):
        for name, member in shape.members.items():
            if name in given:
                check_lengths(given[name], member, f"{at}.{name}" if at else name[0].lower() + name[1:])
    elif shape.type_name == "map" and isinstance(given, dict):
        for key, value in given.items():
            check_lengths(key, shape.key, at)
            check_lengths(value, shape.value, f"{at}.{key}"[:MOST_SHOWN])
    elif shape.type_name == "list" and isinstance(given, list):
        for number, item in enumerate(given, 1):
            check_lengths(item, shape.member, f"{at}.{number}.member")


def _expressions(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Those of each part of a transaction too."""
    parts = given.get("TransactItems")
    parts = parts if isinstance(parts, list) else []
    for members in (given, *(inner for part in parts if isinstance(part, dict) for inner in part.values())):
        for name in EXPRESSIONS if isinstance(members, Mapping) else ():
            expression = members.get(name)
            if isinstance(expression, str):
                yield name, expression
