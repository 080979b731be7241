"""What is seen of two stacks, one of which said more for a while: for tests of what templates leave out again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stack_rig import Stacks

Ids = Mapping[str, str]
"""What Ref means, by the logical name."""
Look = Callable[[Callable[[str], Any], Ids, str], Any]
"""Asks as users do: with what makes clients, and the id of what is looked at."""
OWN = ("Arn", "createdAt", "Date", "Endpoint", "ETag", "Metadata", "Modified", "Time", "Timestamp", "Tags")
"""How members end that are of one alone, or of its stack."""


class Row(NamedTuple):
    """A resource. said: always. more: for a while."""

    type: str
    said: Mapping[str, Any]
    more: Mapping[str, Any]
    look: Look


Rows = Mapping[str, Row]


def nothing(*_: Any) -> None:
    """Of what is there for others."""


def template(rows: Rows, *, says_more: bool) -> str:
    resources = {
        name: {"Type": row.type, "Properties": {**row.said, **(row.more if says_more else {})}}
        for name, row in rows.items()
    }
    return json.dumps({"Resources": resources})


def three_looks(stacks: Stacks, rows: Rows, prefix: str) -> list[dict[str, Any]]:
    """At a stack that says little, at one that says more, and at that when it says it no more."""
    little, more = f"{prefix}-little", f"{prefix}-more"
    stacks.create(little, template(rows, says_more=False), Capabilities=["CAPABILITY_IAM"])
    stacks.create(more, template(rows, says_more=True), Capabilities=["CAPABILITY_IAM"])
    found = [_look(stacks, rows, name) for name in (little, more)]
    stacks.update(more, template(rows, says_more=False), Capabilities=["CAPABILITY_IAM"])
    return [*found, _look(stacks, rows, more)]


def _look(stacks: Stacks, rows: Rows, stack: str) -> dict[str, Any]:
    ids = {name: found["PhysicalResourceId"] for name, found in stacks.resources(stack).items()}
    found = {name: bare(row.look(stacks.sdk, ids, ids[name])) for name, row in rows.items()}
    text = json.dumps(found, default=str)
    for name, id in sorted(ids.items(), key=lambda pair: -len(pair[1])):
        text = text.replace(id, name) if len(id) >= LEAST_CHARACTERS else text
    return dict(json.loads(re.sub(rf"{stack}-\w+-\w+", "", text)))


LEAST_CHARACTERS = 8
"""Of ids; what is shorter is a name that both stacks have."""


def bare(told: Any) -> Any:
    """Without what tells one from another, and what says nothing: what is empty, 0 or false."""
    if isinstance(told, list):
        return [bare(one) for one in told]
    if isinstance(told, dict):
        kept = {name: bare(one) for name, one in told.items() if not name.endswith(OWN)}
        return {name: one for name, one in kept.items() if one}
    return told
