"""Which requests to API Gateway's control plane try a REST API's method or authorizer: these are ours to answer.

docs/events.md#rest-apis.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

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
    from lambda_emu.triggers.rest_apis.trying.asked import Trial
    from lambda_emu.triggers.rest_apis.trying.trials import Trials

CONTROL_PLANE = "apigateway"
WORKERS = Workers("tests of REST APIs", 2, 32)
_METHOD = re.compile(r"/restapis/([^/]+)/resources/([^/]+)/methods/([^/]+)")
_AUTHORIZER = re.compile(r"/restapis/([^/]+)/authorizers/([^/]+)")


class TrialService:
    """The service of REST APIs' control plane, as the gateway knows it, but for what is tried."""

    def __init__(self, theirs: Service, apis: ExecuteApi, facts: FactSource, loop: Loop, scope: Scope) -> None:
        """facts: who knows the APIs. scope: of callers who name none."""
        self.claims = theirs.claims
        self.answers_pages = theirs.answers_pages
        self._theirs = theirs
        self._apis = apis
        self._facts = facts
        self._loop = loop
        self._scope = scope
        self._trials: Trials | None = None  # made with the first one
        self._tried = Handling(self._serve, REQUEST_BYTES, TooLargeForApi(), lambda _: WORKERS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        if head.method == b"POST" and path.startswith(b"/restapis/") and _is_tried(path.decode("latin-1")):
            return self._tried
        return self._theirs.handling(head, path, length)

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return self._theirs.error_answer(error, request)

    def _serve(self, asked: Request, call: Call) -> None:
        from lambda_emu.triggers.rest_apis.trying.asked import TrialInvalid, read_trial  # here: few try anything

        try:
            told = json.loads(asked.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise TrialInvalid("Invalid request input") from error
        call.detach(self._begin, asked, call, read_trial(told))

    def _begin(self, asked: Request, call: Call, trial: Trial) -> None:
        self._loop.spawn(self._try(asked, call, trial), "a test of a REST API")

    async def _try(self, asked: Request, call: Call, trial: Trial) -> None:
        with call.guard("a test of a REST API"):
            trials = self._trials = self._trials or self._make()
            owner, path = caller_of(asked, self._scope), asked.path.decode("latin-1")
            if (found := _METHOD.fullmatch(path)) is not None:
                api_id, *below = (unquote(part) for part in found.groups())
                said = await trials.method(asked, owner, trial, api_id, (below[0], below[1]))
            else:
                found = _AUTHORIZER.fullmatch(path)
                assert found is not None, "it is one of the two"
                said = await trials.authorizer(owner, trial, unquote(found[1]), unquote(found[2]))
            body = await self._loop.work(WORKERS, json.dumps, said)
            headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", asked.request_id)]
            call.answer(Answer(200, headers, body.encode()))

    def _make(self) -> Trials:
        from lambda_emu.triggers.rest_apis.trying.trials import Trials

        plane: Any = self._apis.plane("REST")
        return Trials(self._apis.seams(), plane, self._read)

    async def _read(self, api_id: str) -> Any:
        return await self._facts.ask("rest-api-now", api_id)


def _is_tried(path: str) -> bool:
    return _METHOD.fullmatch(path) is not None or _AUTHORIZER.fullmatch(path) is not None
