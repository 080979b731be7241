"""Function URLs: what the gateway is told of them, and a request's way to its function and back.

docs/contract/events.md#function-urls, docs/events.md#function-urls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import LATEST, FunctionId, Target
from lambda_emu.clock import Clock
from lambda_emu.errors.base import BriefError, LambdaError
from lambda_emu.errors.request import RequestTooLarge, TooLarge
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure, ServiceUnavailable, ShuttingDown, TooManyRequests
from lambda_emu.gateway.answers import Answer, error_answer, hint_headers
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES, Handling, ServiceClaims, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.invoke.request import Invoke, InvokeRequest, trace_header
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.function_url import FunctionUrl
from lambda_emu.model.quotas import REQUEST_BYTES
from lambda_emu.signatures.refusals import BadSignature
from lambda_emu.store import Store
from lambda_emu.triggers import cors
from lambda_emu.triggers.access import (
    ANONYMOUS,
    ASKED_OF_SIGNERS,
    SIGNED_FOR,
    UnknownUrl,
    UrlForbidden,
    check_access,
)
from lambda_emu.triggers.addresses import LABEL, PATH, host_of
from lambda_emu.triggers.http_answer import INTEGRATION, streamed_answer, whole_answer
from lambda_emu.triggers.http_event import Door, EventTemplate, EventTimes, make_template
from lambda_emu.triggers.rates import Rates
from lambda_emu.triggers.reply import HttpReply

if TYPE_CHECKING:
    from lambda_emu.signatures.signers import Signers


SMALL_TARGET_BYTES = 4096
"""A longer query takes a moment to be parsed."""
LARGE = Workers("large requests to function URLs", 4, 64)
MOST_KNOWN = 1024
RATE = "CallerRateLimitExceeded"
STREAM = "RESPONSE_STREAM"

MOST_HEADER_BYTES = 64 * 1024
"""Of all headers of an answer. Of URLs AWS tells no figure (?): more than any client takes."""
_PATH = PATH.encode()
_WITHIN = f".{LABEL}."


class UrlAddress(Struct, frozen=True):
    """Which URL a request names. path: what the function sees. region: None where the form does not say it."""

    url_id: str
    path: str
    domain: str | None
    region: str | None


class UrlMeaning(Struct, frozen=True):
    """All that the head of a request decides about it, as long as the function is this one.

    for_page: what every answer says to the page that asks. preflight: the answer to a browser that asks before.
    template: None where nobody has it run, or who signed is to be found out first, for each request.
    """

    function: Function
    url: FunctionUrl
    target: Target
    address: UrlAddress
    for_page: tuple[tuple[str, str], ...]
    template: EventTemplate | None = None
    refusal: LambdaError | None = None
    preflight: tuple[tuple[str, str], ...] | None = None


class FunctionUrls:
    """Serves the URLs of all functions. signers: who finds out who signed, once it is needed."""

    claims = ServiceClaims(within=(LABEL,), paths=(_PATH,))
    answers_pages = True

    def __init__(self, store: Store, invoke: Invoke, loop: Loop, clock: Clock, signers: Callable[[], Signers]) -> None:
        self._store = store
        self._invoke = invoke
        self._loop = loop
        self._clock = clock
        self._signers = signers
        self._times = EventTimes()
        self._rates = Rates(clock)
        self._refusals: dict[str, tuple[Function, UrlForbidden | None]] = {}  # by URL id; true of this very function
        too_large = RequestTooLarge(REQUEST_BYTES, "InvokeFunction")
        self._small = Handling(self._serve, REQUEST_BYTES, too_large)
        self._large = Handling(self._serve, REQUEST_BYTES, too_large, lambda _: LARGE)
        self._index: dict[str, tuple[FunctionId, str]] = {}  # by URL id; written on the store's thread alone
        for _, function in store.functions.everywhere():
            self._changed(None, function)
        store.subscribe(store.functions, self._changed)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        on_loop = is_small(head, length) and len(head.target) <= SMALL_TARGET_BYTES
        return self._small if on_loop else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        if not isinstance(error, UrlForbidden | UnknownUrl | BadSignature | BadGateway):
            return error_answer(error, request.request_id)
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request.request_id)]
        headers += hint_headers(error)
        if isinstance(error, BadGateway):
            return Answer(error.status, headers, (error.text or "").encode())
        headers.append(("x-amzn-ErrorType", error.code))
        return Answer(error.status, headers, json.dumps({error.text_key: error.text}, separators=(",", ":")).encode())

    def _changed(self, before: Function | None, after: Function | None) -> None:
        """A function was found at start, created, changed or removed."""
        kept = _urls_of(after)
        for url_id in _urls_of(before).keys() - kept.keys():
            self._index.pop(url_id, None)
        self._index.update(kept)

    def _serve(self, asked: Request, call: Call) -> None:
        """On the loop, or on a worker where the body is large."""
        try:
            meaning: UrlMeaning | None = asked.head.meaning
            if meaning is None or self._store.function(meaning.target.id) is not meaning.function:
                meaning = asked.head.meaning = self._find_meaning(asked)
        except LambdaError as error:
            call.detach(call.fail, error)
            return
        call.for_page = meaning.for_page
        if meaning.preflight is not None:
            call.detach(call.answer, Answer(200, [*meaning.preflight, ("x-amzn-RequestId", asked.request_id)]))
        elif meaning.refusal is not None:
            call.detach(call.fail, meaning.refusal)
        elif meaning.template is None:
            call.detach(self._find_signer, meaning, asked, call)
        else:
            self._run(meaning, asked, call)

    def _find_signer(self, meaning: UrlMeaning, asked: Request, call: Call) -> None:
        self._loop.spawn(self._run_signed(meaning, asked, call), "a signed request to a function URL")

    async def _run_signed(self, meaning: UrlMeaning, asked: Request, call: Call) -> None:
        with call.guard("a signed request to a function URL"):
            whole, is_known = await self._signed(meaning, asked)
            if not is_known:  # the next one that says the same has the same signer
                asked.head.meaning = whole
            if len(asked.body) <= SMALL_BYTES:
                self._run(whole, asked, call)
            else:
                await self._loop.work(LARGE, self._run, whole, asked, call)

    async def _signed(self, meaning: UrlMeaning, asked: Request) -> tuple[UrlMeaning, bool]:
        """With its event, and whether the signer's key is known. UrlForbidden, BadSignature."""
        region = meaning.target.id.region
        signers = self._signers()
        signer = await signers.of(asked, SIGNED_FOR, region)
        check_access(meaning.function, meaning.url, meaning.target, None if signer is None else signer.account)
        assert signer is not None, "or it would be forbidden"
        for action, context in ASKED_OF_SIGNERS.items():
            try:
                await signers.check(signer.caller, asked, action, meaning.target.arn, context=context)
            except AccessDenied as error:
                raise UrlForbidden(error.text) from error
        template = _template(meaning, asked, signer.account, signer.authorizer(region))
        return replace(meaning, template=template), signer.is_known

    def _run(self, meaning: UrlMeaning, asked: Request, call: Call) -> None:
        assert meaning.template is not None, "it may be called"
        if meaning.function.reserved_concurrency and not self._rates.has_room(meaning.function):
            call.detach(call.fail, TooManyRequests(RATE))
            return
        trace = trace_header(asked.header(b"x-amzn-trace-id"), self._clock, meaning.target)
        now_s = self._clock.now_s()
        payload = meaning.template.event(
            trace, asked.request_id, self._times.text(now_s), int(now_s * 1000), asked.body
        )
        request = InvokeRequest(asked.request_id, meaning.target, payload, trace_id=trace)
        reply = UrlReply(call, request, meaning.url.invoke_mode == STREAM, self._loop)
        call.detach(self._invoke, request, reply)

    def _find_meaning(self, asked: Request) -> UrlMeaning:
        """UnknownUrl."""
        address = _address_in(asked)
        id, key = self._index.get(address.url_id, (None, ""))
        function = None if id is None else self._store.function(id)
        url = None if function is None else function.urls.get(key)
        if id is None or function is None or url is None or url.url_id != address.url_id:
            raise UnknownUrl
        if address.region not in (None, id.region):
            raise UnknownUrl
        target = Target(id, None if key == LATEST else key)
        head = asked.head
        page = cors.for_page(url.cors, head) + (() if address.domain else (cors.SANDBOX,))
        meaning = UrlMeaning(function, url, target, address, page)
        if url.cors is not None and head.method == b"OPTIONS":
            return replace(meaning, preflight=cors.preflight(url.cors, head))
        if url.auth_type != "NONE":
            return meaning
        refusal = self._refusal(meaning)
        if refusal is not None:
            return replace(meaning, refusal=refusal)
        return replace(meaning, template=_template(meaning, asked, ANONYMOUS, None))

    def _refusal(self, meaning: UrlMeaning) -> UrlForbidden | None:
        """Of everybody, by the policy; asked once of each function, since a policy takes longer than all the rest."""
        function, url_id = meaning.function, meaning.url.url_id
        known = self._refusals.get(url_id)
        if known is None or known[0] is not function:
            known = function, _forbids(meaning)
            if len(self._refusals) >= MOST_KNOWN:
                self._refusals.clear()
            self._refusals[url_id] = known
        return known[1]


