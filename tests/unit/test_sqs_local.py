"""SQS as other rooms of the process use it: woken when there is something, without HTTP, with the same checks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import pytest
from ground_rig import ACCOUNT, REGION
from sqs_rig import ARN, Sqs, sqs

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.services.sqs.errors import NoSuchQueue, NotInFlight
from lambda_emu.services.sqs.local import LocalQueues
from lambda_emu.services.sqs.message import Received

__all__ = ["sqs"]

JOBS = f"{ARN}jobs"
WITHIN_S = 10


class Consumer:
    """A room that is woken by one queue."""

    def __init__(self, sqs: Sqs, arn: str = JOBS) -> None:
        self.sqs, self.arn = sqs, arn
        self.queues = LocalQueues(sqs.queues, sqs.clock)
        self.woken = threading.Event()
        self.stop = self._on_loop(lambda: self.queues.listen(arn, self.woken.set))

    def was_woken(self) -> bool:
        """Whether it was since it was asked last; what is on the loop by now is over before."""
        self._on_loop(lambda: None)
        woken = self.woken.is_set()
        self.woken.clear()
        return woken

    def fetch(self, limit: int = 10, **wanted: Any) -> list[Received]:
        got: list[Received] = self._told(lambda told: self.queues.receive(self.arn, limit, told, **wanted))
        return got

    def bodies(self, limit: int = 10, **wanted: Any) -> list[str]:
        return [one.content.body for one in self.fetch(limit, **wanted)]

    def delete(self, *messages: Received) -> list[tuple[str, LambdaError]]:
        handles = [one.handle for one in messages]
        failed: list[tuple[str, LambdaError]] = self._told(lambda told: self.queues.delete(self.arn, handles, told))
        return failed

    def show_in(self, visibility_s: float, *messages: Received) -> list[tuple[str, LambdaError]]:
        handles = [one.handle for one in messages]
        failed: list[tuple[str, LambdaError]] = self._told(
            lambda told: self.queues.change_visibility(self.arn, handles, visibility_s, told)
        )
        return failed

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        scope = Scope(ACCOUNT, REGION)
        got: Mapping[str, Any] = self._told(lambda told: self.queues.call(operation, parameters, scope, told))
        return got

    def _told(self, begin: Callable[[Callable[[LambdaError | None, Any], None]], None]) -> Any:
        future: Future[Any] = Future()

        def told(error: LambdaError | None, result: Any) -> None:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self._on_loop(lambda: begin(told))
        return future.result(WITHIN_S)

    def _on_loop(self, act: Callable[[], Any]) -> Any:
        return self.sqs.loop.ask(act, WITHIN_S)


@pytest.fixture
def jobs(sqs: Sqs) -> Consumer:
    """Woken by the queue `jobs`, which is there and empty."""
    sqs.create("jobs")
    return Consumer(sqs)


def url(sqs: Sqs, name: str = "jobs") -> str:
    return f"http://127.0.0.1:{sqs.port}/{ACCOUNT}/{name}"


def test_who_listens_is_woken_by_each_message_and_not_when_there_is_none(sqs: Sqs, jobs: Consumer) -> None:
    nothing = jobs.was_woken()
    sqs.send(url(sqs), "one")
    first = jobs.was_woken()
    one = jobs.fetch()
    meanwhile = jobs.was_woken()
    sqs.send(url(sqs), "two")

    assert (nothing, first, meanwhile, jobs.was_woken()) == (False, True, False, True)
    assert [it.content.body for it in one] == ["one"]
    assert jobs.bodies() == ["two"]


def test_who_listens_is_woken_by_what_was_there_before_him_and_by_a_queue_made_later(sqs: Sqs) -> None:
    sqs.send(sqs.create("jobs"), "early")
    before = Consumer(sqs)
    later = Consumer(sqs, f"{ARN}later")
    nothing = later.was_woken()
    sqs.send(sqs.create("later"), "late")

    assert (before.was_woken(), nothing, later.was_woken()) == (True, False, True)
    assert (before.bodies(), later.bodies()) == (["early"], ["late"])


def test_who_listens_is_woken_when_a_delay_or_a_visibility_timeout_is_over(sqs: Sqs, jobs: Consumer) -> None:
    sqs.send(url(sqs), "delayed", DelaySeconds=60)
    early = jobs.was_woken()
    sqs.clock.advance(60)
    delayed = jobs.was_woken()
    got = jobs.fetch(visibility_s=45)
    sqs.clock.advance(44)
    hidden = jobs.was_woken()
    sqs.clock.advance(1)
    again = jobs.was_woken()

    assert (early, delayed, hidden, again) == (False, True, False, True)
    assert [one.content.body for one in got] == jobs.bodies() == ["delayed"]


def test_who_listens_is_woken_by_what_others_left_or_gave_back(sqs: Sqs, jobs: Consumer) -> None:
    sqs.send(url(sqs), "one", "two")
    jobs.was_woken()
    [other] = sqs.receive(url(sqs), 1)
    mine = jobs.bodies()
    sqs.client.change_message_visibility(QueueUrl=url(sqs), ReceiptHandle=other["ReceiptHandle"], VisibilityTimeout=0)

    assert jobs.was_woken()
    assert (mine, jobs.bodies()) == (["two"], ["one"])


@pytest.mark.parametrize("end", ["delete", "show", "purge"])
def test_who_listens_to_a_fifo_queue_is_woken_when_a_group_is_free(sqs: Sqs, end: str) -> None:
    sqs.create("jobs.fifo", ContentBasedDeduplication="true")
    jobs = Consumer(sqs, f"{ARN}jobs.fifo")
    sqs.send(url(sqs, "jobs.fifo"), "one", "two", MessageGroupId="g")
    [first] = jobs.fetch(1)
    jobs.was_woken()
    sqs.send(url(sqs, "jobs.fifo"), "three", MessageGroupId="g")
    locked = jobs.was_woken()

    if end == "delete":
        jobs.delete(first)
    elif end == "show":
        jobs.show_in(0, first)
    else:
        sqs.client.purge_queue(QueueUrl=url(sqs, "jobs.fifo"))
        sqs.send(url(sqs, "jobs.fifo"), "four", MessageGroupId="g")

    assert (locked, jobs.was_woken()) == (False, True)
    after = {"delete": ["two", "three"], "show": ["one", "two", "three"], "purge": ["four"]}
    assert jobs.bodies() == after[end]


def test_who_listens_to_a_dead_letter_queue_is_woken_by_what_comes_there(sqs: Sqs) -> None:
    sqs.create("dead")
    dead = Consumer(sqs, f"{ARN}dead")
    redrive = f'{{"deadLetterTargetArn":"{ARN}dead","maxReceiveCount":1}}'
    jobs = sqs.create("jobs", RedrivePolicy=redrive, VisibilityTimeout="0")
    sqs.send(jobs, "poison")
    sqs.receive(jobs)
    early = dead.was_woken()
    sqs.receive(jobs)

    assert (early, dead.was_woken()) == (False, True)
    assert dead.bodies() == ["poison"]


def test_nobody_is_woken_who_stopped_listening_and_a_waiting_client_comes_first(sqs: Sqs, jobs: Consumer) -> None:
    other = Consumer(sqs)
    other.stop()
    waiting: list[str] = []
    client = threading.Thread(target=lambda: waiting.extend(sqs.bodies(url(sqs), WaitTimeSeconds=20)))
    client.start()
    while not sqs.loop.ask(lambda: sqs.queues.is_awaited(JOBS), WITHIN_S):
        pass
    sqs.send(url(sqs), "for the client")
    client.join(WITHIN_S)

    assert waiting == ["for the client"]
    assert (jobs.was_woken(), other.was_woken()) == (False, False)
    sqs.send(url(sqs), "for who listens")
    assert (jobs.was_woken(), other.was_woken()) == (True, False)


def test_any_number_is_received_and_settled_at_once_up_to_so_many_bytes(sqs: Sqs, jobs: Consumer) -> None:
    for start in range(0, 40, 10):
        entries = [{"Id": str(number), "MessageBody": f"{number:01000}"} for number in range(start, start + 10)]
        sqs.client.send_message_batch(QueueUrl=url(sqs), Entries=entries)

    some = jobs.fetch(100, most_bytes=5_500)
    rest = jobs.fetch(100)
    failed = jobs.delete(*some, *rest[:30])
    jobs.show_in(0, *rest[30:])

    assert (len(some), len(rest), failed) == (5, 35, [])
    assert jobs.bodies(100) == [f"{number:01000}" for number in range(35, 40)]


def test_what_cannot_be_settled_is_told_by_its_handle_and_leaves_the_rest(sqs: Sqs, jobs: Consumer) -> None:
    sqs.send(url(sqs), "one", "two")
    first, second = jobs.fetch()
    sqs.clock.advance(31)

    [(handle, error)] = jobs.show_in(5, first, *jobs.fetch(1, visibility_s=60))

    assert (handle, type(error)) == (first.handle, NotInFlight)
    assert jobs.delete(first, second) == []
    assert sqs.attributes(url(sqs))["ApproximateNumberOfMessages"] == "0"


def test_a_queue_is_described_and_one_that_is_not_there_refused(sqs: Sqs, jobs: Consumer) -> None:
    record = jobs.queues.record(JOBS)
    nowhere = Consumer(sqs, f"{ARN}nowhere")

    assert record is not None
    assert (record.settings["VisibilityTimeout"], record.is_fifo, record.redrive) == ("30", False, None)
    assert nowhere.queues.record(f"{ARN}nowhere") is None
    with pytest.raises(NoSuchQueue) as refused:
        nowhere.fetch()
    assert refused.value.query_code == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(NoSuchQueue):
        nowhere.delete()


def test_every_operation_can_be_called_with_the_checks_of_the_wire(sqs: Sqs, jobs: Consumer) -> None:
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    sent = jobs.call("SendMessage", QueueUrl=url(sqs), MessageBody="x", MessageSystemAttributes=trace)
    [got] = jobs.fetch()

    assert got.id == sent["MessageId"]
    assert got.system(is_fifo=False)["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]
    assert jobs.call("DeleteMessage", QueueUrl=url(sqs), ReceiptHandle=got.handle) == {}
    with pytest.raises(LambdaError, match="Message must be shorter than 1048576 bytes"):
        jobs.call("SendMessage", QueueUrl=url(sqs), MessageBody="x" * (1024 * 1024 + 1))
    with pytest.raises(LambdaError, match="MessageBody"):
        jobs.call("SendMessage", QueueUrl=url(sqs), MessageBody=7)
    with pytest.raises(LambdaError, match="The action Nothing is not valid"):
        jobs.call("Nothing")
