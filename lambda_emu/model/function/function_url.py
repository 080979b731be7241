"""The URL of a function or an alias. docs/contract/api.md#function-urls, docs/contract/events.md#function-urls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.errors.resources import Conflict, NotFound


class FunctionUrl(Struct, frozen=True):
    """url_id: the first label of its host. created, modified: as the wire shows them; modified None: never updated.

    cors: as the caller wrote it, or None. invoke_mode None: never set, which means BUFFERED.
    """

    url_id: str
    auth_type: str
    created: str
    modified: str | None = None
    cors: Mapping[str, Any] | None = None
    invoke_mode: str | None = None

    def merge(self, wanted: Mapping[str, Any], modified: str) -> FunctionUrl:
        """With the members that a request names. Cors is replaced whole; an empty one takes it away (not recorded)."""
        return replace(
            self,
            auth_type=wanted.get("AuthType", self.auth_type),
            modified=modified,
            cors=wanted.get("Cors", self.cors) or None,
            invoke_mode=wanted.get("InvokeMode", self.invoke_mode),
        )


class NoFunctionForUrl(NotFound):
    """A function or alias. Get and Delete say ResourceMissing instead."""

    def __init__(self) -> None:
        super().__init__("Function does not exist")


class UrlExists(Conflict):
    """Recorded with two spaces."""

    def __init__(self, arn: str) -> None:
        super().__init__(
            f"Failed to create function url config for [functionArn = {arn}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        )
