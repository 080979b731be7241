"""CreateFunction of 1 MB beside hashing, writing and syncing the same bytes: what nobody who keeps them can save."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.client import Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.functions import MEMORY_MB, ROLE, RUNTIME
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

ZIP_BYTES = 1024 * 1024
FUNCTIONS = 40
CREATED = b"HTTP/1.1 201"


def create(_stage: Stage) -> list[Verdict]:
    zips = [_zip() for _ in range(FUNCTIONS + 1)]
    same, names = iter(zips), itertools.count()
    with (
        tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as folder,
        Emulator("--engine", "process", data_dir=Path(folder, "data")) as emulator,
        Connection(emulator.address) as connection,
    ):
        turns = in_turns(
            _creations(connection, zips),
            lambda: _keep_ms(Path(folder, f"zip-{next(names)}"), next(same)),
            FUNCTIONS,
        )
    return [of_turns("CreateFunction, 1 MB", "ms", turns, "hash, write, fsync", 3)]


def create_in_turns(ours: Emulator, older: Emulator) -> Turns:
    """Both create the same functions."""
    zips = [_zip() for _ in range(FUNCTIONS + 1)]
    with Connection(ours.address) as one, Connection(older.address) as other:
        return in_turns(_creations(one, zips), _creations(other, zips), FUNCTIONS)


def _creations(connection: Connection, zips: Sequence[bytes]) -> Callable[[], float]:
    """What creates the next of them, and returns the ms that took. The first one has been created, and is not timed."""
    requests = iter([_request(number, data) for number, data in enumerate(zips)])
    _create_ms(connection, next(requests))
    return lambda: _create_ms(connection, next(requests))


def _create_ms(connection: Connection, request: bytes) -> float:
    begun_s = time.perf_counter()
    answer = connection.call(request)
    took_ms = (time.perf_counter() - begun_s) * 1000
    if not answer.startswith(CREATED):
        raise RuntimeError(answer.decode(errors="replace"))
    return took_ms


def _keep_ms(path: Path, data: bytes) -> float:
    begun_s = time.perf_counter()
    hashlib.sha256(data).digest()
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return (time.perf_counter() - begun_s) * 1000


def _zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("app.py", "def noop(event, context):\n    return event\n")
        written.writestr("data.bin", os.urandom(ZIP_BYTES))
    return archive.getvalue()


def _request(number: int, data: bytes) -> bytes:
    members = {
        "FunctionName": f"created-{number}",
        "Runtime": RUNTIME,
        "Role": ROLE,
        "Handler": "app.noop",
        "MemorySize": MEMORY_MB,
        "Code": {"ZipFile": base64.b64encode(data).decode()},
    }
    body = json.dumps(members).encode()
    head = "POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
