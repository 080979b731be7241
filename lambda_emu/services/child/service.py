"""Which requests are the child's, how large they may be, and in which words each service's clients read an error."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES, Handling, ServiceClaims, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.model.credentials import Issuer
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.catalogue import claims_of
from lambda_emu.services.child.errors import EntityTooLarge, InvalidBucketName
from lambda_emu.services.json_wire import json_error
from lambda_emu.services.wire_errors import query_error, rest_json_error, s3_error

if TYPE_CHECKING:
    from lambda_emu.services.child.child import Child
    from lambda_emu.services.child.forward import ChildForwarder
    from lambda_emu.services.late_roles import LateRoles
    from lambda_emu.services.observers import Observer

log = logging.getLogger(__name__)

Serve = Callable[[Request, Call], None]
ErrorForm = Callable[[LambdaError, Request], Answer]

LARGE_REQUESTS = Workers("large requests to other services", 8, 128)
REQUEST_BYTES = 16 * 1024 * 1024
"""DynamoDB's batches have the largest."""
FOLLOWS, FOLLOW_S = 250, 0.02
"""So often the child is asked whether what was due there is over."""
EMPTY_LIMIT_S = 60.0
SOON_S = 0.5
REQUEST_TOO_LARGE = RequestTooLarge(REQUEST_BYTES, "requested")
OBJECT_BYTES = 5 * 1024**3
"""Of one PutObject or part."""

JSON = claims_of(
    "cloudwatch",
    "cognito-identity",
    "cognito-idp",
    "dynamodb",
    "dynamodbstreams",
    "ecr",
    "kms",
    "resourcegroupstaggingapi",
    "secretsmanager",
    "ssm",
    "stepfunctions",
)
QUERY = claims_of("elbv2", "ses", "sns", "sts", "iam")
REST_JSON = claims_of("apigateway", "apigatewayv2", "sesv2", "xray")
S3 = claims_of("s3", "s3control")
OUTBOX = "outbox.db"
"""As `program.outbox` calls its file: a start looks for it, and imports nothing where there is none."""
_BUCKET = re.compile(rb"/(?:[A-Za-z0-9][A-Za-z0-9_.-]{2,254}(?:/|\Z)|\Z)")


class ChildStatus(Struct, frozen=True):
    """What users are told. services: those that were asked, as moto has them. outbox: what people would be sent."""

    pid: int
    memory_mb: int
    services: Sequence[str]
    outbox: Sequence[Mapping[str, Any]]


