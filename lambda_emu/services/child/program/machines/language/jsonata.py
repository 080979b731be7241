"""JSONata in state machines, by jsonata-python, and bounded: expressions are written by users.

moto 5.2 has no evaluator, and would write all variables into the text of an expression.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Mapping
from hashlib import new as new_hash
from threading import Lock
from typing import Any
from uuid import uuid4

import regex
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.regex_engine import RegexFlags
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string import string_expression

from lambda_emu.services.child.program.clock import clock

LIMIT_MS = 5000
MOST_DEPTH = 300
MOST_ITEMS = 100_000
"""Of a list."""
MOST_CHARACTERS = 1_000_000
MADE_CHARACTERS = 1000
"""As many a function puts in the place of each match, for all that is known before."""
PATTERN_LIMIT_S = 1.0
USUAL_FRAMES, FRAMES = 1000, 3000
"""Of Python. Some are needed for each that JSONata has; while nobody evaluates anything there are as many as ever."""
HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
NOTHING = object()


sys.setrecursionlimit(USUAL_FRAMES)  # the import raised it to what JSON's reader would not survive


class QueryError(Exception):
    """What is wrong with an expression, or with what it is about."""


class _Frames:
    """As many as evaluations need, while there is one; the limit is one for all threads."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards _running, and the limit
        self._running = 0

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
            sys.setrecursionlimit(FRAMES)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1
            if not self._running:
                sys.setrecursionlimit(USUAL_FRAMES)


_frames = _Frames()


def replace_jsonata() -> None:
    for component in (string_expression.StringJSONata, string_expression.StringVariableSample):
        component._eval_body = _evaluate_in_state  # type: ignore[method-assign]
    for name, check in BOUNDED.items():
        _bound(name, check)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """What it comes to, or NOTHING. variables: by their names without `$`. QueryError."""
    try:
        with _frames:
            return _evaluated(expression, variables)
    except JException as error:
        raise QueryError(f"threw an error during evaluation. {error.error}: {error}") from None
    except RecursionError:
        raise QueryError("threw an error during evaluation. It calls itself too often") from None
    except (ArithmeticError, TypeError, ValueError, AttributeError, KeyError, IndexError, TimeoutError) as error:
        raise QueryError(f"threw an error during evaluation. {error}") from None


def _evaluated(expression: str, variables: Mapping[str, Any]) -> Any:
    asked = Expression(expression)
    asked.set_output_convert_nulls(False)
    for name, function in FUNCTIONS.items():
        asked.register_lambda(name, function)
    found = asked.evaluate(None, variables)
    return NOTHING if found is None else json.loads(json.dumps(Utils.convert_nulls(_checked(found))))


