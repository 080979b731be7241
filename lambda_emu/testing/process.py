"""A server in a process of its own, for as long as somebody holds it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.config import ConfigError, Settings, load_settings, variables_with
from lambda_emu.project import ProjectError
from lambda_emu.testing.errors import NotStarted

SERVES = re.compile(rb"^lambda-emu serves .* on (http://\S+) \((\w+)\)$", re.MULTILINE)
START_LIMIT_S = 600.0
"""Images are built or fetched once."""
END_LIMIT_S = 15.0
MOST_SAID_BYTES = 16 * 1024
CHUNK_BYTES = 65536


class Address(Struct, frozen=True):
    """Where a server answers, the token of its own pages, what runs its functions, and whose it is.

    secret: of root users.
    """

    url: str
    token: str
    engine: str
    account: str
    region: str
    secret: str


class ServerProcess:
    """Starts it and waits until it serves. NotStarted; then nothing is left. `close` ends it, as does our own end."""

    def __init__(self, settings: Mapping[str, str], given: Mapping[str, str], project: str | None = None) -> None:
        """settings: by name, as docs/configuration.md has them; variables go before these, and `given` before both.

        project: what it serves, else an empty account.
        """
        own = {"token": Clock().new_token(), "host": "127.0.0.1", "port": "0", "ephemeral": "true"}
        self._folder = tempfile.TemporaryDirectory(prefix="lambda-emu-suite-")
        served = project or self._folder.name
        try:
            variables = variables_with({"grace_s": "0", **settings}, {**given, **own})
            self._settings = load_settings({"project": served}, variables)
        except (ConfigError, ProjectError) as error:
            self._folder.cleanup()
            raise NotStarted(str(error)) from error
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - read until `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lambda_emu.testing.serving", served],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C ends the tests, whose end ends the server
        )
        try:
            self.address = self._wait(Clock())
        except BaseException:
            self.close()
            raise

    @property
    def said(self) -> str:
        """The end of its standard error."""
        with open(os.dup(self._said.fileno()), "rb") as copy:
            copy.seek(max(0, os.fstat(copy.fileno()).st_size - MOST_SAID_BYTES))
            return copy.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End it, and whatever it runs; within END_LIMIT_S it is over. A second time it does nothing."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._folder.cleanup()

    def _wait(self, clock: Clock) -> Address:
        assert self._process.stdout is not None
        output, said, until_s = self._process.stdout.fileno(), b"", clock.monotonic_s() + START_LIMIT_S
        while (left_s := until_s - clock.monotonic_s()) > 0:
            if not select.select([output], [], [], left_s)[0]:
                break
            if not (chunk := os.read(output, CHUNK_BYTES)):
                raise NotStarted(f"lambda-emu did not start: {self.said.strip() or 'it said nothing'}")
            said += chunk
            if found := SERVES.search(said):
                return _address(found[1].decode(), found[2].decode(), self._settings)
        raise NotStarted(f"lambda-emu did not start in {START_LIMIT_S:g} s: {self.said.strip()}")


def _address(url: str, engine: str, settings: Settings) -> Address:
    return Address(url, settings.token or "", engine, settings.account, settings.region, settings.root_secret)
