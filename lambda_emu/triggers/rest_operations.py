"""Which requests to the control plane of REST APIs are ours to answer: what is tried, and what was used.

docs/events.md#rest-apis.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, Service
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.callers import caller_of
from lambda_emu.triggers.execute_api.refusals import TooLargeForApi
from lambda_emu.triggers.execute_api.service import REQUEST_BYTES, ExecuteApi, FactSource

if TYPE_CHECKING:
    from lambda_emu.triggers.rest_apis.trying.trials import Trials
    from lambda_emu.triggers.rest_apis.trying.usages import Usages

CONTROL_PLANE = "apigateway"
WORKERS = Workers("tests and usages of REST APIs", 2, 32)
OPERATIONS = (
    ("TestInvokeMethod", "POST", re.compile(r"/restapis/([^/]+)/resources/([^/]+)/methods/([^/]+)")),
    ("TestInvokeAuthorizer", "POST", re.compile(r"/restapis/([^/]+)/authorizers/([^/]+)")),
    ("GetUsage", "GET", re.compile(r"/usageplans/([^/]+)/usage")),
    ("UpdateUsage", "PATCH", re.compile(r"/usageplans/([^/]+)/keys/([^/]+)/usage")),
)
_BEGINNINGS = (b"/restapis/", b"/usageplans/")


class OwnOperations:
    """The service of REST APIs' control plane, as the gateway knows it, but for these operations."""

    def __init__(self, theirs: Service, apis: ExecuteApi, facts: FactSource, loop: Loop, scope: Scope) -> None:
        """facts: who knows the APIs. scope: of callers who name none."""
        self.claims = theirs.claims
        self.answers_pages = theirs.answers_pages
        self._theirs = theirs
        self._apis = apis
        self._facts = facts
        self._loop = loop
        self._scope = scope
        self._made: tuple[Trials, Usages] | None = None  # with the first request
        self._ours = Handling(self._serve, REQUEST_BYTES, TooLargeForApi(), lambda _: WORKERS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        if path.startswith(_BEGINNINGS) and _operation(head.method.decode("latin-1"), path) is not None:
            return self._ours
        return self._theirs.handling(head, path, length)

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return self._theirs.error_answer(error, request)

    def _serve(self, asked: Request, call: Call) -> None:
        from lambda_emu.triggers.rest_apis.trying.asked import read_told  # here: few try anything

        call.detach(self._begin, asked, call, read_told(asked.body))

    def _begin(self, asked: Request, call: Call, told: Mapping[str, Any]) -> None:
        self._loop.spawn(self._answer(asked, call, told), "an operation of REST APIs")

    async def _answer(self, asked: Request, call: Call, told: Mapping[str, Any]) -> None:
        with call.guard("an operation of REST APIs"):
            said = await self._said(asked, told)
            body = await self._loop.work(WORKERS, json.dumps, said)
            headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", asked.request_id)]
            call.answer(Answer(200, headers, body.encode()))

    async def _said(self, asked: Request, told: Mapping[str, Any]) -> Mapping[str, Any]:
        found = _operation(asked.method, asked.path)
        assert found is not None, "it is one of them"
        operation, (id, *below) = found
        trials, usages = self._made = self._made or self._make()
        owner = caller_of(asked, self._scope)
        if operation == "TestInvokeMethod":
            return await trials.method(asked, owner, told, id, (below[0], below[1]))
        if operation == "TestInvokeAuthorizer":
            return await trials.authorizer(owner, told, id, below[0])
        if operation == "GetUsage":
            return await usages.get(owner, id, parse_qs(asked.query.decode("latin-1")))
        return await usages.update(owner, id, below[0], told)

    def _make(self) -> tuple[Trials, Usages]:
        from lambda_emu.triggers.rest_apis.trying.trials import Trials
        from lambda_emu.triggers.rest_apis.trying.usages import Usages

        plane: Any = self._apis.plane("REST")
        read_now, read_plan = partial(self._facts.ask, "rest-api-now"), partial(self._facts.ask, "usage-plan")
        return Trials(self._apis.seams(), plane, read_now), Usages(plane.usage, read_plan)


def _operation(method: str, path: bytes) -> tuple[str, list[str]] | None:
    """Its name, and the ids in its path."""
    for name, by, pattern in OPERATIONS:
        if by == method and (found := pattern.fullmatch(path.decode("latin-1"))) is not None:
            return name, [unquote(part) for part in found.groups()]
    return None
