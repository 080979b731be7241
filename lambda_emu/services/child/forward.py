"""What the child is told of a request besides what its client says, and what is said when the child cannot answer."""

from __future__ import annotations

import asyncio
import json
import re

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.callers import caller_of, signed_with
from lambda_emu.services.catalogue import named
from lambda_emu.services.child.child import Child
from lambda_emu.services.child.errors import ChildBusy, ChildLost
from lambda_emu.services.passing.forwarder import Forwarder, passed_head
from lambda_emu.services.passing.peer import Begun, Observer

ASK = "x-lambda-emu-ask"
ASK_LIMIT_S = 70.0
"""It may have to be started for it."""
NAME = re.compile(r"[\w-]{1,128}", re.ASCII)
OURS = ("x-moto-account-id", "x-lambda-emu-")
"""Headers that nobody but us says."""


class ChildPeer:
    """passing.Peer: the child. scope: of callers who name none. moto knows a request by its signature alone."""

    at_once: int = 32  # it has as many threads
    silence_s: float | None = None

    def __init__(self, child: Child, scope: Scope) -> None:
        self._child = child
        self._scope = scope

    async def begin(self, request: Request, length: int) -> Begun:
        return Begun(await self._child.line(), self._head(request, length), self._child.give_back)

    async def ask(self, fact: str, about: str) -> Begun:
        """A question of our own."""
        asked = f"GET /{about} HTTP/1.1\r\nhost: localhost\r\n{ASK}: {fact}\r\n\r\n"
        return Begun(await self._child.line(), asked.encode(), self._child.give_back)

    def _head(self, request: Request, length: int) -> bytes:
        bucket = bucket_in(request.head)
        target = request.head.target
        told = {
            "x-moto-account-id": caller_of(request, self._scope).account,
            "x-lambda-emu-request-id": request.request_id,
            "x-lambda-emu-peer": request.peer or "127.0.0.1",
        }
        if signed_with(request) is None and (row := named(request)) is not None:
            scope = f"{self._scope.account}/20260101/{self._scope.region}/{row.signing_name}/aws4_request"
            told["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        path = target if bucket is None else b"/" + bucket.encode("latin-1") + target
        return passed_head(request, path, length, told, OURS)

    def lost(self, what: str) -> LambdaError:
        return ChildLost(what)

    def busy(self, waiting: int) -> LambdaError:
        return ChildBusy(waiting)


class ChildForwarder(Forwarder):
    """Requests to the child, and questions of our own."""

    def __init__(self, child: Child, scope: Scope, loop: Loop, observer: Observer | None) -> None:
        self._child_peer = ChildPeer(child, scope)
        super().__init__(self._child_peer, loop, observer)

    async def ask(self, fact: str, about: str) -> object:
        """What `program.facts` tells of it; of what cannot be a name it tells nothing. ChildLost and the like."""
        if NAME.fullmatch(about) is None:
            return None
        try:
            status, body = await asyncio.wait_for(self.told(lambda: self._child_peer.ask(fact, about)), ASK_LIMIT_S)
        except TimeoutError as error:
            raise ChildLost("does not answer") from error
        if status != 200:
            raise ChildLost(f"did not tell the {fact} of {about}")
        return json.loads(body)
