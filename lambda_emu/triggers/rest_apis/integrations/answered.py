"""What an integration was asked and has answered, before anything is made of that."""

from __future__ import annotations

from typing import NamedTuple

from lambda_emu.triggers.rest_apis.context import Moment
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.mapping.requests import IntegrationRequest

Headers = list[tuple[str, str]]


class Answered(NamedTuple):
    """selection: what integration responses are selected by: the status, or an error's message."""

    status: str
    headers: Headers
    body: bytes
    selection: str


class IntegrationCall(NamedTuple):
    """A request to an integration. uri: with all its variables in it."""

    entered: Entered
    moment: Moment
    mapped: IntegrationRequest
    uri: str

    @property
    def account(self) -> str:
        return self.entered.api.account

    @property
    def role(self) -> str | None:
        integration = self.entered.method.integration
        return None if integration is None else integration.credentials

    @property
    def timeout_s(self) -> float:
        integration = self.entered.method.integration
        assert integration is not None, "it is asked"
        return integration.timeout_s

    @property
    def method(self) -> str:
        integration = self.entered.method.integration
        said = "ANY" if integration is None else integration.method
        return self.entered.request.method if said == "ANY" else said
