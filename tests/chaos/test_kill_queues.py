"""SIGKILL at any moment while SDKs send, receive and delete: what was acknowledged is as it was said.

No message that was accepted is lost, none comes after its deletion was confirmed, groups keep their order, and what is
sent again to a FIFO queue, because nobody knows whether it arrived, is there once.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto_rig import client_at
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from own import Served, served
from waiting import eventually

MESSAGES, GROUPS, OF_GROUP = 10_000, 1_000, 5
PRODUCERS, CONSUMERS = 3, 3
"""So many for each of the two queues."""
KILLS = 10
SHORT_S = "20"
"""Visibility: what a consumer had at a kill comes again after it."""
LOST = (BotoCoreError, ClientError)


@dataclass
class Seen:
    """One message, by its body. Moments are numbers that grow: of what happened before and after an answer."""

    ids: set[str] = field(default_factory=set)
    received: list[int] = field(default_factory=list)
    """When each request was sent that brought it."""
    deleted: int | None = None
    """When the answer was there that it is."""


class Account:
    """What producers and consumers know; every method from any thread."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.unknown = 0
        self.order: list[str] = []
        self.messages: dict[str, Seen] = {}
        self._lock = threading.Lock()  # guards all of it; bookkeeping only
        self._moments = count()

    def now(self) -> int:
        with self._lock:
            return next(self._moments)

    def accept(self, bodies: Sequence[str]) -> None:
        with self._lock:
            self.accepted.update(bodies)

    def receive(self, asked: int, messages: Sequence[dict[str, Any]]) -> None:
        with self._lock:
            for one in messages:
                seen = self.messages.setdefault(one["Body"], Seen())
                if not seen.received:
                    self.order.append(one["Body"])
                seen.ids.add(one["MessageId"])
                seen.received.append(asked)

    def delete(self, bodies: Sequence[str]) -> None:
        with self._lock:
            for body in bodies:
                self.messages[body].deleted = next(self._moments)

    @property
    def deleted(self) -> int:
        with self._lock:
            return sum(one.deleted is not None for one in self.messages.values())

    def came_back(self) -> list[str]:
        """Messages that were asked for and came after somebody had heard that they are deleted."""
        return [
            body
            for body, one in self.messages.items()
            if one.deleted is not None and any(asked > one.deleted for asked in one.received)
        ]

    def groups(self) -> dict[str, list[int]]:
        """The numbers of each group, by when they came first."""
        found: dict[str, list[int]] = {}
        for body in self.order:
            group, number = body.split()
            found.setdefault(group, []).append(int(number))
        return found


class Servers:
    """The one that lives, if one does; whoever lost his waits for the next."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._url: str | None = None
        self.over = False

    def client(self) -> Any:
        """None: there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._url is not None or self.over)
            url = self._url
        if self.over or url is None:
            return None
        config = Config(retries={"total_max_attempts": 1}, read_timeout=30)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.session.Session().client("sqs", endpoint_url=url, region_name="us-east-1", config=config, **keys)

    def set(self, url: str | None) -> None:
        with self._changed:
            self._url = url
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.over = True
            self._changed.notify_all()


def until_over(servers: Servers, act: Callable[[Any], bool]) -> None:
    """Call it with a client as long as it wants; with another one after each kill."""
    while (client := servers.client()) is not None:
        try:
            while act(client):
                if servers.over:
                    return
            return
        except LOST:
            pass
        finally:
            client.close()


def produce_plain(servers: Servers, account: Account, numbers: Iterator[int], limit: int) -> None:
    """Ten at a time. What nobody knows of is not sent again."""

    def send(client: Any) -> bool:
        bodies = [f"plain {number}" for number in (next(numbers) for _ in range(10)) if number < limit]
        if not bodies:
            return False
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
        try:
            told = client.send_message_batch(QueueUrl=url_of(client, "jobs"), Entries=entries)
        except LOST:
            account.unknown += len(bodies)
            raise
        account.accept([bodies[int(one["Id"])] for one in told["Successful"]])
        return True

    until_over(servers, send)


