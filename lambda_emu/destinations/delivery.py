"""What is to be delivered and where, as the work table keeps it until the target has it or it is given up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import FunctionId, service_in
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.failures import End, Failure
from lambda_emu.destinations.retries import RESULTS, Cause, RetryPolicy
from lambda_emu.store import WorkItem
from lambda_emu.store.work import insert
from lambda_emu.text.json_text import refusal

KIND = "delivery "
"""With the target's ARN behind it: each target's deliveries are a kind of work of their own."""
DESTINATION, DEAD_LETTERS = "DestinationDeliveryFailures", "DeadLetterErrors"
"""The metric that counts an attempt that failed."""
NOT_COUNTED = ""
NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
NO_ATTRIBUTES: Mapping[str, tuple[str, str]] = MappingProxyType({})


class Delivery(Struct, frozen=True):
    """One message for one target. id: of its own among all work. function: whose result it is.

    about: what it is called in the log, as an event's request id. metric: DESTINATION or DEAD_LETTERS; NOT_COUNTED: of
    what no function has caused. trace: the tracing header that goes with it. attributes: of a message to a queue or
    topic, type and value by name. key: of an object in a bucket.
    prefix, split, middle, suffix: what stands around the payload to make the body of it. With a split, the payload is
    two texts of JSON, of which the first has so many bytes: prefix, first, middle, second, suffix.
    options: more of the request to the target's service, by the names of its members. policy: how long it is tried.
    by: in whose name; None: the function's own.
    last: code and text of the error of the last attempt, where its dead letter will tell it.
    created_s: steady seconds; attempts: made so far; brought_by: whose payload it shares. They are the table's.
    """

    id: str
    target: str
    function: FunctionId
    about: str
    metric: str = DESTINATION
    trace: str | None = None
    attributes: Mapping[str, tuple[str, str]] = NO_ATTRIBUTES
    key: str | None = None
    prefix: str = ""
    split: int | None = None
    middle: str = ""
    suffix: str = ""
    options: Mapping[str, str] = NO_OPTIONS
    policy: RetryPolicy = RESULTS
    last: tuple[str, str] | None = None
    by: Actor | None = None
    created_s: float = 0.0
    attempts: int = 0
    brought_by: str | None = None

    @property
    def service(self) -> str:
        """Of its target."""
        return service_in(self.target)

    def body(self, payload: bytes) -> bytes:
        """What is sent. payload: what the work table has for it."""
        if self.split is None:
            return b"".join((self.prefix.encode(), payload, self.suffix.encode()))
        first, second = payload[: self.split], payload[self.split :]
        return b"".join((self.prefix.encode(), first, self.middle.encode(), as_json(second), self.suffix.encode()))


def work_of(delivery: Delivery, now_s: float, payload: bytes | None = None, brought_by: str | None = None) -> WorkItem:
    """As work that is due now (steady seconds). payload: its own; else that of the work `brought_by`."""
    kind = KIND + delivery.target
    return WorkItem(delivery.id, kind, now_s, record_of(delivery), 0, now_s, brought_by=brought_by, payload=payload)


def record_of(delivery: Delivery) -> str:
    """What the table keeps of it besides its columns."""
    function = delivery.function
    record: list[object] = [
        [function.account, function.region, function.name, function.partition],
        delivery.about,
        delivery.metric,
        delivery.trace,
        {name: list(pair) for name, pair in delivery.attributes.items()},
        delivery.key,
        delivery.prefix,
        delivery.split,
        delivery.middle,
        delivery.suffix,
    ]
    by = delivery.by
    if delivery.policy is not RESULTS or delivery.options or by is not None:
        record += [dict(delivery.options), _policy_record(delivery.policy), delivery.last]
    if by is not None:
        record.append([by.service, by.source, by.role])
    return json.dumps(record)


def delivery_of(work: WorkItem) -> Delivery:
    """The way back, without the payload."""
    function, about, metric, trace, attributes, key, prefix, split, middle, suffix, *more = json.loads(work.record)
    options, policy, last, *by = more or (NO_OPTIONS, None, None)
    return Delivery(
        work.id,
        work.kind.removeprefix(KIND),
        FunctionId(*function),
        about,
        metric,
        trace,
        {name: (kind, value) for name, (kind, value) in attributes.items()},
        key,
        prefix,
        split,
        middle,
        suffix,
        options,
        RESULTS if policy is None else _policy_of(policy),
        None if last is None else (last[0], last[1]),
        Actor(*by[0]) if by else None,
        work.created_s,
        work.attempts,
        work.brought_by,
    )


def dead_letter(delivery: Delivery, failure: Failure, end: End, retries: int, id: str) -> Delivery | None:
    """What tells of one that was given up, with what it was to bring; None: nobody wants to hear of it.

    id: of its own. As work it is `brought_by` the delivery, or by what that was brought by.
    """
    policy, by = delivery.policy, delivery.by
    if policy.dead_letters is None:
        return None
    if by is not None and policy.cause is Cause.RULE:  # a target's role is for that alone
        by = replace(by, role="")
    attributes = policy.dead_letter_attributes(failure.code, str(failure), end, retries)
    about = f"the dead letter of {delivery.about}"
    return replace(
        delivery,
        id=id,
        target=policy.dead_letters,
        about=about,
        metric=NOT_COUNTED,
        attributes=attributes,
        options=NO_OPTIONS,
        policy=RESULTS,
        last=None,
        by=by,
    )


def _policy_record(policy: RetryPolicy) -> list[object]:
    return [
        policy.most_age_s,
        policy.most_retries,
        policy.dead_letters,
        policy.cause.value,
        dict(policy.attributes),
    ]


def _policy_of(record: list[Any]) -> RetryPolicy:
    most_age_s, most_retries, dead_letters, cause, attributes = record
    return RetryPolicy(most_age_s, most_retries, dead_letters, Cause(cause), attributes)


def put(connection: sqlite3.Connection, work: Iterable[WorkItem]) -> None:
    """Keep deliveries in a step of the store's writer that does other things too, as a checkpoint moves on.

    Whoever posted the step calls `Outbox.wake` once it is committed.
    """
    for each in work:
        insert(connection, each)


def targets_of(work: Sequence[WorkItem]) -> set[str]:
    return {each.kind.removeprefix(KIND) for each in work}


def timestamp(now_s: float) -> str:
    """As records have it: `2019-11-14T18:16:05.568Z`. now_s: as it is shown."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def object_key(owner: str, now_s: float, id: str) -> str:
    """Where in a bucket a record lies. owner: `async/<function>`, or `<mapping>/<shard>`."""
    day, time = datetime.fromtimestamp(now_s, UTC).strftime("%Y/%m/%d %Y-%m-%dT%H.%M.%S").split()
    return f"aws/lambda/{owner}/{day}/{time}-{id}"


def as_json(text: bytes) -> bytes:
    """Itself; what a custom runtime posted that is no JSON goes as a string."""
    if not text:
        return b"null"
    if refusal(text) is not None:
        return json.dumps(text.decode("utf-8", "replace")).encode()
    return text
