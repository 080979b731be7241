"""Extensions of AWS's that are answered by us, in the environments of functions that have their layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.model.credentials import Issuer
from lambda_emu.model.function.extensions import SECRETS, has_extension
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.sandbox.base import Sandbox

if TYPE_CHECKING:
    from lambda_emu.services.secrets_extension.listening import SecretsExtension


class Extensions:
    """Runs on the loop. make: who answers; called, and imported, with the first function that needs it."""

    def __init__(self, make: Callable[[], SecretsExtension]) -> None:
        self._make = make
        self._secrets: SecretsExtension | None = None

    async def open(self, sandbox: Sandbox, version: FunctionVersion, issuer: Issuer) -> None:
        """Before its code runs. issuer: of its credentials. What comes in the way is told."""
        token = sandbox.session_token
        if token is None or not has_extension((layer.arn for layer in version.layers), SECRETS):
            return
        self._secrets = self._secrets or self._make()
        await self._secrets.open(sandbox, version, issuer.of_token(token))

    def close(self, token: str) -> None:
        """The environment with this token is no more."""
        if self._secrets is not None:
            self._secrets.close(token)

    def end(self) -> None:
        """Nobody is answered any more."""
        if self._secrets is not None:
            self._secrets.end()