def produce_groups(servers: Servers, account: Account, mine: Sequence[int]) -> None:
    """Each message of a group after the one before it; what nobody knows of is sent again."""
    left = [(group, number) for number in range(OF_GROUP) for group in mine]
    left.reverse()

    def send(client: Any) -> bool:
        if not left:
            return False
        some = left[-10:]
        entries = [
            {
                "Id": f"{group}-{number}",
                "MessageBody": f"{group} {number}",
                "MessageGroupId": str(group),
                "MessageDeduplicationId": f"{group}-{number}",
            }
            for group, number in reversed(some)
        ]
        told = client.send_message_batch(QueueUrl=url_of(client, "jobs.fifo"), Entries=entries)
        account.accept([one["Id"].replace("-", " ") for one in told["Successful"]])
        del left[-10:]
        return True

    until_over(servers, send)


def consume(servers: Servers, account: Account, name: str) -> None:
    def take(client: Any) -> bool:
        url, asked = url_of(client, name), account.now()
        got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        account.receive(asked, got)
        if got:
            entries = [{"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]} for place, one in enumerate(got)]
            told = client.delete_message_batch(QueueUrl=url, Entries=entries)
            account.delete([got[int(one["Id"])]["Body"] for one in told.get("Successful", ())])
        return True

    until_over(servers, take)


def url_of(client: Any, name: str) -> str:
    return f"{client.meta.endpoint_url}/000000000000/{name}"


@contextmanager
def working(servers: Servers, plain: Account, grouped: Account) -> Iterator[None]:
    numbers = count()
    threads = ThreadPoolExecutor(2 * (PRODUCERS + CONSUMERS))
    work = [
        *(threads.submit(produce_plain, servers, plain, numbers, MESSAGES) for _ in range(PRODUCERS)),
        *(
            threads.submit(produce_groups, servers, grouped, range(first, GROUPS, PRODUCERS))
            for first in range(PRODUCERS)
        ),
        *(threads.submit(consume, servers, plain, "jobs") for _ in range(CONSUMERS)),
        *(threads.submit(consume, servers, grouped, "jobs.fifo") for _ in range(CONSUMERS)),
    ]
    try:
        yield
    finally:
        servers.end()
        threads.shutdown()
        for one in work:
            one.result()


def left(lam: Served, name: str) -> int:
    client = client_at(lam.url, "sqs")
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    found = client.get_queue_attributes(QueueUrl=url_of(client, name), AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def all_gone(lam: Served, plain: Account, grouped: Account) -> bool:
    """Whether nothing is left to do, which may be before the last kill."""
    return all_sent(plain, grouped) and not left(lam, "jobs") and not left(lam, "jobs.fifo")


def all_sent(plain: Account, grouped: Account) -> bool:
    return len(grouped.accepted) == GROUPS * OF_GROUP and len(plain.accepted) + plain.unknown >= MESSAGES


def create(lam: Served) -> None:
    client = client_at(lam.url, "sqs")
    client.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": SHORT_S})
    client.create_queue(QueueName="jobs.fifo", Attributes={"VisibilityTimeout": SHORT_S, "FifoQueue": "true"})


@pytest.mark.slow
def test_queues_keep_what_they_said_whenever_their_server_is_killed(tmp_path: Path) -> None:
    plain, grouped, servers = Account(), Account(), Servers()
    share = (MESSAGES + GROUPS * OF_GROUP) // KILLS
    with working(servers, plain, grouped):
        for life in range(KILLS):
            with served(tmp_path, "process") as lam:
                if not life:
                    create(lam)
                enough = plain.deleted + grouped.deleted + random.randint(1, share)
                servers.set(lam.url)
                eventually(
                    lambda: plain.deleted + grouped.deleted >= enough or all_gone(lam, plain, grouped),  # noqa: B023
                    "messages to be deleted",
                )
                lam.process.kill()
                servers.set(None)
        with served(tmp_path, "process") as lam:
            servers.set(lam.url)
            eventually(lambda: all_sent(plain, grouped), "all messages to be sent")
            eventually(lambda: all_gone(lam, plain, grouped), "empty queues")

    for name, account in (("standard", plain), ("FIFO", grouped)):
        often = Counter(len(one.received) for one in account.messages.values())
        print(f"{name}: {len(account.accepted)} accepted, {account.unknown} unknown, received so often: {dict(often)}")
        assert account.accepted - set(account.messages) == set()
        assert account.came_back() == []
    assert {len(one.ids) for one in (*plain.messages.values(), *grouped.messages.values())} == {1}
    assert [numbers for numbers in grouped.groups().values() if numbers != list(range(OF_GROUP))] == []
    assert len(plain.accepted) > MESSAGES // 2
