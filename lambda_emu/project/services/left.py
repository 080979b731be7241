"""What deployments leave behind them in our own store, by which a later one knows what it may remove.

A permission whose id begins with PREFIX says that a function was given what it allows; a mapping has a tag. So nobody
else is asked what there is, and no other service is begun for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lambda_emu.api.context import RequestContext
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.services.late import ask_store

PREFIX = "lambda-emu-"
TAG = "lambda-emu:origin"
ORIGIN = "project"
LOOK_LIMIT_S = 60.0
SCHEDULE_GROUP = "lambda-emu"
"""Of the schedules that deployments make."""


class Permission(NamedTuple):
    """source: the ARN of what may run the function; empty for a URL's."""

    function: str
    id: str
    statement: Any
    source: str


class Left(NamedTuple):
    """What earlier deployments made and may remove.

    Permissions, whether there are mappings and schedules, and the buses that have rules of theirs.
    """

    permissions: tuple[Permission, ...]
    has_mappings: bool
    has_schedules: bool
    buses: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.permissions or self.has_mappings or self.has_schedules or self.buses)

    def of(self, service: str) -> Iterator[Permission]:
        """For what a service sends."""
        return (one for one in self.permissions if one.source.split(":")[2:3] == [service])


def find_left(context: RequestContext) -> Left:
    """To be asked before functions are removed, whose permissions go with them."""
    return Left(tuple(find_permissions(context)), any(find_mappings(context)), _has_schedules(context), _buses(context))


def _has_schedules(context: RequestContext) -> bool:
    of_ours = "SELECT 1 FROM schedules WHERE account = ? AND region = ? AND group_name = ? LIMIT 1"
    whose = (context.scope.account, context.scope.region, SCHEDULE_GROUP)
    return ask_store(context.store, lambda on: on.execute(of_ours, whose).fetchone() is not None, LOOK_LIMIT_S)


def _buses(context: RequestContext) -> frozenset[str]:
    of_ours = "SELECT key FROM records WHERE kind = 'event rule' AND account = ? AND region = ? AND key LIKE ?"
    whose = (context.scope.account, context.scope.region, f"%/{PREFIX}%")
    found = ask_store(context.store, lambda on: on.execute(of_ours, whose).fetchall(), LOOK_LIMIT_S)
    return frozenset(key.partition("/")[0] for (key,) in found)


def find_mappings(context: RequestContext) -> Iterator[EventSourceMapping]:
    """Those that a deployment made, and that are not being deleted."""
    now_s = context.clock.now_s()
    for mapping in context.store.mappings.all(context.scope):
        if mapping.tags.get(TAG) == ORIGIN and (now := mapping.at(now_s)) is not None:
            yield now


def find_permissions(context: RequestContext) -> Iterator[Permission]:
    """Those of all functions."""
    for function in context.store.functions.all(context.scope):
        policy = function.policies.get("")
        if policy is None or PREFIX not in policy.document:
            continue
        for statement in policy.statements:
            id = str(statement.get("Sid", ""))
            if id.startswith(PREFIX):
                source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
                yield Permission(function.id.name, id, statement, str(source))
