"""What becomes of a batch of a stream that did not succeed. docs/contract/events.md#polling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from lambda_emu.event_sources.poller import BatchVerdict, Record, Result

ATTEMPTS_EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"


class Batch(NamedTuple):
    """Records that go to the function together. attempts: how often they failed already."""

    records: Sequence[Record]
    attempts: int = 0


class Decision(Struct, frozen=True):
    """done: records that are behind us. again: batches that come next, in this order. given_up: records that are not
    tried any more, and so are behind us too, after so many invocations.
    """

    done: Sequence[Record] = ()
    again: Sequence[Batch] = ()
    given_up: Sequence[Record] = ()
    invocations: int = 0


def decide(batch: Batch, result: Result, settings: Mapping[str, Any]) -> Decision:
    """settings: the mapping's, by the names of the wire.

    Throttling and failures of ours use up no attempt, nor does splitting a batch in two.
    """
    records, attempts = batch
    if result.verdict is BatchVerdict.OK:
        return Decision(done=records)
    if result.verdict is BatchVerdict.REFUSED and result.passes:
        return Decision(again=[batch])
    done: Sequence[Record] = ()
    middle = len(records) // 2
    if result.verdict is BatchVerdict.PARTIAL:
        lowest = min(at for at, record in enumerate(records) if record.id in result.failed)
        done, records, middle = records[:lowest] or (), records[lowest:], 0
        attempts = 0 if done else attempts  # of another batch
    if settings.get("BisectBatchOnFunctionError") and middle:
        return Decision(again=[Batch(records[:middle], attempts), Batch(records[middle:], attempts)])
    most = settings.get("MaximumRetryAttempts", -1)
    if 0 <= most <= attempts:
        return Decision(done=done, given_up=records, invocations=attempts + 1)
    return Decision(done=done, again=[Batch(records, attempts + 1)])


def count_old(records: Sequence[Record], now_s: float, settings: Mapping[str, Any]) -> int:
    """So many at the beginning are older than MaximumRecordAgeInSeconds."""
    most_s = settings.get("MaximumRecordAgeInSeconds", -1)
    if most_s < 0:
        return 0
    count = 0
    while count < len(records) and now_s - records[count].place.at_s > most_s:
        count += 1
    return count
