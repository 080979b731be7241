"""State machines of Step Functions: made where they are missing, changed where they are declared, never removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lambda_emu.project.declarations import Declared
from lambda_emu.project.keys.roles import role_arn
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present
from lambda_emu.project.services.building import Building, filled_all
from lambda_emu.project.services.left import ORIGIN
from lambda_emu.project.services.reach import Reach

MACHINE = "state machine"
SERVICE = "stepfunctions"


def declare_machine(building: Building, declared: Declared) -> None:
    scope = building.scope
    shown = {
        "definition": filled_all(declared.fields["definition"], scope),
        "roleArn": role_arn(scope, declared.fields.get("roleArn", declared.name)),
        "type": declared.fields.get("type", "STANDARD"),
    }
    building.add(MACHINE, declared.name, shown, shown, declared.place())


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
