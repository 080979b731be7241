"""State machines of Step Functions: made where they are missing, changed where they are declared, never removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present
from lambda_emu.project.services.building import Building, filled
from lambda_emu.project.services.left import ORIGIN
from lambda_emu.project.services.reach import Reach

MACHINE = "state machine"
SERVICE = "stepfunctions"


def declare_machine(building: Building, declared: Declared) -> None:
    scope = building.scope
    role = f"arn:{scope.partition}:iam::{scope.account}:role/{declared.name}"
    shown = {
        "definition": _filled(declared.fields["definition"], building),
        "roleArn": declared.fields.get("roleArn", role),
        "type": declared.fields.get("type", "STANDARD"),
    }
    building.add(MACHINE, declared.name, shown, shown, declared.place())


def _filled(part: Any, building: Building) -> Any:
    """With what its variables are here."""
    if isinstance(part, dict):
        return {name: _filled(inner, building) for name, inner in part.items()}
    if isinstance(part, list):
        return [_filled(inner, building) for inner in part]
    if isinstance(part, str):
        return filled(part, building.scope)
    return part


def _find(reach: Reach) -> Iterator[Present]:
    for resource in reach.of(MACHINE):
        arn = reach.arn("states", f"stateMachine:{resource.key.name}")
        found = reach.find(SERVICE, "DescribeStateMachine", stateMachineArn=arn)
        if found is not None:
            definition = json.loads(found["definition"])
            shown = {"definition": definition, "roleArn": found["roleArn"], "type": found["type"]}
            yield Present(resource.key, shown, arn, ORIGIN)


def _create(name: str, members: Members, reach: Reach) -> str:
    said = {**members, "definition": json.dumps(members["definition"])}
    return str(reach.call(SERVICE, "CreateStateMachine", name=name, **said)["stateMachineArn"])


def _update(present: Present, members: Members, reach: Reach) -> str:
    if members["type"] != present.shown["type"]:
        raise CannotChange(f"{present.key.name} was made as {present.shown['type']}, and stays that")
    said = {"definition": json.dumps(members["definition"]), "roleArn": members["roleArn"]}
    reach.call(SERVICE, "UpdateStateMachine", stateMachineArn=present.identifier, **said)
    return present.identifier


def _stays(_: Present, __: Reach) -> None:
    """Its executions are nobody's to forget by not writing of it."""


MACHINES: Mapping[str, ResourceKind[Reach]] = {MACHINE: ResourceKind("", _find, _create, _update, _stays)}
