"""How a request for metrics is served, on a worker: read, given to its operation, answered in its form."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.recorder import Recorder
from lambda_emu.services.callers import caller_of
from lambda_emu.services.cloudwatch import wire
from lambda_emu.services.cloudwatch.data import Data, get_metric_data
from lambda_emu.services.cloudwatch.elsewhere import Child, ChildMetrics
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.metrics import Listing, get_metric_statistics
from lambda_emu.services.cloudwatch.put import points
from lambda_emu.services.cloudwatch.reading import is_elsewhere

Ask = Callable[[Members, Scope, ChildMetrics], Mapping[str, Any]]


class Alarms(Protocol):
    """What else of CloudWatch is ours."""

    def ask(self, operation: str, members: Members, scope: Scope) -> Mapping[str, Any] | None:
        """None: it is not about an alarm."""


class MetricServer:
    """Answers what is asked of metrics; the child has all else.

    printed: waits until the metrics that functions have printed are with the recorder. account: of callers who name
    none, whose region is that too. make_alarms: with their imports, once somebody asks.
    """

    def __init__(
        self,
        recorder: Recorder,
        child: Child,
        loop: Loop,
        clock: Clock,
        scope: Scope,
        printed: Callable[[], object],
        make_alarms: Callable[[], Alarms],
    ) -> None:
        self._recorder = recorder
        self._child = child
        self._loop = loop
        self._clock = clock
        self._scope = scope
        self._printed = printed
        self._make_alarms = make_alarms
        self._alarms: Alarms | None = None
        self._operations: Mapping[str, Ask] = {
            "PutMetricData": self._put,
            "GetMetricData": self._get_data,
            "GetMetricStatistics": self._get_statistics,
            "ListMetrics": self._list,
        }

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            operation = wire.operation_of(request)
            result = None if operation is None else self._ask(operation, request)
            if operation is None or result is None:
                self._child.serve(request, call)
                return None
            return wire.render(operation, result, request)
        except LambdaError as error:
            return wire.render_error(error, request)
        except (sqlite3.Error, TimeoutError) as error:
            return wire.render_error(ServiceFailure(f"The metrics cannot be had now: {error}"), request)

    def _ask(self, operation: str, request: Request) -> Mapping[str, Any] | None:
        """None: it is the child's."""
        asked, scope = wire.parse(operation, request), caller_of(request, self._scope)
        if operation not in self._operations:
            return self._of_alarms().ask(operation, asked, scope)
        elsewhere = ChildMetrics(self._child, self._loop, self._clock, request)
        return self._operations[operation](asked, scope, elsewhere)

    def _of_alarms(self) -> Alarms:
        if self._alarms is None:
            self._alarms = self._make_alarms()
        return self._alarms

    def _put(self, asked: Members, scope: Scope, _: ChildMetrics) -> Mapping[str, Any]:
        self._recorder.keep(points(asked, scope, self._clock.now_s()))
        return {}

    def _get_data(self, asked: Members, scope: Scope, elsewhere: ChildMetrics) -> Mapping[str, Any]:
        self._write_all()
        return get_metric_data(asked, Data(asked, self._recorder.file, scope, partial(elsewhere.points, asked)))

    def _get_statistics(self, asked: Members, scope: Scope, elsewhere: ChildMetrics) -> Mapping[str, Any]:
        if is_elsewhere(asked.get("Namespace", "")):
            return elsewhere.statistics(asked)
        self._write_all()
        return get_metric_statistics(asked, self._recorder.file, scope)

    def _list(self, asked: Members, scope: Scope, elsewhere: ChildMetrics) -> Mapping[str, Any]:
        self._write_all()
        listing = Listing(asked, self._clock.now_s())
        own = list(listing.own(self._recorder.file, scope))
        others = elsewhere.metrics(listing.namespace, listing.name) if listing.may_be_elsewhere else []
        return listing.page(own + others)

    def _write_all(self) -> None:
        """What happened until now can be read. TimeoutError, sqlite3.Error."""
        self._printed()
        self._recorder.flush()
