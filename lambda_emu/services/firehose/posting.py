"""Records are posted to an HTTP endpoint, and are errors if it never takes them. On workers.

docs/contract/events.md#firehose.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from ssl import create_default_context
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.services.firehose import table
from lambda_emu.services.firehose.endpoint import Endpoint
from lambda_emu.services.firehose.judging import Failure
from lambda_emu.services.firehose.naming import same_id
from lambda_emu.services.firehose.objects import NotPut, Written
from lambda_emu.services.firehose.stream import Buffer, Waiting
from lambda_emu.services.firehose.table import NewRow, Row

OUT = Waiting(Buffer.OUT)
FAILED = "http-endpoint-failed"
ANSWER_LIMIT_S = 180.0
MOST_ANSWER_BYTES = 1 << 20
TOO_LARGE = 413
"""The only answer after which it is not tried again."""
SHOWN = 1000


class Post(Struct, frozen=True):
    """One request. now_ms: as it is told. last: the number of the last record, of one that was tried."""

    stream: int
    arn: str
    endpoint: Endpoint
    now_ms: int
    last: int | None


class Refused(NotPut):
    """What it was answered, or why not. is_final: it is not to be tried again."""

    def __init__(self, failure: Failure, last: int | None, *, is_final: bool = False) -> None:
        super().__init__(failure.text, last)
        self.failure = failure
        self.is_final = is_final


class _Said(Struct):
    requestId: str


def post(order: Post, database: Path) -> Written | None:
    """None: nothing waits. Blocks. NotPut, Refused.

    The same records have the same id of a request, by which an endpoint knows one that it has taken already.
    """
    try:
        rows = list(table.rows(database, order.stream, OUT, order.endpoint.size, order.last))
    except sqlite3.Error as error:
        raise NotPut(error, order.last) from error
    if not rows:
        return None
    last = rows[-1].number
    id = same_id(f"{order.stream} {rows[0].number} {last}")
    body = encode({"requestId": id, "timestamp": order.now_ms, "records": [{"data": row.data} for row in rows]})
    try:
        status, said = _ask(order, id, gzip.compress(body, mtime=0) if order.endpoint.is_packed else body)
    except (OSError, HTTPException, ValueError) as error:
        raise Refused(Failure("HttpEndpoint.ConnectionFailed", f"No response: {error}"), last) from error  # (?)
    if status != 200 or not _is_taken(said, id):
        text = f"Received the following response from the endpoint destination. {said[:SHOWN].decode(errors='replace')}"
        raise Refused(Failure("HttpEndpoint.DestinationException", text), last, is_final=status == TOO_LARGE)
    return Written(last, len(rows), sum(row.size for row in rows))


def given_up(
    order: Post, database: Path, failure: Failure, attempts: int, since_s: float
) -> tuple[Written, Sequence[NewRow]]:
    """The records of a request that nobody takes, as errors. order: with its last. Blocks. sqlite3.Error."""
    rows = list(table.rows(database, order.stream, OUT, order.endpoint.size, order.last))
    lines = [(row, _line(row, failure, attempts, order.now_ms)) for row in rows]
    failed = [
        NewRow(order.stream, Buffer.FAILED, FAILED, row.at_ms, since_s, len(line), None, line) for row, line in lines
    ]
    return Written(order.last or 0, len(rows), sum(row.size for row in rows)), failed


def _line(row: Row, failure: Failure, attempts: int, ended_ms: int) -> bytes:
    line = {
        "attemptsMade": attempts,
        "arrivalTimestamp": row.at_ms,
        "errorCode": failure.code,
        "errorMessage": failure.text,
        "attemptEndingTimestamp": ended_ms,
        "rawData": row.data,
    }
    return encode(line) + b"\n"


def _ask(order: Post, id: str, body: bytes) -> tuple[int, bytes]:
    at = urlsplit(order.endpoint.url)
    with closing(_connection(at.scheme, at.hostname or "", at.port)) as connection:
        path = (at.path or "/") + (f"?{at.query}" if at.query else "")
        connection.request("POST", path, body, _headers(order, id))
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_ANSWER_BYTES)


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=ANSWER_LIMIT_S, context=create_default_context())
    return HTTPConnection(host, port, timeout=ANSWER_LIMIT_S)


def _headers(order: Post, id: str) -> Mapping[str, str]:
    endpoint = order.endpoint
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": id,
        "X-Amz-Firehose-Source-Arn": order.arn,
    }
    if endpoint.access_key:
        headers["X-Amz-Firehose-Access-Key"] = endpoint.access_key
    if endpoint.attributes:
        headers["X-Amz-Firehose-Common-Attributes"] = encode({"commonAttributes": endpoint.attributes}).decode()
    if endpoint.is_packed:
        headers["Content-Encoding"] = "gzip"
    return headers


def _is_taken(said: bytes, id: str) -> bool:
    try:
        return decode(said, type=_Said).requestId == id
    except (ValueError, RecursionError):
        return False