def _forbids(meaning: UrlMeaning) -> UrlForbidden | None:
    try:
        check_access(meaning.function, meaning.url, meaning.target, None)
    except UrlForbidden as error:
        return error
    return None


def _template(meaning: UrlMeaning, asked: Request, account: str, authorizer: Mapping[str, Any] | None) -> EventTemplate:
    url_id, address = meaning.url.url_id, meaning.address
    domain = address.domain or host_of(url_id, meaning.target.id.region)
    return make_template(asked.head, asked.query, Door(url_id, domain, account, address.path, authorizer))


def _urls_of(function: Function | None) -> dict[str, tuple[FunctionId, str]]:
    """By id, each with its function and its key there: $LATEST, or an alias."""
    return {} if function is None else {url.url_id: (function.id, key) for key, url in function.urls.items()}


def _address_in(asked: Request) -> UrlAddress:
    """By the host, else by the path. UnknownUrl."""
    host = (asked.header(b"host") or "").lower().partition(":")[0].removesuffix(".")
    path = asked.path.decode("latin-1")
    if _WITHIN in host:
        url_id, _, rest = host.partition(_WITHIN)
        return UrlAddress(url_id, path or "/", host, rest.partition(".")[0])
    if not path.startswith(PATH):
        raise UnknownUrl
    url_id, _, rest = path[len(PATH) :].partition("/")
    return UrlAddress(url_id, f"/{rest}", None, None)


