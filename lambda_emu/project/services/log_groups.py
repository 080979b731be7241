"""`events: logs`: subscription filters of log groups, known by the permission that lets each run its function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, Resource, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX
from lambda_emu.project.services.own import PERMISSION
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import find_each, stays

LOG_GROUP, SUBSCRIPTION_FILTER = "log group", "subscription filter"
PRINCIPAL = "logs.amazonaws.com"


def attach_subscription(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    group = ResourceKey(LOG_GROUP, event.name)
    building.need(group, event.place())
    building.permit(function, event, PRINCIPAL, group)
    permission = ResourceKey(PERMISSION, f"{function.name} {PREFIX}{event.kind}-{hash_of([group.name])}")
    shown = {"filterPattern": event.fields.get("filterPattern", ""), "destinationArn": building.arn(function)}
    members = {**shown, "Permission": Reference(permission)}
    building.add(SUBSCRIPTION_FILTER, f"{event.name} {PREFIX}{function.name}", members, shown, event.place())


def _look_at_group(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    name = resource.key.name
    found = reach.call("logs", "DescribeLogGroups", logGroupNamePrefix=name, limit=1)["logGroups"]
    return (found[0]["arn"], {}) if found and found[0]["logGroupName"] == name else None


def _create_group(name: str, members: Members, reach: Reach) -> str:  # noqa: ARG001
    reach.call("logs", "CreateLogGroup", logGroupName=name)
    return reach.arn("logs", f"log-group:{name}:*")


def _leave(present: Present, members: Members, reach: Reach) -> str:  # noqa: ARG001
    return present.identifier


def _find(reach: Reach) -> Iterator[Present]:
    groups = {resource.key.name.partition(" ")[0] for resource in reach.of(SUBSCRIPTION_FILTER)}
    groups |= {one.source.partition(":log-group:")[2].removesuffix(":*") for one in reach.left.of("logs")}
    for group in sorted(groups):
        found = reach.find("logs", "DescribeSubscriptionFilters", logGroupName=group, filterNamePrefix=PREFIX)
        for one in () if found is None else found["subscriptionFilters"]:
            shown: dict[str, Any] = {name: one.get(name, "") for name in ("filterPattern", "destinationArn")}
            key = ResourceKey(SUBSCRIPTION_FILTER, f"{group} {one['filterName']}")
            yield Present(key, shown, one["filterName"], ORIGIN)


def _put(name: str, members: Members, reach: Reach) -> str:
    group, _, filter_name = name.partition(" ")
    said = {member: members[member] for member in ("filterPattern", "destinationArn")}
    reach.call("logs", "PutSubscriptionFilter", logGroupName=group, filterName=filter_name, **said)
    return filter_name


def _update(present: Present, members: Members, reach: Reach) -> str:
    return _put(present.key.name, members, reach)


def _remove(present: Present, reach: Reach) -> None:
    group, _, filter_name = present.key.name.partition(" ")
    reach.find("logs", "DeleteSubscriptionFilter", logGroupName=group, filterName=filter_name)


LOG_GROUPS = {LOG_GROUP: ResourceKind("", find_each(LOG_GROUP, _look_at_group), _create_group, _leave, stays)}
SUBSCRIPTION_FILTERS = {SUBSCRIPTION_FILTER: ResourceKind("", _find, _put, _update, _remove)}