class OtherServices:
    """Those that moto serves, for the gateway. What asks it is imported with the first request, not at each start."""

    def __init__(self, loop: Loop, front_url: str, scope: Scope, clock: Clock, issuer: Issuer) -> None:
        """front_url: where the child finds our own server. scope: of callers who name none.

        clock, issuer: of credentials; theirs too.
        """
        self.services = services_by(self.serve)
        self.observer: Observer | None = None
        """Told of all that passes; set before the first request."""
        self.checks_signatures = False
        """Whether who asks is known by then, and the child need not look; set before the first request."""
        self.folder: Path | None = None
        """Where what the services know is kept, set before the first request; None: it is gone with the child."""
        self.late: LateRoles | None = None
        """What the child makes before anybody asks it; set before the first request."""
        self.on_stream: Callable[[str], None] = _ignore
        """Called on the loop with the ARN of a stream of DynamoDB that has records."""
        self._loop = loop
        self._front_url = front_url
        self._issuer = issuer
        self._scope = scope
        self._clock = clock
        self._lock = Lock()  # guards both below while they are made
        self._child: Child | None = None
        self._forwarder: ChildForwarder | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Of the child; None while there is none."""
        return None if self._child is None else self._child.pid

    def serve(self, request: Request, call: Call) -> None:
        """On the loop or on a worker."""
        (self._forwarder or self._make()).serve(request, call)

    @property
    def knows_any(self) -> bool:
        """Whether there is anything to ask about: it has run, or begins with roles."""
        return self.has_run or (self.late is not None and self.late.has_any)

    @property
    def has_run(self) -> bool:
        """Whether it runs, or an earlier run of it left something."""
        return self.pid is not None or (self.folder is not None and self.folder.exists())

    def keep_role(self, scope: Scope, role: LateRole) -> bool:
        """Have it made with all others when the child begins; False: ask IAM. Not on the loop."""
        return self.late is not None and not self.has_run and self.late.keep(scope, role)

    @property
    def under_way(self) -> int:
        """Requests that are not answered yet."""
        return 0 if self._forwarder is None else self._forwarder.under_way

    @property
    def requests(self) -> int:
        """So many it was given so far."""
        return 0 if self._forwarder is None else self._forwarder.requests

    async def follow(self) -> float | None:
        """As timekeeper.Follower. A child that does not run has nothing to do."""
        if self._forwarder is None or self.pid is None:
            return None
        try:
            for _ in range(FOLLOWS):
                said: Any = await self._forwarder.ask("clock", "work")
                if not said["under_way"]:
                    break
                await asyncio.sleep(FOLLOW_S)
        except LambdaError as error:
            log.warning("the services' process does not follow the clock: %s", error)
            return None
        next_s: float | None = said["next_s"]
        return next_s

    async def ask(self, fact: str, about: str) -> object:
        """What the child knows of something, by `program.facts`; None: nothing. On the loop. ChildLost and the like."""
        return await (self._forwarder or self._make()).ask(fact, about)

    def status(self) -> ChildStatus | None:
        """None while there is no child. On a worker."""
        process = None if self._child is None else self._child.process
        if process is None:
            return None
        try:
            said = process.ask()
        except (OSError, ValueError) as error:  # it is on its way out
            log.info("the services' process did not say how it is: %s", error)
            return None
        return ChildStatus(process.pid, process.memory_mb, said["services"], said["outbox"])

    def resume(self) -> None:
        """Begin the child if an e-mail waits there to be received. Not on the loop."""
        if self.folder is None or not (self.folder / OUTBOX).exists():
            return
        from lambda_emu.services.child.program.outbox import is_waited_for  # here: few send e-mails

        if is_waited_for(self.folder):
            self._loop.post(lambda: self._loop.spawn(self._begin(), "the services' process"))

    def begin_soon(self) -> None:
        """Begin the child if roles wait for it, a moment after the start: whose code asks has not to wait for that."""
        if self.late is not None and self.late.has_any and self.pid is None:
            self._loop.post(lambda: self._loop.spawn(self._begin(SOON_S), "the services' process"))

    async def _begin(self, after_s: float = 0.0) -> None:
        await asyncio.sleep(after_s)
        if self._is_closed:
            return
        try:
            await self.ask("nothing", "nothing")
        except LambdaError as error:
            log.warning("e-mails and roles wait until a service of moto is asked: %s", error.text)

    def outbox(self) -> Sequence[Mapping[str, Any]]:
        """What people would have been sent, while there is no child. Not on the loop."""
        from lambda_emu.services.child.program.outbox import read_sent  # here: few look

        return () if self.folder is None else read_sent(self.folder)

    def reset(self) -> None:
        """Forget what all of them know. Not on the loop."""
        if self._child is not None:
            self._child.reset()
        elif self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def empty(self, account: str) -> None:
        """Forget what they know of one account. Not on the loop. ChildLost and the like."""
        if self.has_run:
            self._loop.run(self.ask("empty", account), EMPTY_LIMIT_S)

    def close(self) -> None:
        """End the child. Not on the loop."""
        self._is_closed = True
        if self._child is not None:
            self._child.close()

    def _hear(self, kind: str, what: str) -> None:
        if kind == "stream":
            self.on_stream(what)

    def _make(self) -> ChildForwarder:
        from lambda_emu.services.child.child import Child
        from lambda_emu.services.child.forward import ChildForwarder, ChildPeer

        with self._lock:
            if self._forwarder is None:
                self._child = Child(self._loop, self._front_url, self._issuer, self._hear, self.folder, self.late)
                peer = ChildPeer(self._child, self._scope, self._clock, knows_callers=self.checks_signatures)
                self._forwarder = ChildForwarder(peer, self._loop, self.observer)
            return self._forwarder


def _ignore(_: str) -> None:
    """Until somebody wants to hear it."""


def services_by(serve: Serve) -> Sequence[ChildService]:
    """serve: takes a request and answers it later. The last one is S3, which also has what nobody else claims."""
    return (
        ChildService(serve, JSON, json_error),
        ChildService(serve, QUERY, query_error),
        ChildService(serve, REST_JSON, rest_json_error),
        S3Service(serve),
    )


class ChildService:
    """Services of one protocol. Small requests stay on the loop."""

    answers_pages = False

    def __init__(
        self,
        serve: Serve,
        claims: ServiceClaims,
        error_form: ErrorForm,
        most_bytes: int = REQUEST_BYTES,
        too_large: LambdaError = REQUEST_TOO_LARGE,
    ) -> None:
        """error_form: how an error is told in that protocol. too_large: told to who brings more."""
        self.claims = claims
        self._error_form = error_form
        self._small = Handling(serve, SMALL_BYTES, too_large)
        self._large = Handling(serve, most_bytes, too_large, _large, spooled=True)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._small if is_small(head, length) else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return self._error_form(error, request)


class S3Service(ChildService):
    """S3's own XML. What names no bucket that there could be is refused here, and starts nothing.

    Which pages may ask says the CORS configuration of each bucket.
    """

    answers_pages = True

    def __init__(self, serve: Serve) -> None:
        super().__init__(serve, S3, s3_error, OBJECT_BYTES, EntityTooLarge())
        self._refused = Handling(self._refuse, REQUEST_BYTES, REQUEST_TOO_LARGE, _large)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        if _BUCKET.match(path) or bucket_in(head) is not None:
            return super().handling(head, path, length)
        return self._refused

    def _refuse(self, request: Request, call: Call) -> Answer:
        return self.error_answer(InvalidBucketName(), request)


def _large(_: Request) -> Workers:
    return LARGE_REQUESTS
