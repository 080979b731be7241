"""TestState: one state is carried out, or told what it would come to, outside of any machine.

Texts of refusals are as recorded of AWS, but where (?) says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from msgspec import Struct

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.current_request import ACCOUNT
from lambda_emu.services.child.program.machines.executions import Environ, Executions, Members, read_input
from lambda_emu.services.child.program.machines.finding import region_of
from lambda_emu.services.child.program.machines.inspecting import Again, Seen, completed, inspect, mock, written
from lambda_emu.services.child.program.machines.language.checking import WAITING, Fault, faults_of
from lambda_emu.services.child.program.machines.language.interpreter import parse_anew
from lambda_emu.services.child.program.machines.language.waiting import Event, Worker
from lambda_emu.services.child.program.machines.mocked import check_mock
from lambda_emu.services.child.program.machines.running import Frame, Recorder, environment_of
from lambda_emu.services.child.program.machines.table import Execution

LIMIT_S = 300
"""Of a state."""
NAME = "TestState"
OF_MACHINES = ("Map", "Parallel")
CAUGHT = "CAUGHT_ERROR"
WITHOUT_MOCK = (
    "TestState API does not support Map or Parallel states. "
    "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
)
Answer = dict[str, Any]


class Tried(Struct, frozen=True):
    """What is asked for. state: as it is defined. language: of the machine that it stands in."""

    name: str
    state: Mapping[str, Any]
    language: str
    role: str
    input: str
    asked: Members

    @property
    def is_jsonata(self) -> bool:
        return (self.state.get("QueryLanguage") or self.language) == "JSONata"


def test_state(executions: Executions, environ: Environ, asked: Members) -> Answer:
    """Refused."""
    tried = _read(asked, environ)
    _check(tried)
    component = _component(tried)
    seen: Seen = {"input": tried.input}
    inspect(component, seen, (asked.get("stateConfiguration") or {}).get("retrierRetryCount", 0))
    if asked.get("mock") is not None:
        mock(component, asked["mock"])
    component.seen, component.reveals = seen, asked.get("revealSecrets") is True  # of HTTP tasks
    env = _frame(tried, executions, environ)
    with executions.waiting():
        answer = _carried_out(component, env, seen, tried.name)
    level = asked.get("inspectionLevel") or "INFO"
    if level != "INFO":
        if env.variable_store._inner_scope:
            seen["variables"] = written(env.variable_store._inner_scope)
        if level != "TRACE":
            seen = {name: value for name, value in seen.items() if name not in ("request", "response")}
        found = completed(seen, tried.state, tried.is_jsonata)
        more = {name: seen[name] for name in ("errorDetails",) if name in seen}
        answer["inspectionData"] = found | more
    return answer


def _read(asked: Members, environ: Environ) -> Tried:
    try:
        found = json.loads(asked["definition"])
    except (ValueError, RecursionError) as error:
        raise _no_definition(Fault("INVALID_JSON_DESCRIPTION", str(error), "/")) from None
    name = asked.get("stateName")
    states = found.get("States") if isinstance(found, dict) else None
    state = found if name is None else (_state_named(name, states) if isinstance(states, dict) else None)
    if not isinstance(state, dict):
        raise Refused("ValidationException", "State not found in definition")
    language = found.get("QueryLanguage", "JSONPath")
    role = asked.get("roleArn")
    if role is None and state.get("Type") == "Task" and asked.get("mock") is None:
        raise Refused("ValidationException", "RoleArn must be specified when testing a Task state")
    role = role or f"arn:aws:iam::{environ[ACCOUNT]}:role/none"
    return Tried(name or NAME, state, language, role, read_input(asked), asked)


def _state_named(name: str, states: Mapping[str, Any]) -> Any:
    """Among these, or in Maps and Parallels of them."""
    if name in states:
        return states[name]
    for state in states.values():
        machines = [state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())]
        for machine in machines:
            inner = machine.get("States") if isinstance(machine, dict) else None
            found = _state_named(name, inner) if isinstance(inner, dict) else None
            if found is not None:
                return found
    return None


def _check(tried: Tried) -> None:
    """Refused."""
    type, said = tried.state.get("Type"), tried.asked.get("mock")
    resource = str(tried.state.get("Resource", ""))
    if said is None and type in OF_MACHINES:
        raise Refused("InvalidDefinition", WITHOUT_MOCK)
    if said is None and (resource.endswith(WAITING) or ":activity:" in resource):
        text = "TestState API supports activities, .sync and .waitForTaskToken only when a mock is specified"  # (?)
        raise Refused("InvalidDefinition", text)
    if said is None and tried.asked.get("context") is not None:
        raise Refused("ValidationException", "Context can only be specified when a mock is specified")  # (?)
    if said is not None:
        check_mock(tried.state, said, tried.asked)


def _component(tried: Tried) -> Any:
    """Of moto's. Refused: it is no state."""
    machine = {"QueryLanguage": tried.language, "StartAt": tried.name, "States": {tried.name: tried.state}}
    definition = json.dumps(machine)
    faults = [one for one in faults_of(definition, "STANDARD") if one.code != "MISSING_TRANSITION_TARGET"]
    if faults:
        raise _no_definition(faults[0])
    try:
        return parse_anew(definition).states.states[tried.name]
    except Exception as error:  # whatever moto's parser makes of what it does not expect
        raise _no_definition(Fault("SCHEMA_VALIDATION_FAILED", str(error) or type(error).__name__, "/")) from error


