"""Whether a definition is one, as AWS tells it when a machine is made; and what moto's parser can read of it.

Codes and texts are AWS's where they are known; others are marked (?).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

DEFINITION_BYTES = 1024 * 1024
MOST_DEPTH = 64
TYPES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
TERMINAL = ("Fail", "Succeed")
WAITING = (".sync", ".sync:2", ".waitForTaskToken")
BATCHER = "ItemBatcher"
TOLERATED = "ToleratedFailurePercentage"
States = Mapping[str, Any]


class Fault(Struct, frozen=True):
    """location: a JSON pointer."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}"


def faults_of(definition: str, kind: str) -> list[Fault]:
    """kind: STANDARD or EXPRESS. Nothing is parsed by moto here."""
    if len(definition.encode()) > DEFINITION_BYTES:
        return [
            Fault("INVALID_JSON_DESCRIPTION", f"The definition is larger than {DEFINITION_BYTES} bytes", "/")
        ]  # (?)
    try:
        found = json.loads(definition)
    except (ValueError, RecursionError) as error:
        return [Fault("INVALID_JSON_DESCRIPTION", str(error), "/")]
    return list(_of_machine(found, "", kind, 0))


def readable(definition: str) -> str:
    """The same without what moto's parser refuses; `batchers` finds that."""
    found = json.loads(definition)
    if not any(name in definition for name in (BATCHER, TOLERATED, '"EXPRESS"')):
        return definition
    for states in _all_states(found):
        for state in states.values():
            if isinstance(state, dict):
                _make_readable(state)
    return json.dumps(found)


def batchers(states: States) -> Iterator[tuple[str, Any]]:
    """Of Maps among these states themselves, by their names."""
    for name, state in states.items():
        if isinstance(state, dict) and BATCHER in state:
            yield name, state[BATCHER]


def inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each with where it stands in a state."""
    for name in ("ItemProcessor", "Iterator"):
        if name in state:
            yield name, state[name]
    branches = state.get("Branches")
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield f"Branches[{number}]", branch


def _all_states(machine: Any) -> Iterator[dict[str, Any]]:
    states = machine.get("States") if isinstance(machine, dict) else None
    if isinstance(states, dict):
        yield states
        for state in states.values():
            for _, inner in inner_machines(state) if isinstance(state, dict) else ():
                yield from _all_states(inner)


def _make_readable(state: dict[str, Any]) -> None:
    state.pop(BATCHER, None)
    if isinstance(state.get(TOLERATED), int):
        state[TOLERATED] = float(state[TOLERATED])
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    if isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS":
        config["ExecutionType"] = "STANDARD"


def _of_machine(machine: Any, at: str, kind: str, depth: int) -> Iterator[Fault]:
    if not isinstance(machine, dict) or depth > MOST_DEPTH:
        yield Fault("SCHEMA_VALIDATION_FAILED", "Expected value of type Object", at or "/")
        return
    missing = [name for name in ("StartAt", "States") if name not in machine]
    if missing:
        yield Fault("SCHEMA_VALIDATION_FAILED", f"These fields are required: [{', '.join(missing)}]", at or "/")
        return
    states = machine["States"]
    if not isinstance(states, dict) or not states:
        yield Fault("SCHEMA_VALIDATION_FAILED", "Expected value of type Object", f"{at}/States")
        return
    if machine["StartAt"] not in states:
        yield Fault("MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {machine['StartAt']}", f"{at}/StartAt")
    reached = {machine["StartAt"]}
    for name, state in states.items():
        place = f"{at}/States/{name}"
        if not isinstance(state, dict) or state.get("Type") not in TYPES:
            said = state.get("Type") if isinstance(state, dict) else None
            yield _no_type(said, place)
            continue
        for field, target in _targets(state):
            reached.add(target)
            if target not in states:
                yield Fault("MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", f"{place}/{field}")
        yield from _of_state(state, place, kind)
        for where, inner in inner_machines(state):
            yield from _of_machine(inner, f"{place}/{where}", kind, depth + 1)
    for name in states.keys() - reached:
        yield Fault("MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', f"{at}/States/{name}")


def _of_state(state: Mapping[str, Any], place: str, kind: str) -> Iterator[Fault]:
    type = state["Type"]
    if type not in (*TERMINAL, "Choice") and "Next" not in state and state.get("End") is not True:
        yield Fault("SCHEMA_VALIDATION_FAILED", "These fields are required: [Next]", place)  # (?)
    if type == "Choice" and not (isinstance(state.get("Choices"), list) and state["Choices"]):
        yield Fault("SCHEMA_VALIDATION_FAILED", "These fields are required: [Choices]", place)
    if type != "Task":
        return
    resource = state.get("Resource")
    if not isinstance(resource, str):
        yield Fault("SCHEMA_VALIDATION_FAILED", "These fields are required: [Resource]", place)
    elif not resource.startswith(("arn:", "{%")):
        yield Fault("SCHEMA_VALIDATION_FAILED", "Value is not a valid resource ARN", f"{place}/Resource")
    elif kind == "EXPRESS" and resource.endswith(WAITING):
        text = f"Express state machine does not support '{resource.rpartition('.')[2]}' service integration"
        yield Fault("SCHEMA_VALIDATION_FAILED", text, f"{place}/Resource")


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where it leads, each with the field that says so."""
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield field, state[field]
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                yield f"{field}[{number}]/Next", rule["Next"]


def _no_type(said: Any, place: str) -> Fault:
    if said is None:
        return Fault("SCHEMA_VALIDATION_FAILED", "These fields are required: [Type]", place)
    return Fault("SCHEMA_VALIDATION_FAILED", f"Value is not one of [{', '.join(TYPES)}]", f"{place}/Type")  # (?)
