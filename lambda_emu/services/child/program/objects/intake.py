"""Takes an object or a part in before moto has its request: to a file, without what SDKs wrap it in, checked.

moto's request then has no body, and says nothing of how it came; `content_of` has what came.
"""

from __future__ import annotations

import io
import json
import os
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from typing import IO, Any

from lambda_emu.services.child.program.objects.bodies import SMALL_BYTES, Bodies, Body, pieces_of
from lambda_emu.services.child.program.objects.checksums import Sums, is_known
from lambda_emu.services.child.program.objects.content import Content

CONTENT = "lambda_emu.content"
"""Key of an environ: what came."""
HANDED, HANDED_FILE = "HTTP_X_LAMBDA_EMU_BODY", "lambda_emu.handed"
"""Keys of an environ: the name of a file that has the body, as no client can say; and the file."""
SUMS = "LAMBDA_EMU_SUMS"
"""Key of an environ that the journal keeps: its checksums, so that nobody reads it again for them."""
OTHER_BODIES = frozenset(("acl", "encryption", "legal-hold", "renameObject", "retention", "tagging", "torrent"))
"""What else can be put to the path of an object."""
CHECKSUM = "HTTP_X_AMZ_CHECKSUM_"
CHUNKED, SIGNED = "STREAMING-", "HTTP_X_AMZ_CONTENT_SHA256"
DECODED_LENGTH = "HTTP_X_AMZ_DECODED_CONTENT_LENGTH"
MOST_LINE_BYTES = 1024
MOST_TRAILERS = 16
MD5_BYTES = 16
Environ = dict[str, Any]


