"""What stands behind the routes of WebSocket APIs, by the type of a route's integration. On the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from lambda_emu.gateway.answers import Answer
from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.websocket_apis.api import SocketApi, SocketIntegration, SocketRoute, SocketStage
from lambda_emu.triggers.websocket_apis.functions import Functions, Tell


class Errand(NamedTuple):
    """What is asked of a back end. make_event: what a function is given, with the trace. text: of the message.

    trace: the header that came with it.
    """

    api: SocketApi
    stage: SocketStage
    route: SocketRoute
    make_event: Callable[[str], bytes]
    text: str
    trace: str | None = None


class BackEnds:
    """All kinds of them."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._kinds: Mapping[str, Callable[[SocketIntegration, Errand, Tell], None]] = {
            "AWS_PROXY": self._ask_function,
            "MOCK": self._answer,
        }

    def ask(self, errand: Errand, tell: Tell) -> None:
        """tell: called once, with the answer or what went wrong. ApiFailure: before anybody was asked."""
        integration = errand.route.integration
        if integration is None:
            raise ApiFailure(f"The route {errand.route.key} has no integration.")
        kind = self._kinds.get(integration.kind)
        if kind is None:
            raise ApiFailure(f"Integrations of the type {integration.kind} are not served here.")
        kind(integration, errand, tell)

    def _ask_function(self, integration: SocketIntegration, errand: Errand, tell: Tell) -> None:
        place = errand.api, errand.stage, errand.route.key
        self._functions.ask(place, integration, errand.make_event, tell, errand.trace)

    def _answer(self, integration: SocketIntegration, errand: Errand, tell: Tell) -> None:
        tell(Answer(200, []))
