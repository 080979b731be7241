"""Queries that run and those that ran lately, in memory: none outlives its server."""

from __future__ import annotations

import heapq
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.logs.groups import GroupReader, Span
from lambda_emu.services.logs.insights.commands import Plan, QueryTooLarge
from lambda_emu.services.logs.insights.running import Field, Looked, run

log = logging.getLogger(__name__)

QUERIES = Workers("queries of logs", 2, 28)
"""Of which AWS lets an account have 30 at once."""
MOST_QUERIES = 100
MOST_BYTES = 32 * 1024 * 1024
"""Of all answers that are kept."""
LASTS_S = 60.0


class _Over(Exception):
    """It is stopped, or takes too long."""


class Query:
    """status: as AWS calls it. answer: once it is complete."""

    def __init__(self, id: str, scope: Scope, text: str, spans: Sequence[Span], plan: Plan, limit: int) -> None:
        self.id = id
        self.scope = scope
        self.text = text
        self.spans = spans
        self.plan = plan
        self.limit = limit
        self.status = "Scheduled"
        self.created_ms = 0
        self.answer: Sequence[Sequence[Field]] = ()
        self.size = 0
        self.looked = Looked()
        self.is_stopped = False

    @property
    def is_over(self) -> bool:
        return self.status not in ("Scheduled", "Running")

    def statistics(self) -> dict[str, Any]:
        looked = self.looked
        return {
            "recordsMatched": float(looked.matched),
            "recordsScanned": float(looked.scanned),
            "bytesScanned": float(looked.bytes),
            "logGroupsScanned": float(len(self.spans)),
        }


class Queries:
    """Any thread."""

    def __init__(self, reader: GroupReader, loop: Loop, clock: Clock) -> None:
        self._reader = reader
        self._loop = loop
        self._clock = clock
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._lock = Lock()  # guards the one above

    def start(self, query: Query) -> None:
        """Begin it soon."""
        query.created_ms = int(self._clock.now_s() * 1000)
        with self._lock:
            self._queries[query.id] = query
            self._make_room()
        self._loop.post(self._begin, query)

    def find(self, scope: Scope, id: str) -> Query | None:
        query = self._queries.get(id)
        return query if query is not None and query.scope == scope else None

    def all(self, scope: Scope) -> list[Query]:
        """The newest first."""
        with self._lock:
            return [query for query in reversed(self._queries.values()) if query.scope == scope]

    def clear(self) -> None:
        with self._lock:
            for query in self._queries.values():
                query.is_stopped = True
            self._queries.clear()

    def _make_room(self) -> None:
        """Those that ended first give way."""
        size = sum(query.size for query in self._queries.values())
        for query in list(self._queries.values()):
            if len(self._queries) <= MOST_QUERIES and size <= MOST_BYTES:
                break
            if query.is_over:
                del self._queries[query.id]
                size -= query.size

    def _begin(self, query: Query) -> None:
        """On the loop."""
        try:
            self._loop.work(QUERIES, self._run, query)
        except (Full, Closed) as error:
            log.warning("query %s is not run: %s", query.id, error)
            query.status = "Failed"

    def _run(self, query: Query) -> None:
        """On a worker."""
        until_s = self._clock.machine.monotonic_s() + LASTS_S

        def go_on() -> None:
            if query.is_stopped:
                raise _Over("Cancelled")
            if self._clock.machine.monotonic_s() > until_s:
                raise _Over("Timeout")

        query.status = "Running"
        found = [self._reader.events(span, backward=True) for span in query.spans]
        events = heapq.merge(*found, key=lambda event: event.position, reverse=True)
        try:
            go_on()
            query.answer = run(query.plan, events, query.limit, query.looked, go_on)
            query.size = sum(len(field["value"]) + 64 for row in query.answer for field in row)
            query.status = "Complete"
        except _Over as over:
            query.status = str(over)
        except (QueryTooLarge, sqlite3.Error) as error:
            log.warning("query %s failed: %s", query.id, error)
            query.status = "Failed"
        except Exception:
            log.exception("query %s failed", query.id)
            query.status = "Failed"
        finally:
            for one in found:
                one.close()
