"""Others beside sixteen requests that hang: creations whose code is in an S3 that does not answer.

Where they hold somebody up it is one call, until they give up after 40 s; so the mean is told too, and the slowest.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import fmean

from benchmarks.client import Address, Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import percentile
from benchmarks.functions import ROLE, RUNTIME
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

HANGING = 16
CALLS = 2000
LARGE = b'{"data":"' + b"x" * 100_000 + b'"}'
LIMIT_S = 60.0
LIMIT = 3.0


def slow(_stage: Stage) -> list[Verdict]:
    """A server of its own, since it has an S3 of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=HANGING * 4) as s3:
        s3.settimeout(LIMIT_S)
        endpoint = f"http://127.0.0.1:{s3.getsockname()[1]}"
        with Emulator("--engine", "docker", "--s3-endpoint", endpoint) as emulator:
            emulator.functions.create(["noop"], "app.noop")
            requests = _requests(emulator.address)
            emulator.settle()
            for request in requests.values():
                _times_ms(emulator.address, request, 100)
            emulator.settle()
            quiet = {what: _times_ms(emulator.address, request) for what, request in requests.items()}
            with _hanging(emulator.address, s3):
                beside = {what: _times_ms(emulator.address, request) for what, request in requests.items()}
    return [line for what in requests for line in _verdicts(what, beside[what], quiet[what])]


def _requests(address: Address) -> dict[str, bytes]:
    return {
        "small invoke": invocation(address, "noop"),
        "100 KB invoke": invocation(address, "noop", LARGE),
        "GetFunction": f"GET /2015-03-31/functions/noop HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode(),
    }


def _times_ms(address: Address, request: bytes, calls: int = CALLS) -> list[float]:
    with Connection(address) as connection:
        return [connection.time_ms(request) for _ in range(calls)]


@contextmanager
def _hanging(address: Address, s3: socket.socket) -> Iterator[None]:
    """From the moment when all of them wait for S3; they are hung up on at the end."""
    with ExitStack() as ends:
        for number in range(HANGING):
            client = ends.enter_context(socket.create_connection((address.host, address.port)))
            client.sendall(_creation(address, f"slow-{number}"))
        for _ in range(HANGING):
            ends.enter_context(s3.accept()[0])
        yield


def _creation(address: Address, name: str) -> bytes:
    code = {"S3Bucket": "code", "S3Key": "app.zip"}
    members = {"FunctionName": name, "Runtime": RUNTIME, "Role": ROLE, "Handler": "app.noop", "Code": code}
    body = json.dumps(members).encode()
    head = f"POST /2015-03-31/functions HTTP/1.1\r\nHost: {address.host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _verdicts(what: str, beside_ms: list[float], quiet_ms: list[float]) -> list[Verdict]:
    p99, reference = percentile(beside_ms, 99), percentile(quiet_ms, 99)
    mean, quiet_mean = fmean(beside_ms), fmean(quiet_ms)
    slowest = f"slowest {max(beside_ms):.0f}, quiet {max(quiet_ms):.0f} ms"
    what = f"{what} beside {HANGING} that hang"
    return [
        Verdict(f"{what}, p99", p99, "ms", reference, "quiet p99", LIMIT, spread=slowest),
        Verdict(f"{what}, mean", mean, "ms", quiet_mean, "quiet mean", LIMIT),
    ]
