"""What the gateway is told of HTTP APIs: which requests are theirs. What serves them is imported with the first one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

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
from lambda_emu.model.credentials import account_of
from lambda_emu.store import Store
from lambda_emu.triggers.addresses import address_below
from lambda_emu.triggers.http_apis.refusals import LABEL, PATH, ApiRefusal, TooLargeForApi, refusal_answer

if TYPE_CHECKING:
    from lambda_emu.signatures.signers import AccessKey, Signers
    from lambda_emu.triggers.http_apis.apis import Apis
    from lambda_emu.triggers.http_apis.data_plane import DataPlane
    from lambda_emu.triggers.http_apis.elsewhere import ControlPlane

EXECUTE = b"/_aws/execute-api/"
USER_REQUEST = re.compile(rb"/restapis/[^/]+/[^/]+/_user_request_(?:/.*)?")
"""The path forms of LocalStack, an older one last."""
MAKE_KEYS = ("iam", "sts")
"""Services that make access keys, as signatures name them."""
APIS = b"/v2/apis"
"""Of the control plane."""
REQUEST_BYTES = 10 * 1024 * 1024
SMALL_TARGET_BYTES = 4096
"""A longer query takes a moment to be parsed."""
LARGE = Workers("large requests to HTTP APIs", 4, 64)
RESOLVER = Workers("names of APIs", 1, 256)


class FactSource(Protocol):
    """Who knows APIs, access keys and user pools. pid: of its process; None: it is not there, and would be started."""

    @property
    def pid(self) -> int | None: ...

    async def ask(self, fact: str, about: str) -> Any:
        """`http-api`, `access-key`, `token-keys`; None: there is nothing of this name."""


class HttpApis:
    """Serves the HTTP APIs of all accounts, and is told of the requests to their control plane. account: our own."""

    claims = ServiceClaims(
        within=(LABEL,),
        paths=(PATH.encode(), EXECUTE),
        signed_for=(LABEL,),
        shapes=(USER_REQUEST,),
    )
    answers_pages = True

    def __init__(
        self, store: Store, invoke: Invoke, loop: Loop, clock: Clock, account: str, facts: FactSource, base_url: str
    ) -> None:
        self._store = store
        self._invoke = invoke
        self._loop = loop
        self._clock = clock
        self._account = account
        self._facts = facts
        self._base_url = base_url
        self._own_host = base_url.partition("://")[2]
        self._lock = Lock()  # guards _data_plane while it is made
        self._data_plane: DataPlane | None = None
        self._signers: Signers | None = None
        self.elsewhere: Callable[[], ControlPlane] | None = None
        """Makes what reads APIs that somebody else keeps, set before the first request; None: they are the child's."""
        self._small = Handling(self._serve, REQUEST_BYTES, TooLargeForApi())
        self._large = Handling(self._serve, REQUEST_BYTES, TooLargeForApi(), lambda _: LARGE)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        on_loop = is_small(head, length) and len(head.target) <= SMALL_TARGET_BYTES
        return self._small if on_loop else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        if isinstance(error, ApiRefusal):
            return refusal_answer(error, request.request_id)
        return error_answer(error, request.request_id)

    def signers(self) -> Signers:
        """Who signed, for all that is asked for here. On the loop."""
        from lambda_emu.signatures.signers import Signers

        if self._signers is None:
            self._signers = Signers(self._clock, self._account, self._find_key)
        return self._signers

    def forget(self) -> None:
        """The control plane has lost all that it knew. On the loop."""
        if self._data_plane is not None:
            self._data_plane.forget()
        if self._signers is not None:
            self._signers.forget()

    def _serve(self, asked: Request, call: Call) -> None:
        (self._data_plane or self._make()).serve(asked, call)

    def _make(self) -> DataPlane:
        from lambda_emu.triggers.http_apis.authorizing import Authorizers
        from lambda_emu.triggers.http_apis.data_plane import DataPlane
        from lambda_emu.triggers.http_apis.functions import Permissions
        from lambda_emu.triggers.http_apis.issuers import Issuers
        from lambda_emu.triggers.http_apis.lambda_authorizers import LambdaAuthorizers

        with self._lock:
            if self._data_plane is None:
                apis = self._make_apis()
                issuers = Issuers(self._loop, self._clock, self._token_keys, urlsplit(self._base_url).port)
                functions = LambdaAuthorizers(self._invoke, self._clock)
                permissions = Permissions(self._store)
                authorizers = Authorizers(self._clock, issuers, functions, self.signers(), permissions)
                self._data_plane = DataPlane(
                    self._store, self._invoke, self._loop, self._clock, apis, authorizers, permissions
                )
            return self._data_plane

    def _make_apis(self) -> Apis:
        from lambda_emu.triggers.http_apis.apis import Apis

        if self.elsewhere is None:
            return Apis(lambda api_id: self._facts.ask("http-api", api_id), self._clock)
        from lambda_emu.triggers.http_apis.elsewhere import KEPT_S

        return Apis(self.elsewhere().read, self._clock, KEPT_S)

    async def _find_key(self, access_key: str) -> AccessKey | None:
        from lambda_emu.signatures.signers import AccessKey

        is_roles = access_key.startswith("ASIA") and account_of(access_key) is not None
        if is_roles and self._facts.pid is None:
            return None  # of a function's environment: nobody made any other
        told = await self._facts.ask("access-key", access_key)
        return None if told is None else AccessKey(**told)

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
                api["apiEndpoint"] = self._endpoint(api["apiId"], region, head)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return body  # an error, or no HTTP API
        return json.dumps(told).encode()

    def changed(self, head: Head) -> None:
        """A request to a control plane is on its way, or has been answered. On the loop."""
        if self._data_plane is not None:
            self._data_plane.passed(head)
        credential = None if self._signers is None else credential_of(head.get(b"authorization"))
        if self._signers is not None and credential is not None and credential.service in MAKE_KEYS:
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
