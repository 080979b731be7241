"""What answers the code inside an environment."""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.gateway.inside import InsideListeners
from lambda_emu.model.credentials import Issuer
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.pool.endpoints import Endpoints
from lambda_emu.pool.extensions import Extensions
from lambda_emu.runtime_api.router import RuntimeApi
from lambda_emu.runtime_api.session import Session
from lambda_emu.sandbox.base import Sandbox


class Inside(Struct, frozen=True):
    """The Runtime API, and all services, for as long as the environment is there. Runs on the loop.

    issuer: of the credentials that it calls them with. extensions: of AWS's, which are answered by us.
    """

    runtime_api: RuntimeApi
    lambda_api: InsideListeners
    endpoints: Endpoints
    issuer: Issuer
    extensions: Extensions | None = None

    async def open_extensions(self, sandbox: Sandbox, version: FunctionVersion) -> None:
        """Before its code runs."""
        if self.extensions is not None:
            await self.extensions.open(sandbox, version, self.issuer)

    def open(self, sandbox: Sandbox, session: Session) -> None:
        self.runtime_api.open(sandbox.token, session, sandbox.passed, sandbox.session_token)
        if sandbox.lambda_api is not None:
            self.lambda_api.open(sandbox.token, sandbox.lambda_api)

    def close(self, sandbox: Sandbox) -> None:
        self.runtime_api.close(sandbox.token)
        self.lambda_api.close(sandbox.token)
        if self.extensions is not None:
            self.extensions.close(sandbox.token)
