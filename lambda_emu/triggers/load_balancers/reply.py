"""What a function returned, as the answer of its load balancer. docs/contract/events.md#load-balancers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import TooLarge
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure, ServiceUnavailable, ShuttingDown
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.http_answer import (
    BODILESS,
    BYTES,
    DROPPED,
    REMAPPED,
    HeaderRoom,
    MalformedAnswer,
    body_in,
    check_name,
    decoded,
    header_text,
    status_of,
)
from lambda_emu.triggers.load_balancers.refusals import (
    SERVER,
    BadTarget,
    NoTarget,
    RequestTooLargeForTarget,
    TargetTimedOut,
)
from lambda_emu.triggers.reply import TimedReply

LARGE = Workers("large answers and events of load balancers", 4, 64)
MOST_BYTES = 1024 * 1024
"""Of what a function returns, as JSON, and of a request's body."""
MOST_HEADER_BYTES = 32 * 1024
"""Of all headers of an answer."""
UNTOLD = REMAPPED | DROPPED | {"proxy-authenticate"}
"""Headers of a function that its caller does not get."""


class BalancerReply(TimedReply):
    """The answer of a target."""

    workers = LARGE
    failure = BadTarget
    late = TargetTimedOut, "The function did not answer within the load balancer's idle timeout."
    cookies: tuple[str, ...] = ()
    """The load balancer's own."""

    def __init__(self, call: Call, loop: Loop, clock: Clock, limit_s: float, *, multi_value: bool) -> None:
        super().__init__(call, loop, clock, limit_s)
        self._multi_value = multi_value

    def done(self, outcome: Outcome) -> None:
        if not outcome.failed and len(outcome.payload) > MOST_BYTES:
            self._fail(BadTarget(f"What the function returned has {len(outcome.payload)} bytes, over {MOST_BYTES}."))
        else:
            super().done(outcome)

    def refused(self, error: LambdaError) -> None:
        if isinstance(error, TooLarge):
            error = RequestTooLargeForTarget(error.text)
        elif isinstance(error, ServiceUnavailable | ShuttingDown):
            error = NoTarget(error.text)
        elif not isinstance(error, NotBuiltYet | ServiceFailure):
            error = BadTarget(error.text)
        self._fail(error)

    def read(self, payload: bytes) -> Answer:
        answer = read_answer(payload, multi_value=self._multi_value)
        answer.headers.extend(("Set-Cookie", cookie) for cookie in self.cookies)
        return answer


def read_answer(payload: bytes, *, multi_value: bool) -> Answer:
    """multi_value: which one of `headers` and `multiValueHeaders` is read; the other is not. MalformedAnswer."""
    returned = decoded(payload)
    if not isinstance(returned, dict):
        raise MalformedAnswer("it is no object with a statusCode")
    status = status_of(returned.get("statusCode"))
    told = _several(returned.get("multiValueHeaders")) if multi_value else _single(returned.get("headers"))
    headers = list(HeaderRoom(MOST_HEADER_BYTES).take(told))
    names = {name.lower() for name, _ in headers}
    if "content-type" not in names and status not in BODILESS:
        headers.insert(0, ("Content-Type", BYTES))
    if "server" not in names:
        headers.insert(0, SERVER)
    return Answer(status, headers, b"" if status in BODILESS else body_in(returned))


def _single(given: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(given, dict | None):
        raise MalformedAnswer("headers is no object")
    for name, value in (given or {}).items():
        yield from _header(name, value)


def _several(given: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(given, dict | None):
        raise MalformedAnswer("multiValueHeaders is no object")
    for name, values in (given or {}).items():
        if not isinstance(values, list):
            raise MalformedAnswer("multiValueHeaders is no object of lists")
        for value in values:
            yield from _header(name, value)


def _header(name: str, value: Any) -> Iterator[tuple[str, str]]:
    check_name(name)
    if not isinstance(value, str):
        raise MalformedAnswer("a header's value is no text")
    text = header_text(value)
    if name.lower() not in UNTOLD:
        yield name, text
