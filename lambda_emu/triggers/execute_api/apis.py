"""The APIs that requests ask for: each read once from its control plane, until something of it changes. On the loop."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from lambda_emu.clock import Clock
from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.known import Known, Told, Unclear, understood

Read = Callable[[str], Awaitable[Told | None]]
"""What the control plane says of an API, with its kind; None: there is none of this id."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHANGED = re.compile(rb"/(?:v2/apis|restapis)(?:/([^/?]+))?")
_SHARED = re.compile(rb"/(?:usageplans|apikeys|domainnames|account)(?:[/?]|\Z)")
"""What APIs have in common: any of them may have changed with it."""
_READING = (b"GET", b"HEAD", b"OPTIONS")


class AnyApi(Protocol):
    """An API as its control plane told it. kind: HTTP, REST or WEBSOCKET."""

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> str: ...


ReadApi = Callable[[Told], AnyApi]
"""By its kind. AttributeError, KeyError, TypeError, ValueError: it is told in a way that nobody understands."""


class Apis:
    """All kinds of them, by their ids."""

    def __init__(self, read: Read, readers: Mapping[str, ReadApi], clock: Clock, kept_s: float = math.inf) -> None:
        """readers: by the kind that is told. kept_s: how long what was read is good, where it may change unseen."""
        self._read = read
        self._readers = readers
        self._all = Known(self._find, clock, kept_s)
        self.known = self._all.known
        self.forget = self._all.forget

    async def get(self, api_id: str) -> AnyApi | None:
        """None: there is none, or nobody serves its kind. Raises what the control plane fails with."""
        return None if _ID.fullmatch(api_id) is None else await self._all.get(api_id)

    def passed(self, head: Head) -> None:
        """A request to the control plane is on its way, or has been answered: what it changes is to be read again."""
        if head.method in _READING:
            return
        if _SHARED.match(head.target):
            self.forget()
        changed = _CHANGED.match(head.target)
        if changed is not None:
            self._all.changed((changed[1] or b"").decode("latin-1"))

    async def _find(self, api_id: str) -> AnyApi | None:
        """ApiFailure: it is told in a way that nobody understands."""
        told = await self._read(api_id)
        if told is None or told["kind"] not in self._readers:
            return None
        try:
            return understood(told, self._readers[told["kind"]])
        except Unclear as error:
            raise ApiFailure(f"The API's configuration makes no sense: {error}") from error
