"""Queues that somebody else serves, as event sources: another emulator, found by `--service sqs=…`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from own import OwnLam, free_port, own_emulator
from queue_rig import PRINTS, Invocations, Queues, queues_of
from waiting import Eventually

# Prints its event, and reports the messages that say so.
REPORTS = (
    PRINTS
    + """
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "report"]
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}
"""
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnLam, OwnLam]]:
    """One that has functions, and one that has the queues."""
    folder = tmp_path_factory.mktemp("both")
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()
    with (
        own_emulator(folder / "theirs", "process") as theirs,
        own_emulator(folder / "ours", "process", service=f"sqs={theirs.emulator.url}") as ours,
    ):
        yield ours, theirs


@pytest.fixture
def lam(both: tuple[OwnLam, OwnLam]) -> Iterator[OwnLam]:
    yield both[0]
    both[0].close()


@pytest.fixture
def queues(both: tuple[OwnLam, OwnLam]) -> Iterator[Queues]:
    """Theirs, with our mappings."""
    with queues_of(both[0], both[1].emulator.url) as queues:
        yield queues


def test_messages_come_in_batches_and_what_succeeded_is_deleted(
    lam: OwnLam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("elsewhere", REPORTS)
    url, arn = queues.create("elsewhere", VisibilityTimeout="600")
    attributes = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}}
    queues.send(url, "a", "report", "b", MessageAttributes=attributes)

    queues.map(arn, name, FunctionResponseTypes=["ReportBatchItemFailures"])
    eventually(lambda: queues.left(url) == 1, "that all but one are deleted")
    queues.send(url, "later")

    eventually(lambda: "later" in Invocations(lam, name).bodies(), "one that is waited for")
    told = Invocations(lam, name)
    assert sorted(told.bodies()) == ["a", "b", "later", "report"]
    [record] = [one for one in told.records() if one["body"] == "a"]
    assert record["messageAttributes"]["raw"]["binaryValue"] == "AAE="
    assert record["eventSourceARN"] == arn
    assert record["md5OfMessageAttributes"]


def test_groups_keep_their_order(lam: OwnLam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("elsewhere-fifo", PRINTS)
    url, arn = queues.create("elsewhere.fifo")
    queues.map(arn, name, BatchSize=3)

    for number in range(10):
        for group in "ab":
            queues.send(url, f"{group} {number}", MessageGroupId=group)

    eventually(lambda: len(Invocations(lam, name).bodies()) == 20, "all of them")
    bodies = Invocations(lam, name).bodies()
    for group in "ab":
        assert [one for one in bodies if one[0] == group] == [f"{group} {n}" for n in range(10)]


def test_what_is_not_there_or_hides_too_short_is_refused_as_of_our_own(lam: OwnLam, queues: Queues) -> None:
    name = lam.create("elsewhere-checks", PRINTS, Timeout=60)
    _, arn = queues.create("elsewhere-short", VisibilityTimeout="59")

    with pytest.raises(ClientError, match=r"SQS Error Code: AWS\.SimpleQueueService\.NonExistentQueue"):
        queues.map(arn.replace("short", "other"), name)
    with pytest.raises(ClientError, match="Queue visibility timeout: 59 seconds is less than Function timeout: 60"):
        queues.map(arn, name)


def test_more_queues_than_threads_all_come_to_their_turn(lam: OwnLam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("elsewhere-many", PRINTS)
    made = [queues.create(f"elsewhere-{number}") for number in range(20)]
    for _, arn in made:
        queues.map(arn, name)

    for number, (url, _) in enumerate(made):
        queues.send(url, str(number))

    eventually(lambda: sorted(Invocations(lam, name).bodies()) == sorted(map(str, range(20))), "one of each")


def test_while_it_is_gone_it_is_asked_ever_more_seldom_and_then_goes_on(tmp_path: Path, eventually: Eventually) -> None:
    """Its port stays the same."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with own_emulator(tmp_path / "ours", "process", service=f"sqs={url}") as ours:
        with own_emulator(tmp_path / "theirs", "process", port=port), queues_of(ours, url) as queues:
            name = ours.create("gone", PRINTS)
            _, arn = queues.create("gone")
            queues.map(arn, name)
            queues.forget()
        with own_emulator(tmp_path / "theirs", "process", port=port), queues_of(ours, url) as queues:
            queues.send(queues.client.get_queue_url(QueueName="gone")["QueueUrl"], "x")

            eventually(lambda: Invocations(ours, name).bodies() == ["x"], "a message after the break")
