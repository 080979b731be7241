"""The embedded metric format: what a function prints becomes metrics, and what is none of them is left alone."""

from __future__ import annotations

import json
import marshal
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.logs.levels import Level
from lambda_emu.logs.writer import LOGGED, MOST_METRICS, OPENED, PRINTED, WARNING, Entry, LogWriter
from lambda_emu.metrics.embedded import MOST_POINTS, Embedded, Malformed, embedded

NOW_MS = 1_790_000_030_000
MINUTE = NOW_MS // 60_000


def event(
    metrics: Any = None, dimensions: Any = None, namespace: Any = "Shop", at: Any = NOW_MS, **members: Any
) -> bytes:
    directive = {
        "Namespace": namespace,
        "Dimensions": [["Place"]] if dimensions is None else dimensions,
        "Metrics": [{"Name": "Orders", "Unit": "Count"}] if metrics is None else metrics,
    }
    described = {"Timestamp": at, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": described, "Place": "north", "Orders": 3} | members).encode() + b"\n"


NORTH = (("Place", "north"),)
ORDERS = ("Shop", "Orders", NORTH, "Count", MINUTE, [3.0])


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        (event(), [ORDERS]),
        (event(Orders=[1, 2.5]), [(*ORDERS[:5], [1, 2.5])]),
        (event(metrics=[{"Name": "Orders"}]), [("Shop", "Orders", NORTH, "None", MINUTE, [3])]),
        (event(metrics=[{"Name": "Orders", "Unit": "Count", "StorageResolution": 1}]), [ORDERS]),
        (event(dimensions=[[]]), [("Shop", "Orders", (), "Count", MINUTE, [3])]),
        (
            event(dimensions=[["Z", "Place"], ["Place"]], Z="last"),
            [("Shop", "Orders", (("Place", "north"), ("Z", "last")), "Count", MINUTE, [3]), ORDERS],
        ),
        (event(metrics=[{"Name": "Orders", "Unit": "Count"}, {"Name": "Absent"}]), [ORDERS]),
        (event(metrics=[]), []),
        (event(at=NOW_MS - 120_000), [("Shop", "Orders", NORTH, "Count", MINUTE - 2, [3])]),
        (b"2026-01-01T00:00:00.000Z\t8f1e\tINFO\t" + event(), [ORDERS]),  # as console.log of Node begins it
        (b"[INFO]\t2026-01-01T00:00:00.000Z\t8f1e\t" + event(), [ORDERS]),
    ],
)
def test_each_metric_in_each_set_of_dimensions(printed: bytes, found: list[Any]) -> None:
    assert embedded(printed, NOW_MS) == found
    assert marshal.loads(marshal.dumps(found)) == found  # the writer's process hands it on so


@pytest.mark.parametrize(
    "printed",
    [
        b"",
        b'"_aws"\n',
        b'{"_aws": 1}\n',
        b'{"message": "{\\"_aws\\": {}}"}\n',
        b'{"_aws": {',
        b'[{"_aws": {}}]',
        b"{" * 10_000,
    ],
)
def test_what_only_looks_like_it_is_left_alone(printed: bytes) -> None:
    assert embedded(printed, NOW_MS) == []


@pytest.mark.parametrize(
    "printed",
    [
        event(at=None),
        event(at="now"),
        event(at=True),
        event(at=NOW_MS / 1000),
        event(at=NOW_MS - 15 * 24 * 3600 * 1000),
        event(at=NOW_MS + 3 * 3600 * 1000),
        event(at=10**30),
        event(namespace=""),
        event(namespace=None),
        event(namespace="n" * 1025),
        event(namespace="AWS/Lambda"),
        event(metrics={}),
        event(metrics=[{"Name": f"m{number}"} for number in range(101)]),
        event(metrics=["Orders"]),
        event(metrics=[{"Name": "Orders", "Unit": "Apples"}]),
        event(metrics=[{"Name": "Orders", "Unit": []}]),
        event(metrics=[{"Unit": "Count"}]),
        event(Orders="three"),
        event(Orders=True),
        event(Orders=[1] * 101),
        event(Orders=float("nan")),
        event(Orders=10**400),
        event(Orders={"Max": 1}),
        event(dimensions=[["Absent"]]),
        event(dimensions=[["Place"]], Place=5),
        event(dimensions=[["Place"]], Place=""),
        event(dimensions=[[1]]),
        event(dimensions=["Place"]),
        event(dimensions=[]),
        event(dimensions={}),
        event(dimensions=[[f"d{number}" for number in range(31)]]),
        event(dimensions=[["Place"]] * 31, metrics=[{"Name": "Orders"}] * 100),
        json.dumps({"_aws": {"Timestamp": NOW_MS}}).encode(),
        json.dumps({"_aws": {"Timestamp": NOW_MS, "CloudWatchMetrics": [1]}}).encode(),
    ],
)
def test_what_is_malformed_makes_no_metrics_at_all(printed: bytes) -> None:
    with pytest.raises(Malformed):
        embedded(printed, NOW_MS)


def written(folder: Path, is_json: bool, *entries: tuple[bytes, int, Any]) -> tuple[list[Embedded], list[int]]:
    """What a log's writer finds in what one stream is given, and how important what it had to say was."""
    found: list[Embedded] = []
    told: list[int] = []
    writer = LogWriter(str(folder / "logs.db"), 1 << 24, lambda level, _: told.append(level), found.extend)
    row = ("group", "name", "f", "$LATEST", "x86_64", 512, "123456789012", "us-east-1")
    all_entries: list[Entry] = [(0, NOW_MS, b"", OPENED, (row, is_json, int(Level.TRACE)))]
    all_entries += [(0, NOW_MS, data, kind, detail) for data, kind, detail in entries]
    writer.write(all_entries, True)
    writer.close()
    return found, told


OF_F = ("123456789012", "us-east-1", *ORDERS)


@pytest.mark.parametrize("is_json", [False, True])
def test_the_logs_writer_finds_them_in_lines_that_come_in_pieces_and_in_records(tmp_path: Path, is_json: bool) -> None:
    line = event()
    found, told = written(
        tmp_path,
        is_json,
        (b"hello\n" + line[:30], PRINTED, None),
        (line[30:] + line + b"{}\n", PRINTED, None),
        (line, LOGGED, None),
        (event(at=0), LOGGED, None),
    )

    assert found == [OF_F] * 3
    assert told == [10]


def test_a_little_that_means_much_is_bounded(tmp_path: Path) -> None:
    many = event(
        dimensions=[["Place"]] * 30, metrics=[{"Name": f"m{n}"} for n in range(100)], **{f"m{n}": 1 for n in range(100)}
    )
    found, told = written(tmp_path, False, (many * 50, PRINTED, None))

    assert len(found) <= MOST_METRICS + MOST_POINTS
    assert told == [WARNING]
