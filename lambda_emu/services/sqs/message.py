"""A message: what was sent, which never changes, and where it stands, which the loop keeps in memory."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode
from binascii import Error as NotBase64
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from hashlib import md5
from sys import intern

from msgspec import Struct
from msgspec.json import decode, encode

SOURCE = "DeadLetterQueueSourceArn"
"""What the system's attributes call the queue whose dead letter a message is."""

Attributes = Mapping[str, Mapping[str, str]]
"""By name: DataType with StringValue or BinaryValue, which is base64."""


class MessageState(Enum):
    """Where a message stands. A delayed one was never received; one in flight is visible again later."""

    DELAYED = auto()
    VISIBLE = auto()
    IN_FLIGHT = auto()

    __hash__ = object.__hash__  # an Enum's own is written in Python, and states are counted all the time


Row = tuple[str, str, str]
"""A content as the database and memory have it. Python's collector passes such a tuple over, be there many."""


class Content(Struct, frozen=True):
    """What was sent. system: what SQS says of it that never changes, such as SenderId and MessageGroupId."""

    body: str
    attributes: Attributes
    system: Mapping[str, str]

    def row(self) -> Row:
        return self.body, _text(self.attributes), _text(self.system)

    @classmethod
    def of_row(cls, body: str, attributes: str, system: str) -> Content:
        return cls(body, decode(attributes), decode(system))


class Draft(Struct, frozen=True):
    """A message to be sent. md5: of its body. delay_s: None: the queue's.

    key: in five minutes only one with the same is accepted.
    """

    content: Content
    size: int
    md5: str
    delay_s: int | None = None
    group: str | None = None
    key: str | None = None


class Message:
    """One of a queue, on the loop. number: its place in the order of all; never given twice.

    sent_s: of the clock that is shown; due_s: steady seconds when it is visible, unless it is. receives: so often;
    before: those of them in another queue. first_s: when it was received first, as sent_s; None: never.
    taken_s: steady seconds when it was received last. group: of a FIFO queue. source: the ARN of the queue whose dead
    letter it is. row: its content; None where that is on disk only. md5: of its body, if known.
    """

    __slots__ = (
        "before",
        "due_s",
        "first_s",
        "group",
        "id",
        "md5",
        "number",
        "receives",
        "row",
        "sent_s",
        "size",
        "source",
        "state",
        "taken_s",
    )

    def __init__(self, number: int, id: str, group: str | None, sent_s: float, due_s: float, size: int) -> None:
        self.number = number
        self.id = id
        self.group = group
        self.sent_s = sent_s
        self.due_s = due_s
        self.size = size
        self.receives = 0
        self.before = 0
        self.first_s: float | None = None
        self.taken_s = 0.0
        self.source: str | None = None
        self.state = MessageState.DELAYED
        self.row: Row | None = None
        self.md5: str | None = None

    def as_new(self, queue_id: int, content: Row) -> tuple[int, int, str, str | None, float, float, int, str, str, str]:
        """As `table.MessageRow`."""
        return queue_id, self.number, self.id, self.group, self.sent_s, self.due_s, self.size, *content


class Received(Struct, frozen=True, gc=False):
    """A message as a consumer has it. Times are of the clock that is shown. md5: of its body."""

    queue_id: int
    id: str
    number: int
    receives: int
    sent_s: float
    first_s: float
    row: Row
    md5: str

    @property
    def content(self) -> Content:
        return Content.of_row(*self.row)

    @property
    def handle(self) -> str:
        return handle_of(self.queue_id, self.number, self.receives, self.id)

    def system(self, *, is_fifo: bool) -> dict[str, str]:
        """What SQS says of it, as the `Attributes` of a message: SentTimestamp, ApproximateReceiveCount and so on."""
        told = {
            **decode(self.row[2]),
            "SentTimestamp": str(int(self.sent_s * 1000)),
            "ApproximateReceiveCount": str(self.receives),
            "ApproximateFirstReceiveTimestamp": str(int(self.first_s * 1000)),
        }
        return told | {"SequenceNumber": f"{self.number:020d}"} if is_fifo else told


class Handle(Struct, frozen=True):
    """What a receipt handle says: which message, and by which of its receives. It outlives a restart."""

    queue_id: int
    number: int
    receives: int
    message_id: str

    def __str__(self) -> str:
        return handle_of(self.queue_id, self.number, self.receives, self.message_id)

    @classmethod
    def parse(cls, text: str) -> Handle | None:
        """None: it is none of ours."""
        try:
            queue_id, number, receives, message_id = urlsafe_b64decode(text.encode("ascii")).decode("ascii").split(" ")
            found = cls(int(queue_id), int(number), int(receives), message_id)
        except (ValueError, NotBase64):
            return None
        return found if str(found) == text else None


def handle_of(queue_id: int, number: int, receives: int, message_id: str) -> str:
    """`Handle` as text. Of such text base64 has no characters that URLs would need other ones for."""
    return b2a_base64(f"{queue_id} {number} {receives} {message_id}".encode(), newline=False).decode()


def as_received(
    queue_id: int,
    taken: Sequence[Message],
    rows: Sequence[tuple[float, int, float | None, int]],
    found: Mapping[int, Row],
) -> list[Received]:
    """As they were when they were taken. found: contents that memory did not have; what was purged is not there."""
    received = []
    for message, (_, receives, first_s, number) in zip(taken, rows, strict=True):
        row = message.row or found.get(number)
        if row is not None:
            md5 = message.md5 or md5_of(row[0])
            received.append(Received(queue_id, message.id, number, receives, message.sent_s, first_s or 0.0, row, md5))
    return received


def md5_of(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Attributes) -> str:
    """As SDKs check it: names in order; of each the length and bytes of its name, type and value."""
    digest = md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        for text in (name.encode(), attribute["DataType"].encode()):
            digest.update(len(text).to_bytes(4, "big") + text)
        is_binary = "BinaryValue" in attribute
        value = b64decode(attribute["BinaryValue"]) if is_binary else attribute["StringValue"].encode()
        digest.update((b"\2" if is_binary else b"\1") + len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()


def _text(value: object) -> str:
    """Of thousands of messages that differ in their bodies alone it is one."""
    return intern(encode(value).decode())
