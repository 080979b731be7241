"""Queues as a kind of source: which of them are there, and who is asked for them."""

from __future__ import annotations

from lambda_emu.clock import Clock
from lambda_emu.event_sources.poller import Source
from lambda_emu.event_sources.sqs.elsewhere import QueueElsewhere, visibility_s
from lambda_emu.event_sources.sqs.own import OwnQueue
from lambda_emu.event_sources.sqs.poller import QueueSource
from lambda_emu.http.loop import Loop
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.refusals import QueueMissing, QueueUnreachable, VisibilityTooShort
from lambda_emu.services.clients import Call
from lambda_emu.services.sqs.local import LocalQueues


class OwnQueues:
    """event_sources.driver.PolledKind of the queues that this server has."""

    def __init__(self, queues: LocalQueues, loop: Loop, clock: Clock) -> None:
        self._queues = queues
        self._loop = loop
        self._clock = clock

    def open(self, mapping: EventSourceMapping) -> Source:
        assert mapping.source_arn is not None, "a queue has one"
        return QueueSource(mapping, OwnQueue(mapping.source_arn, self._queues, self._loop, self._clock))

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        queue = self._queues.record(mapping.source_arn or "")
        if queue is None:
            raise QueueMissing
        _check_visibility(queue.number("VisibilityTimeout"), timeout_s)

    def forget(self, uuid: str) -> None:
        """Queues know nothing of mappings."""


class QueuesElsewhere:
    """event_sources.driver.PolledKind of queues that somebody else serves."""

    def __init__(self, call: Call, loop: Loop) -> None:
        self._call = call
        self._loop = loop

    def open(self, mapping: EventSourceMapping) -> Source:
        assert mapping.source_arn is not None, "a queue has one"
        return QueueSource(mapping, QueueElsewhere(mapping.source_arn, self._call, self._loop))

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        try:
            found_s = visibility_s(self._call, mapping.source_arn or "")
        except ConnectionError as error:
            raise QueueUnreachable(str(error)) from error
        except Exception as error:
            if "NonExistentQueue" in str(error) or "does not exist" in str(error):
                raise QueueMissing from error
            raise QueueUnreachable(str(error)) from error
        _check_visibility(found_s, timeout_s)

    def forget(self, uuid: str) -> None:
        """As of our own."""


def _check_visibility(queue_s: int, function_s: int) -> None:
    if queue_s < function_s:
        raise VisibilityTooShort(queue_s, function_s)
