"""The front of all APIs of API Gateway: which requests are theirs, and which kind of API each of these is for.

What serves a kind is imported with the first request to an API of that kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims, is_small
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.invoke.request import Invoke
from lambda_emu.model.caller import Caller
from lambda_emu.model.credentials import Issuer
from lambda_emu.services.signers import LateSigners
from lambda_emu.store import Store
from lambda_emu.triggers.addresses import address_below
from lambda_emu.triggers.execute_api.refusals import (
    INVOKE_API,
    LABEL,
    PATH,
    ApiNotFound,
    ApiRefusal,
    TooLargeForApi,
    refusal_answer,
)

if TYPE_CHECKING:
    from lambda_emu.signatures.signers import Signers
    from lambda_emu.triggers.execute_api.addresses import ApiAddress
    from lambda_emu.triggers.execute_api.apis import Apis, Read, ReadApi
    from lambda_emu.triggers.execute_api.functions import Permissions

EXECUTE = b"/_aws/execute-api/"
USER_REQUEST = re.compile(rb"/restapis/[^/]+/[^/]+/_user_request_(?:/.*)?")
"""The path forms of LocalStack, an older one last."""
CONNECTIONS = b"/@connections/"
"""How requests begin for a connection to a WebSocket API that do not name the API: any of them."""
WEBSOCKET = "WEBSOCKET"
MAKE_KEYS = ("iam", "sts")
"""Services that make access keys, as signatures name them."""
APIS = b"/v2/apis"
"""Of the control plane."""
REQUEST_BYTES = 10 * 1024 * 1024
SMALL_TARGET_BYTES = 4096
"""A longer query takes a moment to be parsed."""
LARGE = Workers("large requests to APIs", 4, 64)
ELSEWHERE_KEPT_S = 2.0
"""How long is good what was read of APIs that others keep: they may be changed without our being asked."""
RESOLVER = Workers("names of APIs", 1, 256)


class FactSource(Protocol):
    """Who knows APIs and user pools. pid: of its process; None: it is not there, and would be started."""

    @property
    def pid(self) -> int | None: ...

    async def ask(self, fact: str, about: str) -> Any:
        """`api`, `token-keys`; None: there is nothing of this name."""


class DataPlane(Protocol):
    """Serves all APIs of one kind."""

    def serve(self, asked: Request, call: Call, api: Any, address: Any) -> None:
        """On the loop. asked.head.meaning: what it kept there of the last request with this head, or None."""


class Meaning(Protocol):
    """What a data plane may keep of a head: the API, and how it was named."""

    api: Any
    address: ApiAddress


class MayInvoke(Protocol):
    """By the ARN of what is asked for, the owner of the API, and its policy."""

    def __call__(
        self, caller: Caller, arn: str, owner: str, policy: str | None, asked: Request, action: str = INVOKE_API, /
    ) -> Awaitable[str | None]:
        """The end of AWS's text, why not; None: he may."""


class ApiHosting(NamedTuple):
    """Where APIs are served. signers: find out who asks there. issuer: of credentials to ask others with.

    may_invoke: asked about who signed for a method or route that IAM guards.
    """

    signers: LateSigners
    base_url: str
    issuer: Issuer
    may_invoke: MayInvoke


class Seams(Struct, frozen=True):
    """What data planes may ask. signers: who signed. token_keys: of a user pool of ours. apis: all that are known.

    at_reset: what is to be called when all APIs are gone.
    """

    store: Store
    invoke: Invoke
    loop: Loop
    clock: Clock
    hosting: ApiHosting
    permissions: Permissions
    signers: Callable[[], Signers]
    token_keys: Callable[[str], Any]
    apis: Callable[[], Apis]
    at_reset: list[Callable[[], None]]


class ApiKind(Struct, frozen=True):
    """How APIs of a kind are read, and what serves them, made with the first request. Both import what they need.

    too_large: what is said to a request that is; None: as HTTP APIs say it.
    """

    read: ReadApi
    make: Callable[[Seams], DataPlane]
    too_large: Callable[[Request], Answer] | None = None


