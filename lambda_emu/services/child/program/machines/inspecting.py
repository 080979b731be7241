"""What becomes of a state's input on its way to the output: seen at each part of a state that nobody else has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import CatcherOutcomeCaught
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome

from lambda_emu.services.child.program.machines.language.failing import task_failed

PARTS = (
    ("input_path", "afterInputPath"),
    ("parameters", "afterParameters"),
    ("parargs", "afterParameters"),
    ("result", "result"),
    ("items_path", "afterItemsPath"),
    ("result_selector", "afterResultSelector"),
    ("result_path", "afterResultPath"),
)
"""Of moto's states, and what is told of each."""
IN_JSONATA = ("input", "afterArguments", "result", "variables", "request", "response")
WITH_PARAMETERS = ("Pass", "Task")
Seen = dict[str, Any]


class Again(Exception):
    """A retrier would have the state tried again."""

    def __init__(self, error: str, cause: str, retrier: int, after_s: int) -> None:
        super().__init__(error)
        self.error, self.cause = error, cause
        self.details = {"retryIndex": retrier, "retryBackoffIntervalSeconds": after_s}


def inspect(state: Any, seen: Seen, retries: int) -> None:
    """state: of moto's. seen: what is found, JSON by name. retries: how many there were before."""
    is_jsonata = not state._is_language_query_jsonpath()
    for part, name in PARTS:
        found = getattr(state, part, None)
        if found is not None:
            _see(found, "eval", "afterArguments" if is_jsonata and part == "parargs" else name, seen)
    if hasattr(state, "_eval_execution"):
        _see(state, "_eval_execution", "result", seen)
    if getattr(state, "retry", None) is not None:
        state._handle_retry = _would_try_again(state.retry.retriers, retries)
    if getattr(state, "catch", None) is not None:
        for number, catcher in enumerate(state.catch.catchers):
            _see_caught(catcher, number, seen)


def completed(seen: Seen, state: Mapping[str, Any], is_jsonata: bool) -> Seen:
    """With what stays as it was where nothing is said. state: as it is defined."""
    if is_jsonata:
        return {name: seen[name] for name in IN_JSONATA if name in seen}
    found = dict(seen)
    if state["Type"] == "Pass" and "Result" in state:
        found = {name: value for name, value in found.items() if name not in ("afterInputPath", "afterParameters")}
    elif state["Type"] in WITH_PARAMETERS and "Parameters" not in state and "afterInputPath" in found:
        found["afterParameters"] = found["afterInputPath"]
    if "afterResultPath" in found and "ResultSelector" not in state:
        found["afterResultSelector"] = found.get("result", found.get("afterParameters"))
    if state["Type"] in ("Map", "Parallel"):
        found.pop("result", None)
    return {name: value for name, value in found.items() if value is not None}


def mock(state: Any, said: Mapping[str, Any]) -> None:
    """A task, a Map or a Parallel does nothing, and comes to what is said."""

    def come_to(env: Any) -> None:
        if hasattr(state, "_eval_parameters"):
            state._eval_parameters(env)
        if getattr(state, "items_path", None) is not None:
            state.items_path.eval(env)
            if not isinstance(env.stack[-1], list):
                path = state.items_path.string_sampler.literal_value
                cause = f'Reference path "{path}" must point to array.'
                raise FailureEventException(task_failed(env, "States.Runtime", cause))
        error = said.get("errorOutput")
        if error is not None:
            raise FailureEventException(task_failed(env, error.get("error", ""), error.get("cause", "")))
        env.stack.append(json.loads(said.get("result") or "{}"))

    state._eval_execution = come_to


def written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _see(component: Any, method: str, name: str, seen: Seen) -> None:
    run: Callable[..., Any] = getattr(component, method)

    def run_and_see(*given: Any, **named: Any) -> None:
        run(*given, **named)
        env = given[0] if given else named["env"]
        seen[name] = written(env.stack[-1])

    setattr(component, method, run_and_see)


def _see_caught(catcher: Any, number: int, seen: Seen) -> None:
    run: Callable[..., Any] = catcher.eval

    def run_and_see(env: Any) -> None:
        failed = FailureEventException(env.stack[-1])
        run(env)
        if isinstance(env.stack[-1], CatcherOutcomeCaught):
            error, cause = failed.extract_error_cause_pair() or ("", "")
            seen["caught"] = {"error": error or "", "cause": cause or ""}
            seen["errorDetails"] = {"catchIndex": number}

    catcher.eval = run_and_see


def _would_try_again(retriers: Any, retries: int) -> Any:
    def would_try_again(env: Any, failure_event: FailureEvent) -> RetryOutcome:
        """By moto's names. Again."""
        for number, retrier in enumerate(retriers):
            env.stack.append(failure_event.error_name)
            retrier.error_equals.eval(env)
            if not env.stack.pop():
                continue
            if retries >= retrier.max_attempts.attempts:
                return RetryOutcome.CannotRetry
            after_s = retrier.interval_seconds.seconds * retrier.backoff_rate.rate**retries
            most_s = retrier.max_delay_seconds.max_delays_seconds
            error, cause = FailureEventException(failure_event).extract_error_cause_pair() or ("", "")
            raise Again(error or "", cause or "", number, int(min(after_s, most_s)))
        return RetryOutcome.NoRetrier

    return would_try_again
