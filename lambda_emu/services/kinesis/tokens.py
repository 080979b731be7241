"""What clients are given to come back with: iterators and tokens of lists. They outlive the server, and say when they
were made."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime
from typing import TypeVar
from zlib import crc32

from msgspec import DecodeError, Struct
from msgspec.msgpack import Decoder, Encoder

from lambda_emu.services.kinesis.errors import ExpiredIterator, ExpiredToken, InvalidArgument

KEPT_MS = 300_000
_VERSION = b"\0\0\0\0\0\0\0\1"
_encode = Encoder().encode
T = TypeVar("T", bound=Struct)


class Iterator(Struct, frozen=True, array_like=True):
    """Where in a shard reading goes on: at this number. made_ms: since the epoch."""

    account: str
    region: str
    stream: str
    created_ms: int
    shard: int
    number: int
    made_ms: int

    def __str__(self) -> str:
        return _written(self)


class ListToken(Struct, frozen=True, array_like=True):
    """Where a list goes on: after this."""

    account: str
    region: str
    stream: str
    after: str
    made_ms: int
    filter: str = ""

    def __str__(self) -> str:
        return _written(self)


_ITERATOR, _TOKEN = Decoder(Iterator), Decoder(ListToken)


def read_iterator(text: str, now_ms: int) -> Iterator:
    """InvalidArgument, ExpiredIterator."""
    found = _read(text, _ITERATOR)
    if found is None:
        raise InvalidArgument("Invalid ShardIterator.")
    if now_ms - found.made_ms > KEPT_MS:
        raise ExpiredIterator(_shown(found.made_ms), _shown(now_ms), KEPT_MS)
    return found


def read_token(text: str, now_ms: int) -> ListToken:
    """InvalidArgument, ExpiredToken."""
    found = _read(text, _TOKEN)
    if found is None:
        raise InvalidArgument("Invalid NextToken.")  # (?)
    if now_ms - found.made_ms > KEPT_MS:
        raise ExpiredToken
    return found


def stream_in(text: str, partition: str) -> str | None:
    """The ARN of the stream that an iterator or a token is of, however old; None: it is none of ours."""
    found: Iterator | ListToken | None = _read(text, _ITERATOR) or _read(text, _TOKEN)
    if found is None:
        return None
    return f"arn:{partition}:kinesis:{found.region}:{found.account}:stream/{found.stream}"


def _written(token: Struct) -> str:
    body = _encode(token)
    return b64encode(_VERSION + crc32(body).to_bytes(4) + body).decode()


def _read(text: str, decoder: Decoder[T]) -> T | None:
    try:
        data = b64decode(text.encode("ascii"), validate=True)
        if data[:8] != _VERSION or crc32(data[12:]).to_bytes(4) != data[8:12]:
            return None
        return decoder.decode(data[12:])
    except (ValueError, NotBase64, DecodeError):
        return None


def _shown(ms: int) -> str:
    """`Thu Jan 22 01:22:02 UTC 2015`."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
