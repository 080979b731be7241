"""SIGKILL of the server while alarms change their states: each change that was answered is told."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from threading import Timer
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from own import served
from services_rig import ACCOUNT, Inbox, sdk
from waiting import eventually

KILLS = 4
METRIC = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
FAILURES = (BotoCoreError, ClientError)


def change(lam: Any, done: set[str]) -> None:
    """An alarm by turns, each time for a reason of its own, until nobody answers. That one may be done, too."""
    cloudwatch = sdk(lam, "cloudwatch")
    while True:
        reason = f"change {len(done)} {random.random()}"
        try:
            before = cloudwatch.describe_alarms(AlarmNames=["bell"])["MetricAlarms"][0]["StateValue"]
            value = "OK" if before == "ALARM" else "ALARM"
            cloudwatch.set_alarm_state(AlarmName="bell", StateValue=value, StateReason=reason)
        except FAILURES:
            return
        done.add(reason)


def test_each_change_that_was_answered_is_told_whenever_the_server_is_killed(tmp_path: Path) -> None:
    done: set[str] = set()
    heard: set[str] = set()
    for run in range(KILLS):
        with served(tmp_path, "process", "--account", ACCOUNT) as lam:
            inbox = Inbox(lam, "heard")
            if not run:
                events = sdk(lam, "events")
                events.put_rule(Name="bell", EventPattern='{"source": ["aws.cloudwatch"]}')
                events.put_targets(Rule="bell", Targets=[{"Id": "1", "Arn": inbox.arn}])
                sdk(lam, "cloudwatch").put_metric_alarm(AlarmName="bell", **METRIC)
            Timer(random.uniform(0.3, 1.0), lambda: lam.process.send_signal(signal.SIGKILL)).start()
            change(lam, done)

    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        inbox = Inbox(lam, "heard")

        def hear() -> bool:
            while (message := inbox.next(0)) is not None:
                heard.add(json.loads(message["Body"])["detail"]["state"]["reason"])
            return done <= heard

        eventually(hear, f"{len(done)} changes to be told")
    assert len(done) > KILLS