class ExecuteApi:
    """Serves the APIs of all accounts, and is told of the requests to their control planes."""

    claims = ServiceClaims(
        within=(LABEL,),
        paths=(PATH.encode(), EXECUTE, CONNECTIONS),
        signed_for=(LABEL,),
        shapes=(USER_REQUEST,),
    )
    answers_pages = True

    def __init__(
        self,
        kinds: Mapping[str, ApiKind],
        store: Store,
        invoke: Invoke,
        loop: Loop,
        clock: Clock,
        facts: FactSource,
        hosting: ApiHosting,
    ) -> None:
        """kinds: by their names, as `AnyApi` has them."""
        self._kinds = kinds
        self._loop = loop
        self._clock = clock
        self._facts = facts
        self._base_url = hosting.base_url
        self._own_host = hosting.base_url.partition("://")[2]
        self._planes: dict[str, DataPlane] = {}
        self._apis: Apis | None = None
        self._signers = hosting.signers
        self._make_seams = partial(self._seams_of, store, invoke, hosting)
        self._seams: Seams | None = None
        self.elsewhere: Callable[[], Read] | None = None
        """Makes what reads APIs that somebody else keeps, set before the first request; None: they are the child's."""
        self._small = Handling(self._serve, REQUEST_BYTES, TooLargeForApi())
        self._large = Handling(self._serve, REQUEST_BYTES, TooLargeForApi(), lambda _: LARGE)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        on_loop = is_small(head, length) and len(head.target) <= SMALL_TARGET_BYTES
        return self._small if on_loop else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        if isinstance(error, TooLargeForApi) and (too_large := self._kind_of(request).too_large) is not None:
            return too_large(request)
        if isinstance(error, ApiRefusal):
            return refusal_answer(error, request.request_id)
        return error_answer(error, request.request_id)

    def _kind_of(self, request: Request) -> ApiKind:
        """Of an API that is known; of no other HTTP's."""
        from lambda_emu.triggers.execute_api.addresses import address_in  # as below

        try:
            api = None if self._apis is None else self._apis.known(address_in(request).api_id)
        except ApiNotFound:
            api = None
        return self._kinds["HTTP" if api is None else api.kind]

    def apis(self) -> Apis:
        """On the loop."""
        self._apis = self._apis or self._make_apis()
        return self._apis

    def forget(self) -> None:
        """The control plane has lost all that it knew. On the loop."""
        if self._apis is not None:
            self._apis.forget()
        self._signers.forget()
        for call in [] if self._seams is None else self._seams.at_reset:
            call()

    def _serve(self, asked: Request, call: Call) -> None:
        call.detach(self._begin, asked, call)

    def _begin(self, asked: Request, call: Call) -> None:
        from lambda_emu.triggers.execute_api.addresses import address_in  # here: most servers are never asked

        kept: Meaning | None = asked.head.meaning
        try:
            address = address_in(asked) if kept is None else kept.address
        except ApiNotFound:
            if not unquote_to_bytes(asked.path).startswith(CONNECTIONS):
                raise
            self.plane(WEBSOCKET).serve(asked, call, None, None)
            return
        api = None if self._apis is None else self._apis.known(address.api_id)
        if api is None:
            self._loop.spawn(self._find(asked, call, address), "a request to an API")
        else:
            self.plane(api.kind).serve(asked, call, api, address)

    async def _find(self, asked: Request, call: Call, address: ApiAddress) -> None:
        with call.guard("a request to an API"):
            api = await self.apis().get(address.api_id)
            if api is None:
                raise ApiNotFound(f"There is no API {address.api_id} here.")
            self.plane(api.kind).serve(asked, call, api, address)

    def plane(self, kind: str) -> DataPlane:
        """On the loop."""
        found = self._planes.get(kind)
        if found is None:
            found = self._planes[kind] = self._kinds[kind].make(self.seams())
        return found

    def seams(self) -> Seams:
        """On the loop."""
        self._seams = self._seams or self._make_seams()
        return self._seams

    def _seams_of(self, store: Store, invoke: Invoke, hosting: ApiHosting) -> Seams:
        from lambda_emu.triggers.execute_api.functions import Permissions

        permissions, token_keys = Permissions(store), self._token_keys
        return Seams(
            store, invoke, self._loop, self._clock, hosting, permissions, hosting.signers, token_keys, self.apis, []
        )

    def _make_apis(self) -> Apis:
        from lambda_emu.triggers.execute_api.apis import Apis

        readers = {name: kind.read for name, kind in self._kinds.items()}
        if self.elsewhere is None:
            return Apis(self._ask_child, readers, self._clock)
        return Apis(self._elsewhere_first(self.elsewhere()), readers, self._clock, ELSEWHERE_KEPT_S)

    async def _ask_child(self, api_id: str) -> Any:
        return await self._facts.ask("api", api_id)

    def _elsewhere_first(self, elsewhere: Read) -> Read:
        async def read(api_id: str) -> Any:
            return await elsewhere(api_id) or await self._ask_child(api_id)

        return read

    async def _token_keys(self, pool_id: str) -> bytes | None:
        told = await self._facts.ask("token-keys", pool_id)
        return None if told is None else json.dumps(told).encode()

    # -- of requests to other services ------------------------------------------------------------

    async def passes(self, head: Head) -> None:
        self.changed(head)
        if _tells_endpoints(head):
            with suppress(Full, Closed):  # then it is found out when it is told
                await self._loop.work(RESOLVER, self._endpoint, "a", "b", head)

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        self.changed(head)
        if body is None or not _tells_endpoints(head):
            return body
        try:
            told = json.loads(body)
            for api in told.get("items") or [told]:
                region = api["apiEndpoint"].split(".")[2]
                endpoint = self._endpoint(api["apiId"], region, head)
                api["apiEndpoint"] = (
                    endpoint.replace("http", "ws", 1) if api.get("protocolType") == WEBSOCKET else endpoint
                )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return body  # an error, or no HTTP API
        return json.dumps(told).encode()

    def changed(self, head: Head) -> None:
        """A request to a control plane is on its way, or has been answered. On the loop."""
        if self._apis is not None:
            self._apis.passed(head)
        credential = credential_of(head.get(b"authorization"))
        if credential is not None and credential.service in MAKE_KEYS:
            self._signers.forget()

    def _endpoint(self, api_id: str, region: str, head: Head) -> str:
        """It can be called as it stands by who asks. May wait for the resolver, once."""
        host = (head.get(b"host") or b"").decode("latin-1")
        base_url = self._base_url if host == self._own_host or not host else f"//{host}"
        return address_below(api_id, LABEL, region, base_url, PATH).removesuffix("/")


def _tells_endpoints(head: Head) -> bool:
    """Whether it is about one API, or all of them, and nothing below."""
    path = head.target.partition(b"?")[0]
    return path.startswith(APIS) and b"/" not in path[len(APIS) + 1 :].rstrip(b"/")
