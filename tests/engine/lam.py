"""The Lambda API as a test uses it: boto3 with its own validation, and short words for what tests do all the time."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

from boto_rig import client_at

from lambda_emu.logs.reader import LogReader

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from lambda_emu.server import Emulator

PLATFORM = ("INIT_START ", "START ", "END ", "REPORT ")
"""How the lines of an invocation begin that succeeded."""
ROLE = "arn:aws:iam::000000000000:role/test"
REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<memory>\d+) MB\tMax Memory Used: (?P<peak>\d+) MB\t"
    r"(?:Init Duration: (?P<init>[\d.]+) ms\t)?(?:Status: (?P<status>\w+)\t)?(?:Error Type: (?P<error>[\w.]+)\t)?\n"
)


@dataclass(frozen=True)
class Answer:
    """What one Invoke came back with. payload: decoded JSON; error: X-Amz-Function-Error."""

    status: int
    payload: Any
    error: str | None
    tail: str
    request_id: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def report(self) -> dict[str, str | None]:
        """The REPORT line's figures; fails when the tail has none in the exact form."""
        found = REPORT.search(self.tail)
        assert found is not None, f"no REPORT in {self.tail!r}"
        return found.groupdict()

    @property
    def lines(self) -> list[str]:
        """What the function itself printed."""
        return [line for line in self.tail.splitlines() if not line.startswith(("START ", "END ", "REPORT "))]


Submit = Callable[..., "Future[Answer]"]
"""Lam.invoke in the background."""


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files, each executable."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def client(url: str, access_key: str = "test", region: str = "us-east-1", **config: Any) -> LambdaClient:
    """boto3 against an emulator."""
    made: LambdaClient = client_at(url, "lambda", access_key, region, **config)
    return made


class Lam:
    """Creates functions for one test and removes them at its end."""

    def __init__(self, emulator: Emulator, access_key: str = "test", region: str = "us-east-1") -> None:
        self.emulator = emulator
        self.url = emulator.url
        self.client = client(self.url, access_key, region)
        self.role = f"arn:aws:iam::{access_key}:role/test" if access_key.isdigit() else ROLE
        self._names: list[str] = []

    def create(self, name: str, code: str | Mapping[str, str | bytes], *, wait: bool = True, **config: Any) -> str:
        """A function of this Python source (or these files), Active when this returns. Returns its name."""
        files = {"app.py": code} if isinstance(code, str) else code
        settings: dict[str, Any] = {"Runtime": "python3.11", "Handler": "app.handler", "Role": self.role, "Timeout": 10}
        settings |= config
        self.client.create_function(FunctionName=name, Code={"ZipFile": zipped(files)}, **settings)
        self._names.append(name)
        if wait:
            self.wait_until_active(name)
        return name

    def update(self, name: str, code: str | None = None, **config: Any) -> None:
        """New source, or a new configuration, in use when this returns."""
        if code is not None:
            self.client.update_function_code(FunctionName=name, ZipFile=zipped({"app.py": code}))
            self.wait_until_active(name)
        if config:
            self.client.update_function_configuration(FunctionName=name, **config)
        self.wait_until_active(name)

    def wait_until_active(self, name: str) -> None:
        """And no update is under way; long enough for an image to be built. boto3's waiter looks once a second."""
        deadline_s = monotonic() + 300
        while True:
            found = self.client.get_function_configuration(FunctionName=name)
            if found["State"] != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                return
            assert monotonic() < deadline_s, f"waited 300 s for {name}: {found}"
            Event().wait(0.02)

    def invoke(self, name: str, event: Any = None, **params: Any) -> Answer:
        """Invoke with the log's tail."""
        if event is not None:
            params["Payload"] = event if isinstance(event, bytes) else json.dumps(event).encode()
        response = self.client.invoke(FunctionName=name, **{"LogType": "Tail"} | params)
        body = response["Payload"].read()
        return Answer(
            status=response["StatusCode"],
            payload=json.loads(body) if body else None,
            error=response.get("FunctionError"),
            tail=base64.b64decode(response.get("LogResult", "")).decode(),
            request_id=response["ResponseMetadata"]["RequestId"],
            headers=response["ResponseMetadata"]["HTTPHeaders"],
        )

    def events(self, name: str) -> list[tuple[str, bool]]:
        """All of a function's log: each event, and whether the platform reported it."""
        self.wait_for_log(name)
        found = LogReader(self.emulator.logs.path).read(self.emulator.scope.function(name), after=0, limit=1000)
        return [(event.message, event.report is not None) for event in found.events]

    def wait_for_log(self, name: str) -> None:
        """Until all can be read that was printed by invocations whose answer, or whose end, somebody knows.

        An answer goes out before the log is complete. Who works on after it, as extensions may, is not waited for.
        """
        deadline_s = monotonic() + 5
        unfinished = ("RESPONDED", "RESETTING")
        while any(one.state in unfinished for one in self.environments(name)) and monotonic() < deadline_s:
            Event().wait(0.005)
        self.emulator.logs.flush(10)

    def own_events(self, name: str) -> list[str]:
        """Of its log what the platform did not write."""
        return [message for message, _ in self.events(name) if not message.startswith(PLATFORM)]

    def now_s(self) -> float:
        """As work is dated."""
        return self.emulator.work_clock.now_s()

    def pass_time(self, seconds: float) -> None:
        """Let the time of work go by: what becomes due happens at its moment, and what runs then is waited for.

        The machine's time stays, which functions' timeouts go by: a clock that `advance`s would time them out.
        """
        deadline_s = monotonic() + 120
        while (passed := self.emulator.timekeeper.advance(seconds)).left_s or passed.running:
            assert monotonic() < deadline_s, f"{seconds:g} s did not go by within 120 s: {passed}"
            seconds = passed.left_s

    def environments(self, name: str) -> list[Any]:
        """What the pool holds for a function."""
        return [info for info in self.emulator.loop.ask(self.emulator.pool.describe, 5) if info.function == name]

    def close(self) -> None:
        """Its functions go, and its connections; it may be used again."""
        while self._names:
            name = self._names.pop()
            try:
                self.client.delete_function(FunctionName=name)
            except self.client.exceptions.ResourceNotFoundException:
                continue  # the test removed it itself
        self.client.close()