def _no_definition(fault: Fault) -> Refused:
    return Refused("InvalidDefinition", f"Invalid State Machine Definition: '{fault}'")


def _frame(tried: Tried, executions: Executions, environ: Environ) -> Frame:
    """Where it is carried out. Refused: variables or a context that are none."""
    scope = f"arn:aws:states:{region_of(environ)}:{environ[ACCOUNT]}"
    name = f"{NAME}-{uuid4()}"
    execution = Execution(
        arn=f"{scope}:execution:{NAME}:{name}",
        machine=f"{scope}:stateMachine:{NAME}",
        name=name,
        role=tried.role,
        definition="",
        input=tried.input,
        begun_s=clock.now_s(),
    )
    env = environment_of(execution, "STANDARD", executions.activities)
    env.event_manager = Recorder(lambda *_: None)
    context = _object(tried.asked, "context")
    if "Execution" in context:
        context["Execution"] = {"Input": json.loads(tried.input)} | context["Execution"]  # which the interpreter reads
    env.states.context_object.context_object_data.update(context)
    for variable, value in _object(tried.asked, "variables").items():
        env.variable_store.set(variable, value)
    env.variable_store.reset_tracing()
    env.next_state_name = tried.name
    return env


def _object(asked: Members, name: str) -> Any:
    try:
        found = json.loads(asked.get(name) or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused("ValidationException", f"Value at '{name}' is no JSON object")  # (?)
    return found


def _carried_out(component: Any, env: Frame, seen: Seen, name: str) -> Answer:
    answer: Answer = {}
    over = Event()

    def carry_out() -> None:
        try:
            answer.update(_outcome(component, env, seen, name))
        finally:
            over.set()

    worker = Worker(carry_out)
    worker.over = over
    worker.start()
    if not over.wait(LIMIT_S):
        env.set_timed_out()
        return {"status": "FAILED", "error": "States.Timeout"}
    return answer


def _outcome(component: Any, env: Frame, seen: Seen, name: str) -> Answer:
    try:
        component.eval(env)
    except Again as again:
        seen["errorDetails"] = again.details
        return {"status": "RETRIABLE", "error": again.error, "cause": again.cause}
    except FailureEventException as failed:
        error, cause = failed.extract_error_cause_pair() or (None, None)
        said = {"status": "FAILED", "error": error, "cause": cause}
        return {member: text for member, text in said.items() if text is not None}
    except Exception as error:  # noqa: BLE001 - as the interpreter has it
        return {"status": "FAILED", "error": "States.Runtime", "cause": f"{type(error).__name__}({error})"}
    answer = {"status": "SUCCEEDED", "output": written(env.states.get_input())}
    if "errorDetails" in seen:
        answer["status"] = CAUGHT
        answer |= seen.pop("caught", {})
    following = env.next_state_name
    return answer if following in (None, name) else answer | {"nextState": following}
