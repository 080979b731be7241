"""How a request for alarms is served, on a worker: a step of the store, whose deliveries begin after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.file import MetricFile
from lambda_emu.services.alarms import listing, operations
from lambda_emu.services.alarms.alarm import MARK
from lambda_emu.services.alarms.changes import Tell
from lambda_emu.services.alarms.operations import AlarmsRequest, Operation
from lambda_emu.services.alarms.watch import Watch
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.late import LIMIT_S, ask_store
from lambda_emu.store import Store, WorkItem

OPERATIONS: Mapping[str, Operation] = {
    "PutMetricAlarm": operations.put_metric_alarm,
    "PutCompositeAlarm": operations.put_composite_alarm,
    "DeleteAlarms": operations.delete_alarms,
    "DescribeAlarms": listing.describe_alarms,
    "DescribeAlarmsForMetric": listing.describe_alarms_for_metric,
    "DescribeAlarmHistory": listing.describe_alarm_history,
    "SetAlarmState": operations.set_alarm_state,
    "EnableAlarmActions": operations.enable_alarm_actions,
    "DisableAlarmActions": operations.disable_alarm_actions,
    "TagResource": operations.tag_resource,
    "UntagResource": operations.untag_resource,
    "ListTagsForResource": operations.list_tags_for_resource,
}


class AlarmServer:
    """tell: what is to be delivered because of a change; wake: begins it, on the loop, once it is kept."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        file: MetricFile,
        watch: Watch,
        tell: Tell,
        wake: Callable[[Sequence[WorkItem]], None],
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._file = file
        self._watch = watch
        self._tell = tell
        self._wake = wake

    def ask(self, operation: str, members: Members, scope: Scope) -> Mapping[str, Any] | None:
        """None: it is about what is no alarm. LambdaError, sqlite3.Error, TimeoutError."""
        if "ResourceARN" in members and MARK not in members["ResourceARN"]:
            return None
        asked = AlarmsRequest(members, scope, self._clock.now_s(), self._file, self._tell)
        do = OPERATIONS[operation]
        answered = ask_store(self._store, lambda connection: do(connection, asked), LIMIT_S)
        if operation.startswith("Put"):
            self._loop.post(self._watch.begin)
        if answered.work:
            self._loop.post(self._wake, answered.work)
        return answered.result
