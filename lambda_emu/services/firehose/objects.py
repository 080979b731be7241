"""Records become one object: written after each other, packed as the bucket wants it, and put there. On workers."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.http.executors import Workers
from lambda_emu.services.clients import Call
from lambda_emu.services.firehose import table
from lambda_emu.services.firehose.destination import Bucket
from lambda_emu.services.firehose.lane import NotDone
from lambda_emu.services.firehose.naming import Named, object_key
from lambda_emu.services.firehose.stream import Buffer, Waiting

OBJECTS = Workers("objects of Firehose", 4, 4096)
IN_MEMORY_BYTES = 1 << 20
"""Of an object; what is larger is gathered in a file."""
FAILED = "processing-failed"
ENCODINGS = {"GZIP": "gzip", "ZIP": "zip"}


class Writable(Protocol):
    """A file, or what packs what is written into one."""

    def write(self, data: bytes, /) -> int: ...


class Order(Struct, frozen=True):
    """One object that is to be made of what waits in a buffer.

    keys: of its partition. version: of the stream. last: the number of the last record, of an object that was tried.
    """

    scope: Scope
    stream: int
    name: str
    version: int
    waiting: Waiting
    bucket: Bucket
    is_delimited: bool
    keys: Mapping[str, str]
    last: int | None


class NotPut(NotDone):
    """The object that was tried ends with the record of this number; None: it did not come so far."""

    def __init__(self, why: object, last: int | None) -> None:
        super().__init__(str(why))
        self.last = last


class Written(Struct, frozen=True):
    """last: the number of the last record that is in the object."""

    last: int
    count: int
    size: int


class _Content:
    """The records of one object, while they are written. first: the first of them, when there is one."""

    def __init__(self, rows: Iterable[table.Row], *, is_delimited: bool) -> None:
        self.first: table.Row | None = None
        self.last = self.count = self.size = 0
        self._rows = rows
        self._is_delimited = is_delimited

    def write(self, file: Writable) -> None:
        for row in self._rows:
            if self.first is None:
                self.first = row
            elif self._is_delimited:
                file.write(b"\n")
            file.write(row.data)
            self.last, self.count, self.size = row.number, self.count + 1, self.size + row.size


def deliver(order: Order, database: Path, call: Call) -> Written | None:
    """Put the object; None: nothing waits. Blocks. NotPut.

    The same records make an object of the same name: one that was put and not told takes its own place.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # here: many servers never need it

    bucket, is_error = order.bucket, order.waiting.buffer is Buffer.FAILED
    compression = "UNCOMPRESSED" if is_error else bucket.compression
    rows = table.rows(database, order.stream, order.waiting, bucket.size, order.last)
    content = _Content(rows, is_delimited=order.is_delimited and not is_error)
    try:
        with SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(database.parent)) as file:
            with _packed(file, compression, order.name) as inside:
                content.write(inside)
            if content.first is None:
                return None
            file.seek(0)
            members = _members(order, content, content.first, compression)
            scope = order.scope
            call("s3", "PutObject", {**members, "Body": file}, account=scope.account, region=scope.region)
    except (ClientError, ConnectionError, BotoCoreError, OSError, sqlite3.Error) as error:
        raise NotPut(error, content.last or None) from error
    return Written(content.last, content.count, content.size)


def likely_key(order: Order, at_s: float) -> str:
    """How an object that is begun then may be named, but for what its records decide."""
    return _key(order, at_s, "")


def _members(order: Order, content: _Content, first: table.Row, compression: str) -> dict[str, Any]:
    bucket = order.bucket
    key = _key(order, first.at_ms / 1000, f"{first.number} {content.last} {first.at_ms}")
    members = {"Bucket": bucket.name, "Key": key, "ContentType": "application/octet-stream"}
    if compression in ENCODINGS:
        members["ContentEncoding"] = ENCODINGS[compression]
    if bucket.key_id is not None:
        members |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": bucket.key_id}
    return members


def _key(order: Order, at_s: float, records: str) -> str:
    bucket, buffer = order.bucket, order.waiting.buffer
    is_error = buffer is Buffer.FAILED
    seed, error_type = f"{order.stream} {buffer} {records}", (order.waiting.partition or FAILED) if is_error else None
    named = Named(order.name, order.version, at_s, bucket.zone, seed, error_type, order.keys)
    return object_key(bucket.error_prefix if is_error else bucket.prefix, named, "" if is_error else bucket.extension)


@contextmanager
def _packed(file: IO[bytes], compression: str, name: str) -> Iterator[Writable]:
    """What is written there is in the file afterwards. The same bytes whenever it is done."""
    if compression == "GZIP":
        with GzipFile(fileobj=file, mode="wb", mtime=0) as stream:
            yield stream
    elif compression == "ZIP":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as packed:
                yield packed
    else:
        yield file
