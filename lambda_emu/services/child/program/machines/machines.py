"""What is asked of machines beyond moto: whether a definition is one, their versions, and runs of distributed Maps."""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.machines.executions import Environ, Executions, Members, check_kept, operation
from lambda_emu.services.child.program.machines.finding import backend_of, find_machine, region_in, region_of
from lambda_emu.services.child.program.machines.language.checking import Fault, faults_of
from lambda_emu.services.child.program.machines.language.interpreter import parse
from lambda_emu.services.child.program.machines.pages import page, read_page

SAME = ("definition", "type", "loggingConfiguration", "tracingConfiguration")
"""What may not differ when a machine is made once more."""
MOST_FAULTS = 100


def extend() -> None:
    """Before moto makes its app: operations that it has not, which are changes."""
    backend: Any = StepFunctionsParserBackend
    backend._validate_definition = staticmethod(lambda **_: None)  # it was checked; now it may be made again
    responses: Any = StepFunctionResponse
    responses.publish_state_machine_version = _publish
    responses.delete_state_machine_version = _delete_version


def check_change(operation: str, environ: Environ, asked: Members) -> None:
    """Before moto makes it. Refused."""
    if operation == "CreateStateMachine":
        kind = asked.get("type") or "STANDARD"
        _check_definition(asked["definition"], kind)
        known = backend_of(environ, region_of(environ)).state_machines
        for machine in known:
            if machine.name == asked["name"] and any(_differs(machine, asked, name) for name in SAME):
                raise Refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{machine.arn}'")
    if operation == "UpdateStateMachine" and asked.get("definition") is not None:
        _check_definition(asked["definition"], find_machine(environ, asked["stateMachineArn"]).kind)


@operation
def validate_state_machine_definition(_: Executions, __: Environ, asked: Members) -> Any:
    faults = _faults(asked["definition"], asked.get("type") or "STANDARD")
    told = [
        {"severity": "ERROR", "code": fault.code, "message": fault.message, "location": fault.location}
        for fault in faults[: asked.get("maxResults") or MOST_FAULTS]
    ]
    return {"result": "FAIL" if faults else "OK", "diagnostics": told, "truncated": len(told) < len(faults)}


@operation
def list_state_machine_versions(_: Executions, environ: Environ, asked: Members) -> Any:
    arn = find_machine(environ, asked["stateMachineArn"]).arn
    machine = next(one for one in backend_of(environ, region_in(arn)).state_machines if one.arn == arn)
    count, skipped = read_page(asked)
    versions = sorted(machine.versions.values(), key=lambda version: -version.version)[skipped : skipped + count + 1]
    return page("stateMachineVersions", [_version(version) for version in versions], count, skipped)


@operation
def list_map_runs(executions: Executions, _: Environ, asked: Members) -> Any:
    arn = asked["executionArn"]
    known = check_kept(executions, arn)
    runs = [record.list_item() for record in executions.map_runs(known.arn)]
    count, skipped = read_page(asked)
    return page("mapRuns", [_plain(run) for run in runs[skipped : skipped + count + 1]], count, skipped)


@operation
def describe_map_run(executions: Executions, _: Environ, asked: Members) -> Any:
    return _plain(_map_run(executions, asked["mapRunArn"]).describe())


@operation
def update_map_run(executions: Executions, _: Environ, asked: Members) -> Any:
    """What it tolerates from now on; how many items it works on at once stays."""
    record = _map_run(executions, asked["mapRunArn"])
    names = "maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"
    record.update(*(asked.get(name) for name in names))
    return {}


def _map_run(executions: Executions, arn: str) -> Any:
    """Refused."""
    for record in executions.map_runs():
        if record.map_run_arn == arn:
            return record
    raise Refused("ResourceNotFound", f"Resource not found: '{arn}'")


def _plain(told: Any) -> Any:
    """Dates as numbers."""
    if isinstance(told, dict):
        return {name: _plain(value) for name, value in told.items() if value is not None}
    return told.timestamp() if hasattr(told, "timestamp") else getattr(told, "value", told)


def _check_definition(definition: str, kind: str) -> None:
    """Refused."""
    faults = _faults(definition, kind)
    if faults:
        said = ", ".join(str(fault) for fault in faults[:MOST_FAULTS])
        raise Refused("InvalidDefinition", f"Invalid State Machine Definition: '{said}'")


def _faults(definition: str, kind: str) -> list[Fault]:
    faults = faults_of(definition, kind)
    if faults:
        return faults
    try:
        parse(definition)
    except ASLParserException as error:
        return [Fault("SCHEMA_VALIDATION_FAILED", "; ".join(error.errors), "/")]
    except Exception as error:  # noqa: BLE001 - whatever moto's parser makes of what it does not expect
        return [Fault("SCHEMA_VALIDATION_FAILED", str(error) or type(error).__name__, "/")]
    return []


def _differs(machine: Any, asked: Members, name: str) -> bool:
    return name in asked and asked[name] != getattr(machine, name)


def _publish(response: Any) -> str:
    """Of moto's response, as the next one."""
    backend = response.stepfunction_backend
    machine = backend.describe_state_machine(response._get_param("stateMachineArn"))
    latest = machine.latest_version
    if latest is None or latest.definition != machine.definition or latest.roleArn != machine.roleArn:
        machine.publish(response._get_param("description"))
    return json.dumps(_version(machine.latest_version))


def _version(version: Any) -> dict[str, Any]:
    return {"creationDate": version.creation_date.timestamp(), "stateMachineVersionArn": version.arn}


def _delete_version(response: Any) -> str:
    arn, _, number = response._get_param("stateMachineVersionArn").rpartition(":")
    machine = response.stepfunction_backend.describe_state_machine(arn)
    used = [alias.arn for alias in machine.aliases.values() if _routes_to(alias, f"{arn}:{number}")]
    if used:
        text = f"Version to be deleted must not be referenced by an alias. Current list of aliases: [{', '.join(used)}]"
        raise Refused("ConflictException", text)
    machine.versions.pop(int(number) if number.isdecimal() else -1, None)
    return "{}"


def _routes_to(alias: Any, version: str) -> bool:
    return any(route["stateMachineVersionArn"] == version for route in alias.routing_configuration)
