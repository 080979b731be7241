"""FIFO topics of SNS: messages in their order, and the same one once in five minutes, over the end of the process."""

from __future__ import annotations

import sqlite3
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct

from lambda_emu.services.child.program.clock import clock

REMEMBERED_S = 300.0
"""The same message to a FIFO topic is accepted once in so long."""
FILE = "published.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS published (
    topic TEXT NOT NULL, deduplication TEXT NOT NULL, sent_s REAL NOT NULL, message_id TEXT NOT NULL,
    PRIMARY KEY (topic, deduplication)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_time ON published (sent_s);
"""


class FifoPlace(Struct, frozen=True):
    """What a message to a FIFO topic says of its place."""

    group: str | None
    deduplication: str
    sequence: str


class Topics:
    """Publishes in the order of a FIFO topic, and nothing twice. moto's own keeps all that was ever published."""

    def __init__(self, folder: Path | None) -> None:
        """folder: where it is kept what was sent; None: in memory."""
        self._lock = threading.RLock()  # one message to FIFO topics at a time; held while queues are sent it
        self._last = 0
        file = ":memory:" if folder is None else str(folder / FILE)
        self._published = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._published.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def publish(self, topic: Any, message: str, **more: Any) -> str:
        """In place of moto's; its id."""
        group, said = more.pop("group_id", None), more.pop("deduplication_id", None)
        if not topic.fifo_topic:
            return self._send(topic, message, **more)
        deduplication = said or sha256(message.encode()).hexdigest()
        with self._lock:
            known = self._known(topic.arn, deduplication)
            if known is not None:
                return known
            self._last = max(self._last + 1, time.time_ns())
            order = FifoPlace(group, deduplication, f"1{self._last:019d}")
            message_id = self._send(topic, message, order=order, **more)
            # Afterwards: a kill between the two has it sent again, to queues that know it by its id, and never lost.
            self._published.execute(
                "INSERT INTO published VALUES (?, ?, ?, ?)", (topic.arn, deduplication, clock.now_s(), message_id)
            )
            return message_id

    def _known(self, topic_arn: str, deduplication: str) -> str | None:
        """Of what was sent in the last five minutes; all else is forgotten."""
        now_s = clock.now_s()
        self._published.execute("DELETE FROM published WHERE sent_s < ? OR sent_s > ?", (now_s - REMEMBERED_S, now_s))
        found = self._published.execute(
            "SELECT message_id FROM published WHERE topic = ? AND deduplication = ?", (topic_arn, deduplication)
        ).fetchone()
        return None if found is None else str(found[0])

    def _send(self, topic: Any, message: str, **more: Any) -> str:
        message_id = str(uuid4())
        for subscription in topic.sns_backend._get_topic_subscriptions(topic):
            subscription.publish(message, message_id, **more)
        return message_id