class Expression(Jsonata):  # type: ignore[misc]  # it has no types
    """Its functions `$now` and `$millis` go by the clock of work. Nothing in it may be larger than is said above."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _compile, LIMIT_MS, MOST_DEPTH)
        leave = self.environment.lookup("__evaluate_exit")

        def check(expression: Any, given: Any, environment: Any, found: Any) -> None:
            leave(expression, given, environment, found)
            if isinstance(found, list) and len(found) > MOST_ITEMS:
                raise JException("D2014", 0, len(found))
            if isinstance(found, str):
                _check_size(len(found))

        self.environment.set_evaluate_exit_callback(check)

    @property
    def timestamp(self) -> int:
        return self._now_ms

    @timestamp.setter
    def timestamp(self, _: int) -> None:
        self._now_ms = round(clock.now_s() * 1000)

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, int) and isinstance(rhs, int) and rhs - lhs >= MOST_ITEMS:
            raise JException("D2014", 0, rhs - lhs + 1)
        return super().evaluate_range_expression(lhs, rhs)


class Pattern:
    """No text keeps it busy for longer than PATTERN_LIMIT_S; then TimeoutError."""

    def __init__(self, pattern: str, flags: int) -> None:
        try:
            self._pattern = regex.compile(pattern, flags)
        except regex.error as error:
            raise JException("S0302", 0, str(error)) from None
        self.pattern = pattern

    def search(self, string: str) -> Any:
        return self._pattern.search(string, concurrent=True, timeout=PATTERN_LIMIT_S)

    def finditer(self, string: str) -> Any:
        return self._pattern.finditer(string, concurrent=True, timeout=PATTERN_LIMIT_S)

    def sub(self, repl: Any, string: str, count: int = 0) -> str:
        return str(self._pattern.sub(repl, string, count, concurrent=True, timeout=PATTERN_LIMIT_S))

    def split(self, string: str, maxsplit: int = 0) -> list[str]:
        return list(self._pattern.split(string, maxsplit, concurrent=True, timeout=PATTERN_LIMIT_S))


def _compile(pattern: str, flags: RegexFlags) -> Pattern:
    has = (flags.case_insensitive, regex.IGNORECASE), (flags.multiline, regex.MULTILINE)
    return Pattern(pattern, sum(flag for is_set, flag in has if is_set))


def _checked(found: Any) -> Any:
    """QueryError: it is a function."""
    if isinstance(found, (Jsonata.JFunction, Jsonata.JLambda, Pattern)) or callable(found):
        raise QueryError("returned an unsupported result type.")
    return found


# -- bounds of functions that make much of little --------------------------------------------------


def _bound(name: str, check: Callable[..., None]) -> None:
    """check: is given what the function is, and raises what is too much."""
    native = Jsonata.static_frame.lookup(name)
    call = native.method

    def checked(*given: Any) -> Any:
        check(*given)
        return call(*given)

    native.method = checked


def _check_size(size: float) -> None:
    if size > MOST_CHARACTERS:
        raise JException("D2014", 0, size)


def _check_pad(_: Any, width: Any, *__: Any) -> None:
    _check_size(abs(width) if isinstance(width, int | float) else 0)


def _check_join(texts: Any, separator: Any = None, *_: Any) -> None:
    listed = texts if isinstance(texts, list) else []
    _check_size(sum(map(len, listed)) + len(listed) * len(separator or ""))


def _check_replace(text: Any, pattern: Any, replacement: Any, *_: Any) -> None:
    """Of what a function puts there nobody knows how long it is."""
    if not isinstance(text, str):
        return
    most = text.count(pattern) if isinstance(pattern, str) and pattern else len(text) + 1
    _check_size(most * (len(replacement) if isinstance(replacement, str) else MADE_CHARACTERS))


def _check_string(value: Any, *_: Any) -> None:
    """What stands in it several times counts as often."""
    size, look = 0, [value]
    while look:
        part = look.pop()
        size += len(part) if isinstance(part, str) else 8
        _check_size(size)
        if isinstance(part, dict):
            look += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            look += part


# -- functions that Step Functions adds ------------------------------------------------------------


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    if size < 1:
        raise ValueError("The size of chunks must be greater than 0")
    return [items[at : at + size] for at in range(0, len(items), size)]


def _range(first: int, last: int, step: int = 1) -> list[int]:
    found = range(first, last + (1 if step > 0 else -1), step)
    if len(found) > MOST_ITEMS:
        raise ValueError(f"The range has more than {MOST_ITEMS} items")
    return list(found)


def _hash(data: Any, algorithm: str) -> str:
    if algorithm not in HASHES:
        raise ValueError(f"{algorithm} is none of {', '.join(HASHES)}")
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return new_hash(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: int | None = None) -> float:
    return random.Random(seed).random()  # a user's own seed gives the same number each time


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "hash": _hash,
    "parse": json.loads,
    "partition": _partition,
    "random": _random,
    "range": _range,
    "uuid": lambda: str(uuid4()),
}


BOUNDED: Mapping[str, Callable[..., None]] = {
    "join": _check_join,
    "pad": _check_pad,
    "replace": _check_replace,
    "string": _check_string,
}


# -- in states -------------------------------------------------------------------------------------


def _evaluate_in_state(self: Any, env: Any) -> None:
    """Of an expression in a state: its result comes onto the stack. FailureEventException."""
    store = env.variable_store
    variables = {**store._outer_scope, **store._inner_scope, "states": env.states._states_data}
    try:
        found = evaluate(self.expression, variables)
        if found is NOTHING:
            raise QueryError("returned nothing (undefined).")
    except QueryError as error:
        cause = f"The JSONata expression '{self.expression}' specified for the field '{env.next_field_name}' {error}"
        raise _failure(env, cause) from None
    env.stack.append(found)


def _failure(env: Any, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details: Any = {"error": name.error_name, "cause": cause}
    event: Any = {"evaluationFailedEventDetails": details | {"state": env.next_state_name or ""}}
    env.event_manager.add_event(env.event_history_context, HistoryEventType.EvaluationFailed, event)
    return FailureEventException(FailureEvent(env, name, HistoryEventType.EvaluationFailed, event))
