"""Types that their service has an operation each for making, changing and removing, with members called alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, ask_if_there, tag_map, tags, takes

Members = Mapping[str, Any]


class Plain(Struct, frozen=True):
    """takes, fixed: properties, with a space between them. create, update, remove: operations.

    id: where the answer to `create` says what Ref means, as `Key.KeyId`; or a property. member: what operations call
    it. keys: the properties that it is found by beside that, and what operations call them. named: the property of its
    name. attributes: where the answer says what Fn::GetAtt means. tags: whether as a "list" or a "map". more: members
    that are called otherwise. usual: what changes to those that a template leaves out again.
    """

    service: str
    takes: str
    create: str
    remove: str
    id: str
    member: str = ""
    update: str = ""
    keys: Mapping[str, str] = {}
    named: str = ""
    fixed: str = ""
    attributes: Mapping[str, str] = {}
    tags: str = ""
    more: Callable[[ResourceRequest], Members] | None = None
    usual: Members = {}


def plain(row: Plain) -> Kind:
    def create(asked: ResourceRequest) -> Made:
        answer = asked.call(row.service, row.create, _members(row, asked))
        id = _found(answer, row.id)
        identifier = str(_members(row, asked)[row.id] if id is None else id)
        shown = {name: _found(answer, path) for name, path in row.attributes.items()}
        found_by = {member: asked.get(name) for name, member in row.keys.items()}
        found_by |= {row.member: identifier} if row.member else {}
        return Made(identifier, {**shown, OF: found_by})

    def update(asked: ResourceRequest, made: Made) -> Made:
        asked.call(row.service, row.update, {**asked.back_to(row.usual), **_members(row, asked), **made.attributes[OF]})
        return made

    def remove(made: Made, reach: Reach) -> None:
        ask_if_there(reach, row.service, row.remove, **made.attributes[OF])

    changes = update if row.update else None
    return Kind(takes(row.takes), create, remove, changes, fixed=takes(row.fixed), named=row.named)


def _members(row: Plain, asked: ResourceRequest) -> dict[str, Any]:
    said = {name: value for name, value in asked.properties.items() if name != "Tags"}
    if row.named:
        said[row.named] = asked.named(row.named)
    if row.tags and asked.get("Tags"):
        said["Tags"] = tag_map(asked) if row.tags == "map" else tags(asked)
    return {**said, **(row.more(asked) if row.more is not None else {})}


def _found(answer: Any, path: str) -> Any:
    """What stands in an answer at `A.B.0.C`; None where nothing does."""
    for part in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(part)] if part.isdigit() and int(part) < len(answer) else None
        else:
            answer = answer.get(part) if isinstance(answer, dict) else None
    return answer
