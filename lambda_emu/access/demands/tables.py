"""DynamoDB, its streams, and Kinesis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.access.demand import ANY, Asking, Demand
from lambda_emu.model.iam.patterns import Context
from lambda_emu.services.kinesis.tokens import stream_in

IN_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
WITH_ITEMS = ("DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
MOST_ITEMS = 100
WITH_INDEX = ("Query", "Scan", "DescribeContributorInsights", "UpdateContributorInsights")
"""Operations on an index, where they name one."""
_PARTIQL = re.compile(
    r"\s*(?:(?P<select>select)\b.*?\bfrom\s+|(?P<insert>insert)\s+into\s+|(?P<update>update)\s+|(?P<delete>delete)\s+from\s+)"
    r"\"?(?P<table>[A-Za-z0-9_.-]+)\"?(?:\.\"?(?P<index>[A-Za-z0-9_.-]+)\"?)?",
    re.IGNORECASE | re.DOTALL,
)


def dynamodb(asking: Asking) -> Sequence[Demand]:
    """All that is named, also where the operation takes no notice of it: it may take notice of one name only."""
    members = asking.members
    requested = members.get("RequestItems")
    tables = list(requested) if isinstance(requested, dict) else []
    statements = [members, *asking.parts("Statements"), *asking.parts("TransactStatements")]
    written = [one["Statement"] for one in statements if isinstance(one.get("Statement"), str)]
    streams = [asking.text("StreamArn"), asking.text("ShardIterator").partition("|")[0]]
    named = [name for name in (asking.text("TableName"), asking.text("ResourceArn"), asking.text("TableArn")) if name]
    index = f"/index/{asking.text('IndexName')}" if asking.text("IndexName") and asking.operation in WITH_INDEX else ""
    found = [
        *(
            Demand(f"dynamodb:{asking.operation}", _table(asking, name), items=_of_batch(requested, name))
            for name in tables
        ),
        *_of_transaction(asking),
        *(_of_statement(asking, statement) for statement in written),
        *(asking.demand(stream) for stream in streams if stream),
        *(_of_table(asking, _table(asking, name) + index) for name in named),
    ]
    return found or [asking.demand(asking.text("BackupArn") or ANY)]


def _table(asking: Asking, name: Any) -> str:
    return asking.named("table/", str(name))


def _of_table(asking: Asking, resource: str) -> Demand:
    members = asking.members
    items = (members,) if asking.operation in WITH_ITEMS else ()
    return Demand(f"dynamodb:{asking.operation}", resource, {**_context(members), **asking.tags()}, items=items)


def _of_batch(requested: Any, table: str) -> tuple[Mapping[str, Any], ...]:
    said = requested[table]
    return tuple(each for each in (said if isinstance(said, list) else [said])[:MOST_ITEMS] if isinstance(each, dict))


def _of_transaction(asking: Asking) -> list[Demand]:
    enclosing = {"dynamodb:enclosingoperation": asking.operation}
    return [
        Demand(f"dynamodb:{IN_TRANSACTION[kind]}", _table(asking, item.get("TableName", "")), enclosing, items=(item,))
        for one in asking.parts("TransactItems")
        for kind, item in one.items()
        if kind in IN_TRANSACTION and isinstance(item, dict)
    ]


def _of_statement(asking: Asking, statement: str) -> Demand:
    found = _PARTIQL.match(statement[:8192])
    if found is None:
        return asking.demand(ANY, "PartiQLSelect")
    kind = next(kind for kind in ("select", "insert", "update", "delete") if found[kind])
    resource = _table(asking, found["table"]) + (f"/index/{found['index']}" if found["index"] else "")
    return asking.demand(resource, f"PartiQL{kind.title()}")


def _context(members: Mapping[str, Any]) -> Context:
    """But for which items it is about: which of their keys is the leading one only the table knows."""
    found: dict[str, str | tuple[str, ...]] = {}
    for key in ("Select", "ReturnValues", "ReturnConsumedCapacity"):
        if isinstance(members.get(key), str):
            found[f"dynamodb:{key.lower()}"] = members[key]
    return found


def kinesis(asking: Asking) -> Sequence[Demand]:
    given = [asking.text(name) for name in ("ConsumerARN", "StreamARN", "ResourceARN")]
    if name := asking.text("StreamName"):
        given.append(asking.arn(f"stream/{name}"))
    partition = asking.scope.partition
    given += [stream_in(asking.text(token), partition) or "" for token in ("ShardIterator", "NextToken")]
    return [asking.demand(each) for each in dict.fromkeys(given) if each] or [asking.demand()]
