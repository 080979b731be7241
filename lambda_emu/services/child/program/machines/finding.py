"""The machine that an ARN means: itself, a version of it, or an alias, which leads to one of two versions."""

from __future__ import annotations

import re
from random import random
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from msgspec import Struct

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.current_request import ACCOUNT
from lambda_emu.services.child.program.machines.telling import LogSettings, log_settings

_MACHINE = re.compile(
    r"(?P<base>arn:aws[a-z-]*:states:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):stateMachine:(?P<name>[^:/]{1,80}))"
    r"(?:/[^:]+)?(?::(?P<qualifier>[\w.-]{1,80}))?",
    re.ASCII,
)
_EXECUTION = re.compile(
    r"(?P<scope>arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}):(?P<kind>execution|express):(?P<name>[^:/]{1,80})(?:/[^:]+)?"
    r":[^:]{1,80}(?::[\w-]{1,80})?",
    re.ASCII,
)


class Machine(Struct, frozen=True):
    """What an execution begins with. version, alias: the ARN by which it was asked for, or that this led to."""

    arn: str
    name: str
    role: str
    definition: str
    kind: str
    version: str | None = None
    alias: str | None = None
    logs: LogSettings | None = None


def backend_of(environ: dict[str, Any], region: str) -> Any:
    """What the caller's account has there."""
    return stepfunctions_parser_backends[environ[ACCOUNT]][region]


def find_machine(environ: dict[str, Any], arn: str) -> Machine:
    """Refused."""
    said = _MACHINE.fullmatch(arn)
    if said is None:
        raise Refused("InvalidArn", f"Invalid Arn: 'Invalid ARN: {arn}'")
    found = next((one for one in backend_of(environ, said["region"]).state_machines if one.arn == said["base"]), None)
    qualifier, alias = said["qualifier"], None
    if found is not None and qualifier is not None and not qualifier.isdecimal():
        alias = found.aliases.get(qualifier)
        qualifier = None if alias is None else _routed(alias)
    chosen = found
    if found is not None and said["qualifier"] is not None:
        chosen = found.versions.get(int(qualifier)) if qualifier is not None else None
    if found is None or chosen is None:
        raise Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return Machine(
        found.arn,
        found.name,
        chosen.roleArn,
        chosen.definition,
        found.type,
        None if chosen is found else chosen.arn,
        None if alias is None else arn,
        log_settings(found.name, chosen.loggingConfiguration),
    )


def region_of(environ: dict[str, Any]) -> str:
    """That a request is signed for."""
    return str(environ["HTTP_AUTHORIZATION"]).partition("Credential=")[2].split("/")[2]


def region_in(arn: str) -> str:
    return arn.split(":")[3]


def check_execution(arn: str) -> str:
    """The ARN of the machine that one was of. Refused: it is no ARN of an execution that is kept."""
    said = _EXECUTION.fullmatch(arn)
    if said is None:
        raise Refused("InvalidArn", f"Invalid Arn: 'Invalid ARN: {arn}'")
    if said["kind"] == "express":
        raise Refused("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    return f"{said['scope']}:stateMachine:{said['name']}"


def _routed(alias: Any) -> str:
    """The number of a version, by the weights."""
    routes = alias.routing_configuration
    is_first = len(routes) == 1 or random() * 100 < routes[0]["weight"]
    version: str = routes[0 if is_first else 1]["stateMachineVersionArn"]
    return version.rpartition(":")[2]
