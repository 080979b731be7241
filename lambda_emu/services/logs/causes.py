"""Which invocation printed an event, so that a function which its own log runs is found to go in circles."""

from __future__ import annotations

import re
from collections import OrderedDict

from lambda_emu.logs.groups import Owner, StoredEvent

MOST_STREAMS = 10_000
_START = re.compile(r"START RequestId: ([0-9a-f-]{36}) ")
_JSON_START = re.compile(r'"type":\s*"platform\.start".{0,64}?"requestId":\s*"([0-9a-f-]{36})"')
_LOOKED_AT = 512


class Causes:
    """Follows streams as they are written; used by one thread at a time."""

    def __init__(self) -> None:
        self._running: OrderedDict[Owner, str] = OrderedDict()

    def of(self, event: StoredEvent) -> str | None:
        """The request during which it was printed, as far as the stream says."""
        owner = event.owner
        if owner.function is None:
            return None
        begun = _START.match(event.message) or _JSON_START.search(event.message, 0, _LOOKED_AT)
        if begun is not None:
            self._running[owner] = begun[1]
            self._running.move_to_end(owner)
            if len(self._running) > MOST_STREAMS:
                self._running.popitem(last=False)
        return self._running.get(owner)
