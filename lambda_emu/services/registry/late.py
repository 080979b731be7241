"""The registry, made when it is first asked, with all it asks; and what removes blobs that no image has any more."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace

from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.model.caller import Caller, root_of
from lambda_emu.model.credentials import Issuer
from lambda_emu.model.function.image_package import PushedImage
from lambda_emu.sandbox.base import ImageDenied
from lambda_emu.services.clients import Clients
from lambda_emu.services.registry.errors import Denied
from lambda_emu.services.registry.service import RegistryService

if TYPE_CHECKING:
    from lambda_emu.services.registry.logins import Logins
    from lambda_emu.services.registry.names import Repository
    from lambda_emu.services.registry.serving import RegistryServer

log = logging.getLogger(__name__)

FOLDER = "registry"
TARGET = b"AmazonEC2ContainerRegistry_V20150921."
REMOVING = (TARGET + b"BatchDeleteImage", TARGET + b"DeleteRepository")
PULLING = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
SWEEPS = Workers("what images of the registry leave", 1, 4)
CHECK_LIMIT_S = 80.0
"""Who knows policies may have to be started for it."""


class Facts(Protocol):
    """Of services.child.service.OtherServices."""

    @property
    def has_run(self) -> bool: ...

    async def ask(self, fact: str, about: str) -> object: ...


class Around(Protocol):
    """Of around.Around."""

    @property
    def child(self) -> Facts: ...

    @property
    def clients(self) -> Clients: ...

    @property
    def issuer(self) -> Issuer: ...


class LateRegistry:
    """services.observers.Observer as well. clock: the machine's. url: of the port."""

    def __init__(self, data_dir: Path, around: Around, clock: Clock, loop: Loop, url: str) -> None:
        self._folder = data_dir / FOLDER
        self._around = around
        self._clock = clock
        self._loop = loop
        self._check_access: Callable[..., Coroutine[Any, Any, None]] | None = None
        self._may_take: Callable[[str, str, FunctionId], Coroutine[Any, Any, bool]] | None = None
        self._is_strict = False
        self._url = url
        self.service = RegistryService(self._make)

    def hold_to(
        self,
        check: Callable[..., Coroutine[Any, Any, None]],
        may_take: Callable[[str, str, FunctionId], Coroutine[Any, Any, bool]],
        *,
        is_strict: bool,
    ) -> None:
        """Before the first request. check: LateAccess.check. may_take: of a repository's ARN and account.

        is_strict: who does not log in is refused.
        """
        self._check_access, self._may_take, self._is_strict = check, may_take, is_strict

    def find(self, uri: str, function: FunctionId) -> PushedImage | None:
        """What was pushed as this. function: of which it is to be. Blocks. ImageDenied: another account keeps it."""
        if not self._folder.is_dir():
            return None
        from lambda_emu.services.registry.names import image_of, registry_host  # here: most servers are never asked

        named = image_of(uri)
        if named is None:
            return None
        repository, reference = named
        server = self.service.server()
        if not server.blobs.has_any(repository):
            return None
        self._check_sharing(repository, function)
        try:
            image = server.images.find(repository, reference)
        except (LambdaError, ConnectionError) as error:
            log.info("%s is not in our registry: %s", uri, error)
            return None
        password, _ = self._logins().password(_puller(repository))
        return PushedImage(
            f"{registry_host(self._url)}/{repository.path}", image.digest.removeprefix("sha256:"), password
        )

    def _check_sharing(self, repository: Repository, function: FunctionId) -> None:
        """ImageDenied."""
        owner, arn = repository.account, repository.arn
        if self._may_take is None or owner == function.account:
            return
        try:
            may = self._loop.run(self._may_take(arn, owner, function), CHECK_LIMIT_S)
        except (LambdaError, TimeoutError) as error:
            raise ImageDenied(f"whether {arn} is shared is not known: {error}") from error
        if not may:
            raise ImageDenied(
                f"the policy of {arn} does not let account {function.account}, and lambda.amazonaws.com for "
                f"{function.arn()}, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer"
            )

    def token(self, scope: Scope, asked: Request) -> Answer:
        """Of GetAuthorizationToken. scope: of callers who name none."""
        from lambda_emu.services.registry.logins import token_answer
        from lambda_emu.services.registry.names import registry_host

        return token_answer(asked, self._logins(), f"http://{registry_host(self._url)}", scope)

    async def passes(self, head: Head) -> None: ...

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        if head.first.get(b"x-amz-target") in REMOVING and self._folder.is_dir():
            try:
                self._loop.work(SWEEPS, self.sweep).add_done_callback(_swept)
            except (Full, Closed):
                log.debug("the next sweep of the registry finds it")
        return body

    def sweep(self) -> None:
        """Remove what no image has. Blocks; not on the loop."""
        if not self._folder.is_dir():
            return
        blobs = self.service.server().blobs
        with blobs.claiming():
            if not self._around.child.has_run:
                blobs.clear()
                return
            there = blobs.repositories()
            for account in {one.account for one in there}:
                asked_s = self._clock.now_s()
                held: Any = self._loop.run(self._around.child.ask("held-blobs", account), CHECK_LIMIT_S)
                for one in there:
                    if one.account == account:
                        blobs.keep(one, held.get(one.region, {}).get(one.name), asked_s)

    def _make(self) -> RegistryServer:
        from lambda_emu.services.registry.blobs import Blobs  # here: most servers are never asked
        from lambda_emu.services.registry.images import Images
        from lambda_emu.services.registry.serving import RegistryServer

        blobs = Blobs(self._folder, self._clock.new_token, self._clock.now_s)
        check = None if self._check_access is None else self._check
        images = Images(self._around.clients.call)
        return RegistryServer(blobs, images, self._logins(), check, is_strict=self._is_strict)

    def _logins(self) -> Logins:
        from lambda_emu.services.registry.logins import Logins

        return Logins(self._around.issuer, self._clock.now_s, self._clock.new_token)

    def _check(self, caller: Caller, request: Request, action: str, resource: str) -> None:
        assert self._check_access is not None
        try:
            self._loop.run(self._check_access(caller, request, action, resource), CHECK_LIMIT_S)
        except LambdaError as error:
            raise (Denied(error.text) if error.code.startswith("AccessDenied") else error) from error


def _puller(repository: Repository) -> Caller:
    """The owner, who may pull from this repository and do nothing else."""
    statement = {"Effect": "Allow", "Action": PULLING, "Resource": repository.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return replace(root_of(repository.account, ""), policies=(policy,))


def _swept(work: Any) -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.warning("what images left in the registry stays until the next one goes: %s", error)
