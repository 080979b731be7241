"""How events go on that a function's log brings to functions, so that a chain of them is found to go in circles."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from lambda_emu.arn import Scope
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.senders import PRINCIPAL
from lambda_emu.invoke.request import InvokeRequest

if TYPE_CHECKING:
    from lambda_emu.logs.groups import Owner

MOST_REQUESTS = 10_000
"""Whose chains are known: the last ones that subscriptions have begun."""
LOGS = "logs.amazonaws.com"


class Chains:
    """Tracing headers under which functions run that subscriptions brought events to. Any thread."""

    def __init__(self) -> None:
        self._by_request: OrderedDict[str, str] = OrderedDict()
        self._last: OrderedDict[tuple[Scope, str], str] = OrderedDict()  # by the function that ran
        self._lock = Lock()  # guards both

    def began(self, delivery: Delivery, request: InvokeRequest) -> None:
        """An event is about to be given to a function."""
        if delivery.options.get(PRINCIPAL) != LOGS or request.trace_id is None:
            return
        with self._lock:
            self._by_request[request.request_id] = request.trace_id
            self._last[request.target.id.scope, request.target.id.name] = request.trace_id
            for known in (self._by_request, self._last):
                if len(known) > MOST_REQUESTS:
                    known.popitem(last=False)

    def of(self, owner: Owner, requests: set[str]) -> str | None:
        """The header to go on with after what was printed to a stream. requests: during which, as far as it says."""
        with self._lock:
            known = (self._by_request.get(request) for request in requests)
            found = next((trace for trace in known if trace is not None), None)
            if found is None and not requests and owner.function is not None:
                return self._last.get((owner.scope, owner.function))
            return found
