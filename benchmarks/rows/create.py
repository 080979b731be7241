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
from pathlib import Path

from benchmarks.client import Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import MEMORY_MB, ROLE, RUNTIME
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

ZIP_BYTES = 1024 * 1024
FUNCTIONS = 40
CREATED = b"HTTP/1.1 201"


def create(_stage: Stage) -> list[Verdict]:
    zips = [_zip() for _ in range(FUNCTIONS + 1)]
    requests = iter([_request(number, data) for number, data in enumerate(zips)])
    same, names = iter(zips), itertools.count()
    with (
        tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as folder,
        Emulator("--engine", "process", data_dir=Path(folder, "data")) as emulator,
        Connection(emulator.address) as connection,
    ):
        _create_ms(connection, next(requests))
        turns = in_turns(
            lambda: _create_ms(connection, next(requests)),
            lambda: _keep_ms(Path(folder, f"zip-{next(names)}"), next(same)),
            FUNCTIONS,
        )
    return [of_turns("CreateFunction, 1 MB", "ms", turns, "hash, write, fsync", 3)]


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
