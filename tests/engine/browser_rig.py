"""A real browser without a window, told by Chrome's DevTools protocol what to look at and to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
NEEDS_BROWSER = pytest.mark.skipif(BROWSER is None, reason="no browser here: apt-get install chromium-headless-shell")
LIMIT_S = 60.0


class Page:
    """One page. send, hear: of the pipe that the browser is told by; messages end with a NUL."""

    def __init__(self, send: IO[bytes], hear: IO[bytes]) -> None:
        self._send = send
        self._hear = hear
        self._asked = 0
        self._session = ""

    def open(self, url: str) -> None:
        """Until all of it is there."""
        target = self._ask("Target.createTarget", url=url)["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.wait("document.readyState == 'complete' && location.href != 'about:blank'")

    def run(self, script: str) -> Any:
        """What an expression of JavaScript comes to, of which promises are waited for."""
        told = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, script: str) -> Any:
        """Until the expression is true; what it comes to."""
        until_s = time.monotonic() + LIMIT_S
        while time.monotonic() < until_s:
            if found := self.run(script):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{script} is not so: {self.run('document.documentElement.outerHTML')}")

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        session = {"sessionId": self._session} if self._session else {}
        self._send.write(
            json.dumps({"id": self._asked, "method": method, "params": params, **session}).encode() + b"\0"
        )
        self._send.flush()
        while True:
            heard = json.loads(self._message())
            if heard.get("id") == self._asked:
                assert "result" in heard, heard
                return heard["result"]

    def _message(self) -> bytes:
        found = bytearray()
        while (byte := self._hear.read(1)) != b"\0":
            assert byte, "the browser has ended"
            found += byte
        return bytes(found)


@contextmanager
def browsing(url: str, profile: Path) -> Iterator[Page]:
    """A browser that shows this page, until the block ends."""
    to_browser, ours = os.pipe()
    theirs, from_browser = os.pipe()
    options = "--headless --no-sandbox --disable-gpu --remote-debugging-pipe"
    line = f'exec "$0" {options} "--user-data-dir=$1" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", line, str(BROWSER), str(profile)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=(to_browser, from_browser),
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    with os.fdopen(ours, "wb") as send, os.fdopen(theirs, "rb") as hear:
        try:
            page = Page(send, hear)
            page.open(url)
            yield page
        finally:
            process.kill()
            process.wait(10)
