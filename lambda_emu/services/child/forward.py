"""What the child is told of a request besides what its client says, and what is said when the child cannot answer."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
from pathlib import Path
from typing import IO

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.model.caller import CallerKind
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.callers import caller_of, signed_with
from lambda_emu.services.catalogue import named
from lambda_emu.services.child.child import Child
from lambda_emu.services.child.errors import ChildBusy, ChildLost
from lambda_emu.services.child.program.objects.bodies import BEGUN
from lambda_emu.services.observers import Observer
from lambda_emu.services.passing.forwarder import Forwarder, passed_head
from lambda_emu.services.passing.peer import PeerRequest

log = logging.getLogger(__name__)

ASK = "x-lambda-emu-ask"
UNSIGNED = "x-lambda-emu-unsigned"
"""Says that nobody signed it, whatever it looks like."""
HANDED = "x-lambda-emu-body"
"""Names a file among the child's own, in place of a body."""
AHEAD, MACHINE_AHEAD = "x-lambda-emu-ahead", "x-lambda-emu-machine-ahead"
"""Say how far our clocks are ahead of this machine: that of work, and the machine's where a test has moved it."""
ASK_LIMIT_S = 70.0
"""It may have to be started for it."""
CALLERS = 16
"""And what may have a function run, which may ask it for something itself."""
READERS = 24
"""Of all that the child serves at once: who reads an object slowly keeps a thread of it, and others need some too."""
SIGNING = tuple(
    b"AWSCognitoIdentityProviderService." + name
    for name in (
        *(b"AdminConfirm", b"AdminCreateUser", b"AdminInitiate", b"AdminReset", b"AdminRespond", b"Confirm"),
        *(b"Forgot", b"GetTokens", b"GetUserAttribute", b"Initiate", b"Resend", b"Respond", b"SignUp", b"UpdateUser"),
    )
)
NAME = re.compile(r"[\w-]{1,4096}", re.ASCII)
OURS = ("x-moto-account-id", "x-lambda-emu-")
"""Headers that nobody but us says."""


class ChildPeer:
    """passing.Peer: the child. scope: of callers who name none. moto knows a request by its signature alone."""

    at_once: int = 32  # it has as many threads
    silence_s: float | None = None

    def __init__(self, child: Child, scope: Scope, clock: Clock, *, knows_callers: bool) -> None:
        """clock: whose time moto has. knows_callers: signatures are checked by then."""
        self._knows_callers = knows_callers
        self._child = child
        self._scope = scope
        self._clock = clock

    async def begin(self, request: Request, length: int) -> PeerRequest:
        return PeerRequest(await self._child.line(), self._head(request, length), self._child.give_back)

    async def ask(self, fact: str, about: str) -> PeerRequest:
        """A question of our own."""
        told = "".join(f"{name}: {value}\r\n" for name, value in (self._clocks() | {ASK: fact}).items())
        asked = f"GET /{about} HTTP/1.1\r\nhost: localhost\r\n{told}\r\n"
        return PeerRequest(await self._child.line(), asked.encode(), self._child.give_back)

    def hand_over(self, file: Path) -> HandedFile | None:
        """A spooled body, to where its own are; None: it has none, or they are on another disk. On a worker."""
        if self._child.bodies is None:
            return None
        link = self._child.bodies / handed_name(file)
        try:
            os.link(file, link)
        except OSError as error:
            log.debug("%s is sent, not handed over: %s", file, error)
            return None
        return HandedFile(link)

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
        if request.body_file is not None and not length:
            told[HANDED] = handed_name(request.body_file)
        if self._knows_callers and (request.caller is None or request.caller.kind is CallerKind.ANONYMOUS):
            told[UNSIGNED] = "1"
        told |= self._clocks()
        path = target if bucket is None else b"/" + bucket.encode("latin-1") + target
        return passed_head(request, path, length, told, OURS)

    def _clocks(self) -> dict[str, str]:
        moved_s = self._clock.machine.ahead_s
        told = {AHEAD: f"{self._clock.ahead_s or 0.0:.3f}"}
        return told if moved_s is None else told | {MACHINE_AHEAD: f"{moved_s:.3f}"}

    def lost(self, what: str) -> LambdaError:
        return ChildLost(what)

    def busy(self, waiting: int) -> LambdaError:
        return ChildBusy(waiting)


class HandedFile(io.RawIOBase):
    """In place of a spooled file, of which nothing is sent; what the child did not make its own goes at the end."""

    def __init__(self, link: Path) -> None:
        self._link = link

    def read(self, _: int = -1) -> bytes:
        return b""

    def close(self) -> None:
        self._link.unlink(missing_ok=True)
        super().close()


def handed_name(file: Path) -> str:
    return f"{BEGUN}{file.name}"


class ChildForwarder(Forwarder):
    """Requests to the child, and questions of our own."""

    def __init__(self, peer: ChildPeer, loop: Loop, observer: Observer | None) -> None:
        self._child_peer = peer
        self._callers = asyncio.Semaphore(CALLERS)
        self._readers = asyncio.Semaphore(READERS)
        super().__init__(self._child_peer, loop, observer)

    def serve(self, request: Request, call: Call) -> None:
        """On the loop, or on a worker where the body may lie in a file, which the child is given, not its bytes."""
        handed = None if request.body_file is None else self._child_peer.hand_over(request.body_file)
        if handed is None:
            super().serve(request, call)
        else:
            call.detach(self._begin, request, call, handed, 0)

    async def _forward(self, request: Request, call: Call, file: IO[bytes] | None, length: int) -> None:
        if _may_be_for_an_object(request):
            async with self._readers:
                await super()._forward(request, call, file, length)
        elif _may_run_functions(request):
            async with self._callers:
                await super()._forward(request, call, file, length)
        else:
            await super()._forward(request, call, file, length)

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


def _may_be_for_an_object(request: Request) -> bool:
    credential = signed_with(request)
    return request.method == "GET" and (credential is None or credential.service == "s3")


def _may_run_functions(request: Request) -> bool:
    """Whether it is about somebody who signs up or in; what such functions ask for begins in other ways."""
    return request.head.first.get(b"x-amz-target", b"").startswith(SIGNING)
