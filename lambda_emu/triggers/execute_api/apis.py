"""The APIs that requests ask for: each read once from its control plane, until something of it changes. On the loop."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from msgspec.json import decode

from lambda_emu.clock import Clock
from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.refusals import ApiFailure

Told = Mapping[str, Any]
Read = Callable[[str], Awaitable[Told | None]]
"""What the control plane says of an API, with its kind; None: there is none of this id."""
KEPT = 256
READS = 3
"""Times an API is read that changes meanwhile; the last one is good for one request."""

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
    """What is known is bounded, also of ids that nobody has: strangers choose those."""

    def __init__(self, read: Read, readers: Mapping[str, ReadApi], clock: Clock, kept_s: float = math.inf) -> None:
        """readers: by the kind that is told. kept_s: how long what was read is good, where it may change unseen."""
        self._read = read
        self._readers = readers
        self._clock = clock
        self._kept_s = kept_s
        self._known: dict[str, tuple[AnyApi | None, float]] = {}  # with the time from which on it is to be read again
        self._reading: dict[str, asyncio.Future[AnyApi | None]] = {}
        self._changes = 0

    def known(self, api_id: str) -> AnyApi | None:
        """As it is kept now; None: it is to be read, or there is none."""
        found = self._known.get(api_id)
        return None if found is None or found[1] <= self._clock.monotonic_s() else found[0]

    async def get(self, api_id: str) -> AnyApi | None:
        """None: there is none, or nobody serves its kind. Raises what the control plane fails with."""
        found = self._known.get(api_id)
        if found is not None and found[1] > self._clock.monotonic_s():
            return found[0]
        if _ID.fullmatch(api_id) is None:
            return None
        reading = self._reading.get(api_id)
        if reading is None:
            reading = self._reading[api_id] = asyncio.ensure_future(self._find(api_id))
            reading.add_done_callback(lambda done: self._ended(api_id, done))
        return await asyncio.shield(reading)

    def passed(self, head: Head) -> None:
        """A request to the control plane is on its way, or has been answered: what it changes is to be read again."""
        if head.method in _READING:
            return
        if _SHARED.match(head.target):
            self.forget()
        changed = _CHANGED.match(head.target)
        if changed is None:
            return
        self._changes += 1
        api_id = (changed[1] or b"").decode("latin-1")
        self._reading.clear()  # who waits there asked before
        if api_id:
            self._known.pop(api_id, None)
        self._known = {id: known for id, known in self._known.items() if known[0] is not None}

    def forget(self) -> None:
        """Nothing of what is known holds any more."""
        self._changes += 1
        self._reading.clear()
        self._known.clear()

    async def _find(self, api_id: str) -> AnyApi | None:
        api = None
        for _ in range(READS):
            before = self._changes
            told = await self._read(api_id)
            api = None if told is None else self._api(told)
            if self._changes == before:
                self._keep(api_id, api)
                break
        return api

    def _api(self, told: Told) -> AnyApi | None:
        """ApiFailure: it is told in a way that nobody understands."""
        read = self._readers.get(told["kind"])
        try:
            decode(json.dumps(told).encode())  # what is no text of UTF-8 would break events
            return None if read is None else read(told)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ApiFailure(f"The API's configuration makes no sense: {error!r}") from error

    def _keep(self, api_id: str, api: AnyApi | None) -> None:
        self._known.pop(api_id, None)
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[api_id] = api, self._clock.monotonic_s() + self._kept_s

    def _ended(self, api_id: str, reading: asyncio.Future[Any]) -> None:
        if self._reading.get(api_id) is reading:
            del self._reading[api_id]
        if not reading.cancelled():
            reading.exception()  # who waits has it