class BadGateway(BriefError):
    """The function failed, or what it returned is no answer."""

    code, status, words = "BadGatewayException", 502, "Internal Server Error"


AS_THEY_ARE = (TooManyRequests, TooLarge, NotBuiltYet, ServiceFailure, ServiceUnavailable, ShuttingDown)
"""What may be the matter with the emulator, or with the request; everything else is with the function."""


class UrlReply(HttpReply):
    """The answer of a function URL. streams: whether its function's answers are streams."""

    workers = LARGE
    failure = BadGateway

    def __init__(self, call: Call, request: InvokeRequest, streams: bool, loop: Loop) -> None:
        super().__init__(call, loop)
        self._request = request
        self._streams = streams
        self._content_type = ""

    def begin(self, executed_version: str, content_type: str) -> None:
        self._content_type = content_type
        super().begin(executed_version, content_type)

    def refused(self, error: LambdaError) -> None:
        if isinstance(error, FunctionNotFound):
            error = UrlForbidden(error.text)
        elif not isinstance(error, AS_THEY_ARE):
            error = BadGateway(error.text)
        self._fail(error)

    def read(self, payload: bytes) -> Answer:
        if self._streams or self._content_type.startswith(INTEGRATION):
            answer = streamed_answer(payload, self._content_type, MOST_HEADER_BYTES)
        else:
            answer = whole_answer(payload, MOST_HEADER_BYTES)
        answer.headers.append(("x-amzn-RequestId", self._request.request_id))
        answer.headers.append(("X-Amzn-Trace-Id", self._request.trace_id or ""))
        return answer
