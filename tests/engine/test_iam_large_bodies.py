"""Who asks for the first time with a large body holds up nobody: it is read beside the loop, by boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from iam_rig import ACCOUNT, SECRET, Account, allow
from own import own_emulator

LIMIT_S = 30
RECORD = {"Data": b"x", "PartitionKey": "p"}
MUCH = b'{"StreamName": "large", "Records": [{"Data": "eA==", "PartitionKey": "p"}], "More": [%s]}' % (
    b",".join([b'{"a": 1}'] * 500_000)
)
HELD_S = 0.008
"""To hash a body of so much alone takes longer."""


@pytest.fixture(scope="module", params=["warn", "enforce"])
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("large"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam=request.param) as lam:
        account = Account(lam, ACCOUNT)
        account.root.client("kinesis").create_stream(StreamName="large", ShardCount=8)
        yield account


def on_loop_s(account: Account, work: Callable[[], Any]) -> float:
    """CPU of the loop until it is done."""
    loop = account.lam.emulator.loop
    before_s = loop.ask(time.thread_time, LIMIT_S)
    work()
    return loop.ask(time.thread_time, LIMIT_S) - before_s


def more(request: Any, **_: Any) -> None:
    request.data = MUCH


def test_a_large_body_of_a_newcomer_is_read_beside_the_loop(account: Account) -> None:
    took: dict[str, list[float]] = {"first": [], "again": []}
    for number in range(3):
        user = account.user(f"new-{number}", allow("kinesis:PutRecords"))
        kinesis = user.client("kinesis")
        kinesis.meta.events.register("before-sign.kinesis.PutRecords", more)

        def put(kinesis: Any = kinesis) -> None:
            assert kinesis.put_records(StreamName="large", Records=[RECORD])["Records"]

        for seconds in took.values():
            seconds.append(on_loop_s(account, put))

    assert min(took["first"]) - min(took["again"]) < HELD_S
