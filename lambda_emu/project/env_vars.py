"""The file of `--env-vars`, as SAM's command line has it: other values for variables that functions declare.

`{"Parameters": {"STAGE": "dev"}, "orders": {"TABLE": "local"}}`: of all functions, and of one, which goes before it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.declarations import Project, ProjectError

log = logging.getLogger(__name__)

FOR_ALL, FUNCTION = "Parameters", "AWS::Lambda::Function"
MOST_BYTES = 1024 * 1024


class EnvVars:
    """Values by function and variable. What nobody asked for is told by `tell_unused`."""

    def __init__(self, file: Path, values: Mapping[str, Mapping[str, str]]) -> None:
        self._file = file
        self._values = values
        self._unused = {(function, name) for function, told in values.items() for name in told}

    def of(self, names: Sequence[str], declared: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables that a function declares, with other values where there are any.

        names: what it may be called by, the strongest last.
        """
        told: dict[str, str] = {}
        for function in (FOR_ALL, *names):
            found = {name: value for name, value in self._values.get(function, {}).items() if name in declared}
            self._unused -= {(function, name) for name in found}
            told |= found
        return {**declared, **told}

    @property
    def are_used(self) -> bool:
        """All of them."""
        return not self._unused

    def tell_unused(self) -> None:
        """As SAM does, what no function declares is passed over; here that is told."""
        for function, name in sorted(self._unused):
            whose = "no function declares it" if function == FOR_ALL else f"there is no {function} that declares it"
            log.warning("%s: %s.%s has no effect: %s", self._file, function, name, whose)


def read_env_vars(file: Path) -> EnvVars:
    """ProjectError."""
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(MOST_BYTES))
    except OSError as error:
        raise ProjectError([f"{file} cannot be read: {error.strerror}"]) from error
    except json.JSONDecodeError as error:
        raise ProjectError([f"{file}:{error.lineno}: is not JSON: {error.msg}"]) from error
    except (ValueError, RecursionError) as error:
        raise ProjectError([f"{file}: is not JSON: {error}"]) from error
    if not isinstance(told, dict):
        raise ProjectError([f"{file}: must be an object: variables by functions"])
    mistakes = [
        f"{file}: {name}: must be an object of variables" for name, one in told.items() if not isinstance(one, dict)
    ]
    if mistakes:
        raise ProjectError(mistakes)
    return EnvVars(
        file, {function: {name: _text(value) for name, value in one.items()} for function, one in told.items()}
    )


def overridden(project: Project, values: EnvVars) -> Project:
    """The project with these values."""
    functions = tuple(
        replace(one, environment=values.of((one.name,), one.environment)) if one.environment else one
        for one in project.functions
    )
    return replace(project, functions=functions)


def overridden_resources(resources: Mapping[str, Any], values: EnvVars, path: Sequence[str]) -> dict[str, Any]:
    """Those of a template, whose functions are called by their names, their logical ids, and those of all stacks that
    they are in, `Shop/Orders`, which are the strongest. path: the logical ids of those stacks.
    """
    return {logical_id: _overridden_resource(logical_id, one, values, path) for logical_id, one in resources.items()}


def _overridden_resource(logical_id: str, resource: Any, values: EnvVars, path: Sequence[str]) -> Any:
    properties = resource.get("Properties") or {}
    declared = (properties.get("Environment") or {}).get("Variables")
    if resource.get("Type") != FUNCTION or not isinstance(declared, dict):
        return resource
    name = properties.get("FunctionName")
    full = [logical_id, "/".join((*path, logical_id))] if path else [logical_id]
    names = [name, *full] if isinstance(name, str) else full
    environment = {**properties["Environment"], "Variables": dict(values.of(names, declared))}
    return {**resource, "Properties": {**properties, "Environment": environment}}


def _text(value: Any) -> str:
    """As SAM writes what is no text: nothing of null, objects and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)
