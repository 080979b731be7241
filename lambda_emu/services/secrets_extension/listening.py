"""Where the extension listens: at the environment's own loopback where it has one, else at this machine's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lambda_emu.gateway.gateway import Gateway
from lambda_emu.gateway.inside import InsideListeners
from lambda_emu.http.branch import PassedListener
from lambda_emu.http.listener import PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.model.credentials import Credentials
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.notices import Notices
from lambda_emu.sandbox.base import Sandbox, SandboxError
from lambda_emu.services.secrets_extension.service import Asker, ExtensionService
from lambda_emu.services.secrets_extension.settings import read_settings
from lambda_emu.work_clock import WorkClock

LOOPBACK = "127.0.0.1"
NOT_HEARD = "the Parameters and Secrets extension of {} is not reached at port {}: {}"
OTHER = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT in its variables names another port"
NO_SOCKETS = "sandboxes of this engine pass no sockets"


class SecretsExtension:
    """Of all environments that have it. Runs on the loop."""

    def __init__(self, listeners: InsideListeners, service: ExtensionService) -> None:
        self._listeners = listeners
        self._service = service
        self._notices = Notices()
        self._askers: dict[str, Asker] = {}  # by the token of their sandbox
        self._sharing: dict[int, set[str]] = {}  # by port of this machine, the sandboxes that ask there

    async def open(self, sandbox: Sandbox, version: FunctionVersion, credentials: Credentials) -> None:
        """Answer the code of an environment of this version, which has these credentials."""
        settings, name = read_settings(version.environment or {}), version.id.name
        asker = self._askers[sandbox.token] = Asker(settings, credentials, version.id.region)
        self._service.add(asker)
        try:
            if sandbox.shares_loopback:
                self._share(settings.port, sandbox.token)
            elif (passed := await sandbox.listen(settings.port)) is None:
                self._notices.tell(NOT_HEARD.format(name, settings.port, NO_SOCKETS))
            elif sandbox.token in self._askers:
                self._listeners.open(sandbox.token, passed)
            else:  # it ended meanwhile
                passed.socket.close()
        except (SandboxError, OSError) as error:
            self._notices.tell(NOT_HEARD.format(name, settings.port, f"{error}; {OTHER}"))

    def close(self, token: str) -> None:
        """The environment is no more."""
        asker = self._askers.pop(token, None)
        if asker is None:
            return
        self._service.remove(asker)
        self._listeners.close(token)
        sharing = self._sharing.get(asker.settings.port, set())
        if token in sharing:
            sharing.discard(token)
            if not sharing:
                del self._sharing[asker.settings.port]
                self._listeners.close(_key(asker.settings.port))

    def end(self) -> None:
        """Nobody is answered any more."""
        self._listeners.end()

    def _share(self, port: int, token: str) -> None:
        """All that share this machine's loopback ask at one port of it, and are told apart by their tokens. OSError."""
        if port not in self._sharing:
            bound = bind(LOOPBACK, port)
            try:
                bound.listen(128)
                bound.setblocking(False)
            except OSError:
                bound.close()
                raise
            self._listeners.open(_key(port), PassedListener(bound))
            self._sharing[port] = set()
        self._sharing[port].add(token)


def open_secrets(
    url: str, loop: Loop, clock: WorkClock, spool: Path, settings: Callable[[Gateway], PortSettings]
) -> SecretsExtension:
    """url: where services are asked. settings: of the ports that a gateway serves."""
    gateway, service = Gateway(loop, clock.machine, spool), ExtensionService(url, clock)
    gateway.serve(service)
    return SecretsExtension(InsideListeners(gateway, clock.machine, settings(gateway)), service)


def _key(port: int) -> str:
    """Of a port of this machine, among the tokens of sandboxes."""
    return f"port {port}"