class BadBody(Exception):
    """Status 400, in S3's words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def open_handed(environ: Environ, bodies: Bodies) -> None:
    """Where the server put the body among ours instead of sending it, the request has it as if it were sent."""
    name = environ.pop(HANDED, None)
    if name is not None:
        file = (bodies.folder / name).open("rb")
        length = os.fstat(file.fileno()).st_size
        environ |= {"wsgi.input": file, "CONTENT_LENGTH": str(length), HANDED_FILE: bodies.folder / name}


def take_in(environ: Environ, bodies: Bodies) -> None:
    """Of no effect on a request that brings no object. BadBody, OSError: nothing of it is left."""
    if not _brings_object(environ):
        return
    length, source, trailers = int(environ.get("CONTENT_LENGTH") or 0), environ["wsgi.input"], dict[str, str]()
    is_chunked = environ.get(SIGNED, "").startswith(CHUNKED)
    sums = Sums({"MD5", *_algorithms(environ)})
    pieces = _seen(_chunks(source, trailers) if is_chunked else pieces_of(source, length), sums)
    if length <= SMALL_BYTES:
        body: Body | bytes = b"".join(pieces)
    elif HANDED_FILE in environ and not is_chunked:
        deque(pieces, 0)  # it is looked through, and is ours as it is
        body = bodies.take(environ[HANDED_FILE])
    else:
        body = bodies.keep(pieces)
    content = Content.of(body, sums.found())
    try:
        if is_chunked:
            _unwrap(environ, len(content), trailers)
        content = Content.of(body, sums.found() | _checked(environ, content))
    except BadBody:
        if not isinstance(body, bytes):
            bodies.remove(body)
        raise
    environ[SUMS] = json.dumps({name: value.hex() for name, value in content.sums.items()})
    give(environ, content)


def give(environ: Environ, content: Content) -> None:
    environ |= {CONTENT: content, "wsgi.input": io.BytesIO(), "wsgi.input_terminated": True}


def given_again(environ: Environ, body: bytes | str, bodies: Bodies) -> bool:
    """Whether what the journal has was taken in here. body: what came, or the name of its file."""
    if SUMS not in environ:
        return False
    sums = {name: bytes.fromhex(value) for name, value in json.loads(environ[SUMS]).items()}
    give(environ, Content.of(body if isinstance(body, bytes) else bodies.find(body), sums))
    return True


def content_of(environ: Environ) -> Content | None:
    """None: the request brings no object."""
    content: Content | None = environ.get(CONTENT)
    return content


def take_out(environ: Environ) -> Content | None:
    """The same, and the request does not hold it any more: it lives on in circles until somebody collects them."""
    content = content_of(environ)
    environ.pop(CONTENT, None)
    return content


def _brings_object(environ: Environ) -> bool:
    names = {pair.partition("=")[0] for pair in environ["QUERY_STRING"].split("&")}
    key = environ["PATH_INFO"].removeprefix("/").partition("/")[2]
    is_put = environ["REQUEST_METHOD"] == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" not in environ
    return is_put and bool(key) and not names & OTHER_BODIES


def _algorithms(environ: Environ) -> set[str]:
    """Those that its client names, in one way or another."""
    named = {name.removeprefix(CHECKSUM) for name in environ if name.startswith(CHECKSUM)}
    named.add(environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "").upper())
    behind = environ.get("HTTP_X_AMZ_TRAILER", "").strip().upper().replace("-", "_")
    return named | {f"HTTP_{behind}".removeprefix(CHECKSUM)}


def _seen(pieces: Iterator[bytes], sums: Sums) -> Iterator[bytes]:
    for piece in pieces:
        sums.add(piece)
        yield piece


def _chunks(source: IO[bytes], trailers: dict[str, str]) -> Iterator[bytes]:
    """`<size in hex>[;…]CRLF<bytes>CRLF`, the last one of size 0, then trailers, which are put into what is given."""
    while size := _chunk_size(source.readline(MOST_LINE_BYTES)):
        try:
            yield from pieces_of(source, size)
        except OSError as error:
            raise _incomplete() from error
        if source.read(2) != b"\r\n":
            raise _incomplete()
    for _ in range(MOST_TRAILERS):
        name, colon, value = source.readline(MOST_LINE_BYTES).decode("latin-1").strip().partition(":")
        if not colon:
            break
        trailers[f"HTTP_{name.strip().upper().replace('-', '_')}"] = value.strip()
    while source.read(MOST_LINE_BYTES):  # so that the connection is where the next request begins
        pass


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise _incomplete() from error


def _unwrap(environ: Environ, length: int, trailers: dict[str, str]) -> None:
    """It says of itself what it would have said without chunks."""
    if environ.pop(DECODED_LENGTH, str(length)) != str(length):
        raise _incomplete()
    environ.pop("HTTP_X_AMZ_TRAILER", None)
    environ |= {name: value for name, value in trailers.items() if name.startswith(CHECKSUM)}
    environ |= {SIGNED: "UNSIGNED-PAYLOAD", "CONTENT_LENGTH": str(length)}


def _checked(environ: Environ, content: Content) -> dict[str, bytes]:
    """The checksums that came with it, which it has. Those that cannot be calculated are believed."""
    found = {}
    said = {name.removeprefix(CHECKSUM): value for name, value in environ.items() if name.startswith(CHECKSUM)}
    for algorithm in sorted(said.keys() - {"ALGORITHM", "MODE", "TYPE"}):
        found[algorithm] = _value(said[algorithm], content, algorithm)
        if is_known(algorithm) and content.sum(algorithm) != found[algorithm]:
            raise BadBody("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    if "HTTP_CONTENT_MD5" in environ:
        wanted = _decoded(environ["HTTP_CONTENT_MD5"])
        if len(wanted) != MD5_BYTES:
            raise BadBody("InvalidDigest", "The Content-MD5 you specified was invalid.")
        if wanted != content.sum("MD5"):
            raise BadBody("BadDigest", "The Content-MD5 you specified did not match what we received.")
    return found


def _value(said: str, content: Content, algorithm: str) -> bytes:
    value, known = _decoded(said), content.sum(algorithm)
    if not value or (known is not None and len(known) != len(value)):
        raise BadBody("InvalidRequest", f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
    return value


def _decoded(text: str) -> bytes:
    """Nothing, where it is no base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _incomplete() -> BadBody:
    return BadBody("IncompleteBody", "The request body terminated unexpectedly")
