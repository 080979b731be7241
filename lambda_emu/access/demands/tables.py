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
MOST_STATEMENTS = 100
_PARTIQL = re.compile(
    r"\s*(?:(?P<select>select)\b.*?\bfrom\s+|(?P<insert>insert)\s+into\s+|(?P<update>update)\s+|(?P<delete>delete)\s+from\s+)"
    r"\"?(?P<table>[A-Za-z0-9_.-]+)\"?(?:\.\"?(?P<index>[A-Za-z0-9_.-]+)\"?)?",
    re.IGNORECASE | re.DOTALL,
)


def dynamodb(asking: Asking) -> Sequence[Demand]:
    members = asking.members
    requested = members.get("RequestItems")
    if isinstance(requested, dict):
        return [asking.demand(_table(asking, name)) for name in requested]
    if asking.operation in ("TransactWriteItems", "TransactGetItems"):
        return _of_transaction(asking)
    statements = [members, *asking.parts("Statements"), *asking.parts("TransactStatements")][: MOST_STATEMENTS + 1]
    written = [one["Statement"] for one in statements if isinstance(one.get("Statement"), str)]
    if written:
        return [_of_statement(asking, statement) for statement in written]
    if asking.text("StreamArn") or asking.text("ShardIterator"):
        return [asking.demand(asking.text("StreamArn") or asking.text("ShardIterator").partition("|")[0])]
    named = asking.text("TableName") or asking.text("ResourceArn") or asking.text("TableArn")
    if not named:
        return [asking.demand(asking.text("BackupArn") or ANY)]
    resource = _table(asking, named)
    if index := asking.text("IndexName"):
        resource += f"/index/{index}"
    return [asking.demand(resource, context=_context(members))]


def _table(asking: Asking, name: Any) -> str:
    return asking.named("table/", str(name))


def _of_transaction(asking: Asking) -> list[Demand]:
    enclosing = {"dynamodb:enclosingoperation": asking.operation}
    return [
        asking.demand(_table(asking, item.get("TableName", "")), IN_TRANSACTION[kind], enclosing)
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
    """dynamodb:LeadingKeys is not among them: which key is the leading one only the table knows."""
    found: dict[str, str | tuple[str, ...]] = {}
    for key in ("Select", "ReturnValues", "ReturnConsumedCapacity"):
        if isinstance(members.get(key), str):
            found[f"dynamodb:{key.lower()}"] = members[key]
    attributes = members.get("AttributesToGet")
    if isinstance(attributes, list):
        found["dynamodb:attributes"] = tuple(str(each) for each in attributes)
    return found


def kinesis(asking: Asking) -> Sequence[Demand]:
    given = asking.text("ConsumerARN") or asking.text("StreamARN") or asking.text("ResourceARN")
    if not given and (name := asking.text("StreamName")):
        given = asking.arn(f"stream/{name}")
    for token in ("ShardIterator", "NextToken"):
        if not given and asking.text(token):
            given = stream_in(asking.text(token), asking.scope.partition) or ""
    return [asking.demand(given or ANY)]
