"""CloudWatch as tests ask it for metrics, and an emulator whose day has just begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk
from waiting import Eventually

WORKS = """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if event.get("fail"):
        raise ValueError("told to")
    for line in event.get("print", []):
        print(line)
"""


class Watch:
    """What CloudWatch says of one account, all of it within some days around now."""

    def __init__(self, lam: OwnLam, eventually: Eventually) -> None:
        self.client = sdk(lam, "cloudwatch")
        self._lam = lam
        self._eventually = eventually

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._lam.clock.now_s(), UTC)

    @property
    def times(self) -> dict[str, datetime]:
        """Of the last hour or so, to a whole minute."""
        now = self.now.replace(second=0, microsecond=0)
        return {"StartTime": now - timedelta(hours=2), "EndTime": now + timedelta(minutes=2)}

    def ask(self, name: str, *stats: str, namespace: str = "AWS/Lambda", **dimensions: str) -> Any:
        """One statistic, or a list of them, of all there is; None where there is nothing."""
        simple = [stat for stat in stats if stat[0].isupper() and "(" not in stat]
        extended = [stat for stat in stats if stat not in simple]
        given = {key: value for key, value in (("Statistics", simple), ("ExtendedStatistics", extended)) if value}
        points = self.client.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Period=86400,
            **self.times,
            **given,
        )["Datapoints"]
        assert len(points) <= 1, points
        if not points:
            return None
        found = [points[0].get(stat, points[0].get("ExtendedStatistics", {}).get(stat)) for stat in stats]
        return found[0] if len(stats) == 1 else found

    def wait(self, name: str, stat: str, value: float, **dimensions: str) -> None:
        """An invocation is told before it is over and counted."""
        self._eventually(lambda: self.ask(name, stat, **dimensions) == value, f"{name} {stat} of {value}")

    def data(self, *queries: dict[str, Any], **params: Any) -> Any:
        return self.client.get_metric_data(MetricDataQueries=queries, **self.times | params)


def query(id: str, name: str, stat: str = "Sum", period: int = 60, namespace: str = "AWS/Lambda", **dims: str) -> Any:
    dimensions = [{"Name": key, "Value": value} for key, value in dims.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """In the morning, whatever time it is: no test of these runs into another day, which has a point of its own."""
    with own_emulator(tmp_path_factory.mktemp("metrics"), "process", stems=0, account=ACCOUNT) as lam:
        lam.clock.advance((6 * 3600 - lam.clock.now_s()) % 86400)
        yield lam


@pytest.fixture
def watch(lam: OwnLam, eventually: Eventually) -> Watch:
    return Watch(lam, eventually)
