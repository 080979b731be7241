"""Small invocations, on the loop and without Flask: its context and routing cost more than all of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from lambda_emu.api.operations.invocations import Planned, plan_invoke, run
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request

FUNCTIONS, INVOCATIONS = b"/2015-03-31/functions/", b"/invocations"
"""What stands before and behind a function's name."""
SAID_IN = (
    b"x-amz-invocation-type",
    b"x-amz-log-type",
    b"x-amz-client-context",
    b"x-amz-tenant-id",
    b"x-amz-durable-execution-name",
)
"""Headers that Invoke is parsed from."""
KEPT = 256
KEPT_CHARACTERS = 1024

Said = tuple[bytes | None, ...]


class InlineInvoke:
    """What is asked over and over, but for its event, is parsed and checked once: nothing is demanded of an event."""

    def __init__(self, contexts: CallerContexts) -> None:
        self._contexts = contexts
        self._kept: dict[Said, Mapping[str, Any]] = {}

    def __call__(self, asked: Request, call: Call) -> None:
        try:
            planned: Planned | None = asked.head.meaning
            if planned is None:
                planned = plan_invoke(self._parse(asked), self._contexts.of(asked), call)
                asked.head.meaning = planned
            run(planned, asked.body, call)
        except LambdaError as error:
            call.fail(error)

    def _parse(self, asked: Request) -> Mapping[str, Any]:
        """The members that the head has."""
        head = asked.head
        said: Said = (head.target, *map(head.first.get, SAID_IN))
        found = self._kept.get(said)
        if found is None:
            name = unquote(asked.path[len(FUNCTIONS) : -len(INVOCATIONS)].decode("latin-1"))
            without_body = Request(head, asked.path, asked.query, asked.request_id)
            found = lambda_model().operation("Invoke").parse(without_body, {"FunctionName": name})
            if len(head.first) == len(head.headers):
                self._keep(said, found)
        return found

    def _keep(self, said: Said, request: Mapping[str, Any]) -> None:
        """Strangers choose what they say, so what is kept is bounded."""
        if sum(len(text) for text in said if text is not None) > KEPT_CHARACTERS:
            return
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[said] = request
