"""Which items of a table a request is about, and which of their attributes, as DynamoDB tells conditions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NAME = re.compile(r"(?<![\w:#.])(#?[A-Za-z_]\w*)")
_EQUALS = re.compile(r"(#?[A-Za-z_][\w.-]*)\s*=\s*(:\w+)|(:\w+)\s*=\s*(#?[A-Za-z_][\w.-]*)")
WORDS = frozenset(
    (
        *("set", "remove", "add", "delete", "and", "or", "not", "between", "in", "if_not_exists", "list_append"),
        *("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"),
    )
)
EXPRESSIONS = ("ProjectionExpression", "UpdateExpression", "ConditionExpression", "FilterExpression")
CONDITION = "KeyConditionExpression"
MOST_CHARACTERS = 4096
"""Of an expression, as DynamoDB takes them."""
Members = Mapping[str, Any]


def item_context(items: Sequence[Members], key: str | None) -> dict[str, str | tuple[str, ...]]:
    """For conditions. key: the attribute that is the partition key; None: nobody knows it."""
    keys = tuple(value for each in items for value in leading_keys(each, key)) if key else ()
    named = tuple(dict.fromkeys(name for each in items for name in attributes(each)))
    told = {"dynamodb:leadingkeys": keys, "dynamodb:attributes": named}
    return {name: values for name, values in told.items() if values}


def leading_keys(members: Members, key: str) -> tuple[str, ...]:
    """The partition keys of what is read or written; none: it is not said. key: the attribute's name.

    members: of an operation on one table, or what a batch says of one.
    """
    found = [value for item in _items(members) if (value := _text(item.get(key))) is not None]
    return tuple(dict.fromkeys([*found, *_asked(members, key)]))


def attributes(members: Members) -> tuple[str, ...]:
    """The attributes at the top that are named."""
    found: list[str] = []
    for item in _items(members):
        found += item
    for name in ("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"):
        found += _mapping(members.get(name))
    given = members.get("AttributesToGet")
    found += [str(each) for each in given] if isinstance(given, list) else []
    names = _mapping(members.get("ExpressionAttributeNames"))
    for name in (*EXPRESSIONS, CONDITION):
        text = members.get(name)
        if isinstance(text, str):
            found += _named(text[:MOST_CHARACTERS], names)
    return tuple(dict.fromkeys(found))


def _items(members: Members) -> Iterator[Members]:
    """Items and keys of items."""
    for name in ("Key", "Item"):
        yield _mapping(members.get(name))
    keys = members.get("Keys")
    for one in keys if isinstance(keys, list) else ():
        yield _mapping(one)
    for name, part in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
        yield _mapping(_mapping(members.get(name)).get(part))


def _asked(members: Members, key: str) -> Iterator[str]:
    """Of a query."""
    condition = _mapping(_mapping(members.get("KeyConditions")).get(key))
    values = condition.get("AttributeValueList")
    if condition.get("ComparisonOperator") == "EQ" and isinstance(values, list) and values:
        yield from filter(None, [_text(values[0])])
    text = members.get(CONDITION)
    names = _mapping(members.get("ExpressionAttributeNames"))
    given = _mapping(members.get("ExpressionAttributeValues"))
    for first, value, other, second in _EQUALS.findall(text[:MOST_CHARACTERS]) if isinstance(text, str) else ():
        name, wanted = first or second, value or other
        if names.get(name, name) == key and (found := _text(given.get(wanted))) is not None:
            yield found


def _named(text: str, names: Members) -> Iterator[str]:
    for name in _NAME.findall(text):
        if name.startswith("#"):
            yield str(names.get(name, name))
        elif name.lower() not in WORDS:
            yield name


def _text(value: Any) -> str | None:
    """Of an attribute's value: S, N, or B in base64."""
    said = next(iter(value.values()), None) if isinstance(value, dict) and len(value) == 1 else None
    return said if isinstance(said, str) else None


def _mapping(value: Any) -> Members:
    return value if isinstance(value, dict) else {}
