"""AWS::CloudFormation::WaitCondition and its handle: a stack waits until somebody outside says that it may go on.

docs/sam.md#custom-resources. Texts are CloudFormation's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.services.response_urls import Awaited, Closed
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, refuse, takes

CONDITION, HANDLE = "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"
LONGEST_S = 43_200
LOOK_S = 0.5
FAILED = "WaitCondition received failed message: '{}' for uniqueId: {}"


def _create_handle(asked: ResourceRequest) -> Made:
    urls = asked.reach.context.response_urls
    try:
        return Made(urls.url(urls.open(asked.reach.context.scope.account), inside=False), {})
    except Closed:
        raise refuse("the server ends") from None


def _remove_handle(made: Made, reach: Reach) -> None:
    reach.context.response_urls.forget(made.identifier)


def _leave_handle(_: ResourceRequest, made: Made) -> Made:
    return made


def _create_condition(asked: ResourceRequest) -> Made:
    count, limit_s = _number(asked, "Count", 1, 1, 1_000_000), _number(asked, "Timeout", 0, 0, LONGEST_S)
    awaited = asked.reach.context.response_urls.find(str(asked.get("Handle")))
    if awaited is None:
        raise refuse("WaitCondition needs a Handle that was made for it")
    return Made(asked.name, {"Data": json.dumps(_wait(asked, awaited, count, limit_s))})


def _number(asked: ResourceRequest, name: str, default: int, least: int, most: int) -> int:
    try:
        found = int(asked.get(name, default))
    except (TypeError, ValueError):
        found = least - 1
    if not least <= found <= most:
        raise refuse(f"{name} must be a number from {least} to {most}")
    return found


def _wait(asked: ResourceRequest, awaited: Awaited, count: int, limit_s: int) -> dict[str, str]:
    """Data by unique id; one that comes again counts once. CannotChange."""
    clock, found = asked.reach.context.clock, dict[str, str]()
    until_s = clock.monotonic_s() + limit_s
    while len(found) < count:
        asked.reach.check()
        try:
            body = awaited.take(LOOK_S)
        except Closed:
            raise refuse("the server ends") from None
        said = _read(body) if body is not None else None
        if said is not None:
            if said["Status"] != "SUCCESS":
                raise refuse(FAILED.format(said["Reason"], said["UniqueId"]))
            found[said["UniqueId"]] = said["Data"]
        elif clock.monotonic_s() >= until_s:
            raise refuse(f"WaitCondition timed out. Received {len(found)} conditions when expecting {count}")
    return found


def _read(body: bytes) -> Mapping[str, str] | None:
    """None of what is no signal, which CloudFormation drops (?)."""
    try:
        said = json.loads(body)
        if not isinstance(said, dict) or said.get("Status") not in ("SUCCESS", "FAILURE"):
            return None
        return {name: str(said.get(name, "")) for name in ("Status", "Reason", "UniqueId", "Data")}
    except (ValueError, RecursionError):
        return None


def _change_condition(_: ResourceRequest, __: Made) -> Made:
    raise refuse(f"Update to resource type {CONDITION} is not supported.")


def _nothing(_: Made, __: Reach) -> None:
    """There is nothing to remove."""


HANDLES: Mapping[str, Kind] = {HANDLE: Kind(takes(""), _create_handle, _remove_handle, _leave_handle)}
CONDITIONS: Mapping[str, Kind] = {
    CONDITION: Kind(takes("Count Handle Timeout"), _create_condition, _nothing, _change_condition)
}
