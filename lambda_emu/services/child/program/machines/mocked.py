"""Whether a state may be mocked, and by what is said: as the operation's own answer is formed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from moto.core.utils import get_service_model

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.machines.language.tasks import SERVICES

MOCKED = ("Map", "Parallel", "Task")
JSON_TYPES: Mapping[str, tuple[Any, str]] = {
    "string": ((str,), "a string"),
    "timestamp": ((str,), "a string"),
    "blob": ((str,), "a string"),
    "integer": ((int,), "a number"),
    "long": ((int,), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "boolean": ((bool,), "a boolean"),
    "list": ((list,), "an array"),
    "map": ((dict,), "an object"),
    "structure": ((dict,), "an object"),
}
"""By a type of botocore's model: what it is in JSON, and how AWS says that."""


def check_mock(state: Mapping[str, Any], said: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """state: as it is defined. said: the mock. Refused."""
    if state.get("Type") not in MOCKED:
        raise _wrong(f"State type '{state.get('Type')}' is not supported when a mock is specified")
    if asked.get("revealSecrets"):
        raise _wrong("TestState does not support RevealSecrets when a mock is specified.")
    if "result" in said and "errorOutput" in said:
        raise _wrong("A test mock should have only one of the following fields: [result, errorOutput].")
    if "result" not in said:
        return
    try:
        result = json.loads(said["result"])
    except (ValueError, RecursionError):
        raise _wrong("Mocked result must be valid JSON") from None
    _check_result(state, result, said.get("fieldValidationMode") or "STRICT")


def _check_result(state: Mapping[str, Any], result: Any, mode: str) -> None:
    branches = state.get("Branches")
    if "ResultWriter" in state and not isinstance(result, dict):
        raise _wrong("Mocked result must be a JSON object.")
    if state["Type"] != "Task" and "ResultWriter" not in state and not isinstance(result, list):
        raise _wrong("Mocked result must be an array.")
    if isinstance(branches, list) and len(branches) != len(result):
        raise _wrong("Mocked result must contain the same number of items as number of Parallel branches.")
    shape = _answer_of(str(state.get("Resource", ""))) if mode != "NONE" else None
    if shape is not None:
        _check_value(result, shape, "", is_strict=mode == "STRICT")


def _answer_of(resource: str) -> Any:
    """The shape of what an operation answers; None: nothing is known of it."""
    parts = resource.split(":")
    if parts[2:3] != ["states"] or len(parts) < 7:
        return None
    service, action = (parts[6], parts[7]) if len(parts) > 7 and parts[5] == "aws-sdk" else (parts[5], parts[6])
    try:
        model = get_service_model(SERVICES.get(service, service))
    except Exception:  # noqa: BLE001 - of botocore, whichever: `http` is no service
        return None
    wanted = xform_name(action.partition(".")[0])
    found = next((name for name in model.operation_names if xform_name(name) == wanted), None)
    return None if found is None else model.operation_model(found).output_shape


def _check_value(value: Any, shape: Any, field: str, *, is_strict: bool) -> None:
    types, named = JSON_TYPES.get(shape.type_name, ((object,), ""))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types and object not in types):
        raise _wrong(f"Mock result schema validation error: Field '{field}' must be {named}")
    if shape.type_name == "string" and getattr(shape, "enum", ()) and value not in shape.enum:
        raise _wrong(f"Mock result schema validation error: Field '{field}' is not an expected value")
    if shape.type_name == "list":
        for item in value:
            _check_value(item, shape.member, field, is_strict=is_strict)
    if shape.type_name == "map":
        for item in value.values():
            _check_value(item, shape.value, field, is_strict=is_strict)
    if shape.type_name == "structure":
        members = {name[:1].upper() + name[1:]: member for name, member in shape.members.items()}
        for name in shape.required_members if is_strict else ():
            if name[:1].upper() + name[1:] not in value:
                text = f"Required field '{name[:1].upper() + name[1:]}' is missing"
                raise _wrong(f"Mock result schema validation error: {text}")
        for name in members.keys() & value.keys():
            _check_value(value[name], members[name], name, is_strict=is_strict)


def _wrong(text: str) -> Refused:
    return Refused("ValidationException", text)
