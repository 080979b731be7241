"""A request's way through a REST API: to its method, past who guards that, to the integration, and back. On the loop.

All that a head decides is found once: the next request with the same head on its connection has it.
docs/contract/events.md#rest-apis.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from lambda_emu.arn import FunctionId, Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES
from lambda_emu.invoke.request import FutureReply, InvokeRequest, trace_header
from lambda_emu.model.function.function import Function
from lambda_emu.triggers import cors
from lambda_emu.triggers.execute_api.addresses import ApiAddress
from lambda_emu.triggers.execute_api.functions import function_named
from lambda_emu.triggers.execute_api.refusals import ApiRefusal
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_event import EventTimes
from lambda_emu.triggers.rest_apis.api import RestApi
from lambda_emu.triggers.rest_apis.authorizing.authorizers import NOBODY, Authorizers
from lambda_emu.triggers.rest_apis.binary import is_binary
from lambda_emu.triggers.rest_apis.context import Moment
from lambda_emu.triggers.rest_apis.entering import Entered, enter
from lambda_emu.triggers.rest_apis.event import EventTemplate, make_template
from lambda_emu.triggers.rest_apis.integrations.answering import Integrations
from lambda_emu.triggers.rest_apis.mapping.validation import NOTHING_DEMANDED
from lambda_emu.triggers.rest_apis.noting import Note, note_answered, note_sent
from lambda_emu.triggers.rest_apis.own_answers import OwnAnswers
from lambda_emu.triggers.rest_apis.refusals import Misconfigured
from lambda_emu.triggers.rest_apis.reply import LARGE, ProxyReply, proxy_outcome, read_outcome
from lambda_emu.triggers.rest_apis.usage import Usage

PROXY = "AWS_PROXY"
NO_FUNCTION = Target(FunctionId("", "", ""))
"""In traces of requests that have none run."""


class ProxyMeaning(NamedTuple):
    """A request for a function by AWS_PROXY, while API and function are these.

    wants_bytes: whether who asks takes them. for_page: what every answer says to the page that asks.
    """

    api: RestApi
    address: ApiAddress
    entered: Entered
    function: Function
    target: Target
    template: EventTemplate
    timeout_s: float
    wants_bytes: bool
    for_page: cors.Headers


class DataPlane:
    """Serves the REST APIs of all accounts."""

    def __init__(self, seams: Seams) -> None:
        self._store = seams.store
        self._invoke = seams.invoke
        self._loop = seams.loop
        self._clock = seams.clock
        self._permissions = seams.permissions
        self._authorizers = Authorizers(seams)
        self._integrations = Integrations(seams)
        self.usage = Usage(seams.clock)
        self._times = EventTimes()

    def serve(self, asked: Request, call: Call, api: RestApi, address: ApiAddress) -> None:
        """On the loop."""
        meaning: ProxyMeaning | None = asked.head.meaning
        if meaning is not None and meaning.api is api and self._holds(meaning):
            call.fail_as(OwnAnswers(meaning.entered, self._moment).answer)
            call.for_page = meaning.for_page
            self._run(meaning, asked, call)
            return
        call.fail_as(OwnAnswers(None, self._moment).answer)
        entered = enter(asked, api, address, self._clock.random() * 100)
        call.fail_as(OwnAnswers(entered, self._moment).answer)
        call.for_page = () if address.domain else (cors.SANDBOX,)
        if is_open(entered):
            meaning = self._find_meaning(entered, call.for_page)
            asked.head.meaning = meaning if entered.stage.canary is None else None
            self._run(meaning, asked, call)
        else:
            self._loop.spawn(self._serve(entered, call), "a request to a REST API")

    async def _serve(self, entered: Entered, call: Call) -> None:
        """One that is to be looked at, or that has another integration than AWS_PROXY."""
        with call.guard("a request to a REST API"):
            entered, _, usage_key = await self._authorizers.authorize(entered)
            call.fail_as(OwnAnswers(entered, self._moment).answer)
            entered = self.usage.take(entered, usage_key)
            moment = self._moment(entered.request)
            await self._integrations.check(entered, moment)
            if is_proxy(entered):
                self._run(self._find_meaning(entered, call.for_page), entered.request, call)
            else:
                call.answer(await self._integrations.answer(entered, moment))

    async def try_out(self, entered: Entered, note: Note) -> Answer:
        """What a method answers, past whoever guards it. note: is told what happens. RestRefusal and the like."""
        moment = self._moment(entered.request)
        await self._integrations.check(entered, moment)
        if not is_proxy(entered):
            return await self._integrations.answer(entered, moment, note)
        meaning = self._find_meaning(entered, ())
        trace, payload = await self._loop.work(LARGE, self._payload, meaning, entered.request)
        note_sent(note, invocation_uri(meaning.target), (), payload)
        begun_s, answered = self._clock.monotonic_s(), asyncio.get_running_loop().create_future()
        request = InvokeRequest(entered.request.request_id, meaning.target, payload, trace_id=trace)
        self._invoke(request, FutureReply(answered))
        outcome = await proxy_outcome(answered, meaning.timeout_s)
        note_answered(note, "200", self._clock.monotonic_s() - begun_s, (), outcome.payload)
        return await self._loop.work(LARGE, read_outcome, outcome, meaning.wants_bytes)

    def own_answer(self, error: LambdaError, entered: Entered) -> Answer:
        """Where what is tried goes wrong."""
        return OwnAnswers(entered, self._moment).answer(error, entered.request)

    def _run(self, meaning: ProxyMeaning, asked: Request, call: Call) -> None:
        if len(asked.body) > SMALL_BYTES:
            self._loop.spawn(self._run_large(meaning, asked, call), "a large request to a REST API")
        else:
            self._invoke_with(meaning, asked, call, *self._payload(meaning, asked))

    def _holds(self, meaning: ProxyMeaning) -> bool:
        return self._store.function(meaning.target.id) is meaning.function

    async def _run_large(self, meaning: ProxyMeaning, asked: Request, call: Call) -> None:
        with call.guard("a large request to a REST API"):
            self._invoke_with(meaning, asked, call, *await self._loop.work(LARGE, self._payload, meaning, asked))

    def _payload(self, meaning: ProxyMeaning, asked: Request) -> tuple[str, bytes]:
        """The trace, and the event; of a large body on a worker."""
        moment = self._moment(asked, meaning.target)
        return moment.trace, meaning.template.event(moment, asked.body)

    def _invoke_with(self, meaning: ProxyMeaning, asked: Request, call: Call, trace: str, payload: bytes) -> None:
        reply = ProxyReply(call, self._loop, self._clock, meaning.timeout_s, trace, is_binary=meaning.wants_bytes)
        self._invoke(InvokeRequest(asked.request_id, meaning.target, payload, trace_id=trace), reply)

    def _find_meaning(self, entered: Entered, for_page: cors.Headers) -> ProxyMeaning:
        integration, asked = entered.method.integration, entered.request
        if integration is None:
            raise Misconfigured("The method has no integration.")
        try:
            target = function_named(integration.uri, entered.variables)
            account, source = entered.api.account, entered.source
            function = self._permissions.permitted(target, account, source, integration.credentials)
        except ApiRefusal as error:
            raise Misconfigured(error.hint) from error
        types = entered.deployment.binary_types
        return ProxyMeaning(
            entered.api,
            entered.address,
            entered,
            function,
            target,
            make_template(entered, is_binary(asked.header(b"content-type"), types)),
            integration.timeout_s,
            is_binary(asked.header(b"accept"), types),
            for_page,
        )

    def _moment(self, asked: Request, target: Target | None = None) -> Moment:
        now_s = self._clock.now_s()
        trace = trace_header(asked.header(b"x-amzn-trace-id"), self._clock, target or NO_FUNCTION)
        return Moment(asked.request_id, self._times.text(now_s), int(now_s * 1000), trace)


def invocation_uri(target: Target) -> str:
    """As execution logs have it."""
    return f"https://lambda.{target.id.region}.amazonaws.com/2015-03-31/functions/{target.arn}/invocations"


def is_proxy(entered: Entered) -> bool:
    integration = entered.method.integration
    return integration is not None and integration.kind == PROXY and integration.is_function


def is_open(entered: Entered) -> bool:
    """Whether anybody may have it run, as often as he likes, and nothing of the request is checked."""
    method = entered.method
    is_free = (
        method.authorization == NOBODY
        and entered.deployment.policy is None
        and Usage.is_free(entered)
        and method.validator == NOTHING_DEMANDED
    )
    return is_free and is_proxy(entered)
