"""AWS integrations that lead to a function: what the template makes is its event, what it returns the body."""

from __future__ import annotations

import asyncio
import json

from lambda_emu.arn import Target
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure
from lambda_emu.invoke.request import EMPTY_EVENT, FutureReply, InvocationType, InvokeRequest, trace_header
from lambda_emu.text.json_text import PARSED_BYTES, refusal
from lambda_emu.triggers.execute_api.functions import function_named
from lambda_emu.triggers.execute_api.refusals import ApiRefusal
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.rest_apis.integrations.answered import Answered, IntegrationCall
from lambda_emu.triggers.rest_apis.mapping.answers import error_message
from lambda_emu.triggers.rest_apis.refusals import IntegrationTimedOut, Misconfigured
from lambda_emu.triggers.rest_apis.reply import LARGE

INVOCATION_TYPE = "x-amz-invocation-type"
JSON = [("Content-Type", "application/json")]


class Functions:
    """Asks them."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams

    async def ask(self, call: IntegrationCall) -> Answered:
        """Misconfigured, IntegrationTimedOut."""
        target = self._permitted(call)
        payload = call.mapped.body or EMPTY_EVENT
        kinds = [values[-1] for name, values in call.mapped.headers.items() if name.lower() == INVOCATION_TYPE]
        is_event = kinds[-1:] == ["Event"]
        kind = InvocationType.EVENT if is_event else InvocationType.REQUEST_RESPONSE
        is_large = len(payload) > PARSED_BYTES
        bad = await self._seams.loop.work(LARGE, refusal, payload) if is_large else refusal(payload)
        if bad is not None:  # as Lambda refuses it
            said = json.dumps({"Type": "User", "message": bad.text}).encode()
            return Answered("400", JSON, said, "400")
        asked = call.entered.request
        trace = trace_header(asked.header(b"x-amzn-trace-id"), self._seams.clock, target)
        request = InvokeRequest(asked.request_id, target, payload, kind, trace_id=trace)
        outcome = await self._run(request, call.timeout_s)
        if is_event:
            return Answered("202", [], b"", "202")
        return Answered("200", JSON, outcome.payload, error_message(outcome.payload) or "200")

    async def _run(self, request: InvokeRequest, timeout_s: float) -> Outcome:
        reply = FutureReply(self._seams.loop.asyncio.create_future())
        self._seams.invoke(request, reply)
        try:
            outcome = await asyncio.wait_for(reply.future, timeout_s)
        except TimeoutError as error:
            raise IntegrationTimedOut("The function did not answer within the integration's timeout.") from error
        if isinstance(outcome, LambdaError):
            raise outcome if isinstance(outcome, NotBuiltYet | ServiceFailure) else Misconfigured(outcome.text)
        return outcome

    def _permitted(self, call: IntegrationCall) -> Target:
        entered = call.entered
        integration = entered.method.integration
        try:
            target = function_named(call.uri, entered.variables)
            credentials = None if integration is None else integration.credentials
            self._seams.permissions.permitted(target, entered.api.account, entered.source, credentials)
        except ApiRefusal as error:
            raise Misconfigured(error.hint) from error
        return target
