"""Functions behind the routes of WebSocket APIs, as they are given events or what templates make. On the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec.json import decode

from lambda_emu.arn import Target
from lambda_emu.clock import Clock, Timer
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.invoke.request import GatheredReply, Invoke, InvokeRequest, trace_header
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store
from lambda_emu.triggers.execute_api.functions import Permissions, function_named
from lambda_emu.triggers.http_answer import MalformedAnswer, proxy_answer
from lambda_emu.triggers.websocket_apis.api import SocketApi, SocketIntegration, SocketStage
from lambda_emu.triggers.websocket_apis.mapping import BackEndAnswer
from lambda_emu.triggers.websocket_apis.refusals import BackEndFailed, BackEndLate, ConnectFailed

MOST_ANSWER_BYTES = 1 << 20
"""Of what a function returns, as JSON: no message needs more."""

MOST_KNOWN = 1024

T = TypeVar("T")
Tell = Callable[[Answer | LambdaError], None]


class Functions:
    """Invokes them, where they let the API."""

    def __init__(self, store: Store, invoke: Invoke, clock: Clock, permissions: Permissions) -> None:
        self._store = store
        self._invoke = invoke
        self._clock = clock
        self._permissions = permissions
        self._known: dict[tuple[str, str, str], _Known] = {}

    def ask(
        self,
        place: tuple[SocketApi, SocketStage, str],
        integration: SocketIntegration,
        make_event: Callable[[str], bytes],
        tell: Tell,
        trace: str | None = None,
    ) -> None:
        """place: of the route, by its key. make_event: with the trace. tell: once. trace: that came. ApiFailure."""
        self._run(
            place, integration, make_event, FunctionReply(self._clock, integration.timeout_s, tell, _read_proxy), trace
        )

    def ask_plainly(
        self,
        place: tuple[SocketApi, SocketStage, str],
        integration: SocketIntegration,
        payload: bytes,
        tell: Callable[[BackEndAnswer | LambdaError], None],
    ) -> None:
        """By AWS, where nobody reads anything into what it returns. ApiFailure."""
        reply = FunctionReply(self._clock, integration.timeout_s, tell, _read_plainly)
        self._run(place, integration, lambda _: payload, reply, None)

    def _target(self, place: tuple[SocketApi, SocketStage, str], integration: SocketIntegration) -> Target:
        """ApiFailure."""
        api, stage, key = place
        known = self._known.get((api.id, stage.name, key))
        if known is not None and known.api is api and self._store.function(known.target.id) is known.function:
            return known.target
        target = function_named(integration.uri, stage.variables)
        source = api.arn(f"{stage.name}/{key}")
        function = self._permissions.permitted(target, api.account, source, integration.credentials)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[api.id, stage.name, key] = _Known(api, function, target)
        return target

    def _run(
        self,
        place: tuple[SocketApi, SocketStage, str],
        integration: SocketIntegration,
        make_event: Callable[[str], bytes],
        reply: FunctionReply[Any],
        trace: str | None,
    ) -> None:
        target = self._target(place, integration)
        trace = trace_header(trace, self._clock, target)
        reply.begin_limit()
        self._invoke(InvokeRequest(self._clock.new_id(), target, make_event(trace), trace_id=trace), reply)


class _Known(NamedTuple):
    """Whom a route leads to, while API and function are these."""

    api: SocketApi
    function: Function
    target: Target


class FunctionReply(GatheredReply, Generic[T]):
    """What came of one event, told once: what the function returned, or that it is too late for that."""

    _limit: Timer

    def __init__(
        self,
        clock: Clock,
        limit_s: float,
        tell: Callable[[T | LambdaError], None],
        read: Callable[[Outcome], T | LambdaError],
    ) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._tell: Callable[[T | LambdaError], None] | None = tell
        self._read = read

    def begin_limit(self) -> None:
        self._limit = self._clock.call_later(self._limit_s, self._late)

    def done(self, outcome: Outcome) -> None:
        self._say(self._read(outcome))

    def refused(self, error: LambdaError) -> None:
        self._say(ConnectFailed(error.text))

    def _late(self) -> None:
        """The function goes on; nobody waits for it any more."""
        self._say(BackEndLate("The function did not answer within the integration's timeout."))

    def _say(self, answer: T | LambdaError) -> None:
        self._limit.cancel()
        tell, self._tell = self._tell, None
        if tell is not None:
            tell(answer)


def _read_proxy(outcome: Outcome) -> Answer | LambdaError:
    if outcome.failed:
        return BackEndFailed("The function failed; its log has the error.")
    if len(outcome.payload) > MOST_ANSWER_BYTES:
        return BackEndFailed(f"The function returned more than {MOST_ANSWER_BYTES} bytes.")
    try:
        return proxy_answer(outcome.payload)
    except MalformedAnswer as error:
        return BackEndFailed(f"What the function returned is no answer: {error}.")


def _read_plainly(outcome: Outcome) -> BackEndAnswer | LambdaError:
    """As the service Lambda answers it: whatever the function returned, or its error."""
    if len(outcome.payload) > MOST_ANSWER_BYTES:
        return BackEndFailed(f"The function returned more than {MOST_ANSWER_BYTES} bytes.")
    return BackEndAnswer(200, outcome.payload, {}, _error_in(outcome.payload) if outcome.failed else None)


def _error_in(payload: bytes) -> str:
    try:
        return str(decode(payload).get("errorMessage"))
    except (ValueError, AttributeError, RecursionError):
        return ""
