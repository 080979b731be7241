"""Small invocations while a 50 MB function is created: does the big one hold up the small ones?"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.client import Address, BadAnswer, Connection, invocation
from benchmarks.figures import percentile
from benchmarks.functions import MEMORY_MB, ROLE, RUNTIME
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

ZIP_BYTES = 50 * 1024 * 1024 - 4096  # Lambda's limit for a direct upload, less what the zip format adds
NAMES = ("big-1", "big-2", "big-3")


def upload(stage: Stage) -> list[Verdict]:
    request = invocation(stage.emulator.address, "noop")
    with Connection(stage.emulator.address) as connection, tempfile.TemporaryDirectory() as folder:
        connection.time_ms(request)
        stage.emulator.settle()
        stage.emulator.settle()
        quiet_ms = [connection.time_ms(request) for _ in range(1000)]
        beside_ms: list[float] = []
        for name in NAMES:
            body = Path(folder) / name
            body.write_bytes(_create_function(stage.emulator.address, name))
            beside_ms += _while_sending(connection, request, stage.emulator.address, body)
            stage.emulator.functions.wait_active(name)
            stage.emulator.functions.delete([name])
    p50_ms, p99_ms = percentile(quiet_ms, 50), percentile(beside_ms, 99)
    spread = f"p50 {percentile(beside_ms, 50):.2f}, max {max(beside_ms):.1f} ms, {len(beside_ms)} calls"
    return [Verdict("invoke while 50 MB are created, p99", p99_ms, "ms", p50_ms, "quiet p50", 20, spread=spread)]


def _while_sending(connection: Connection, request: bytes, address: Address, body: Path) -> list[float]:
    """Invoke until the upload, sent by a process of its own, has its answer."""
    sender = subprocess.Popen([sys.executable, "-m", "benchmarks.sender", address.host, str(address.port), str(body)])
    times_ms = []
    while sender.poll() is None:
        times_ms.append(connection.time_ms(request))
    if sender.returncode != os.EX_OK:
        raise BadAnswer("the 50 MB function was not created")
    return times_ms


def _create_function(address: Address, name: str) -> bytes:
    """A whole CreateFunction request, made ahead: only its sending is beside the invocations."""
    body = json.dumps(
        {
            "FunctionName": name,
            "Runtime": RUNTIME,
            "Role": ROLE,
            "Handler": "app.noop",
            "MemorySize": MEMORY_MB,
            "Code": {"ZipFile": base64.b64encode(_big_zip()).decode()},
        }
    ).encode()
    head = f"POST /2015-03-31/functions HTTP/1.1\r\nHost: {address.host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def _big_zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("app.py", "def noop(event, context):\n    return event\n")
        written.writestr("big.bin", os.urandom(ZIP_BYTES))
    return archive.getvalue()
