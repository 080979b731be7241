"""Small invocations, on the loop and without Flask: its context and routing cost more than all of ours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from lambda_emu.api.operations.invocations import invoke
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.sharing import for_owner
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import OtherAccount
from lambda_emu.gateway.bridge import Call
from lambda_emu.http.message import Head

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

    def __call__(self, head: Head, name: bytes, body: bytes, call: Call) -> None:
        """name: of the function, as the path has it."""
        context = self._contexts.by_header(call.header(b"authorization"))
        try:
            request = self._parse(head, name)
            req: Any = {**request, "Payload": body} if body else request
            try:
                invoke(req, context, call)
            except OtherAccount as other:
                invoke(req, for_owner(context, "Invoke", other.target), call)
        except LambdaError as error:
            call.fail(error)

    def _parse(self, head: Head, name: bytes) -> Mapping[str, Any]:
        """The members that the head has."""
        said: Said = (head.target, *map(head.first.get, SAID_IN))
        found = self._kept.get(said)
        if found is None:
            path = {"FunctionName": unquote(name.decode("latin-1"))}
            found = lambda_model().operation("Invoke").parse(_environ(head), path)
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


def _environ(head: Head) -> dict[str, Any]:
    """As much of an environ as parsing looks at."""
    environ: dict[str, Any] = {
        "QUERY_STRING": head.target.partition(b"?")[2].decode("latin-1"),
        "CONTENT_LENGTH": "0",
        "wsgi.input": io.BytesIO(),
    }
    for name, value in head.headers:
        if name in SAID_IN:
            environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    return environ
