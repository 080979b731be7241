"""What interpreters of this machine say of themselves. On the PATH there may be a version manager's script instead."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from lambda_emu.sandbox.base import SandboxError

ANSWER_LIMIT_S = 10.0
OF_USERS = ("NODE_OPTIONS", "RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
"""What the user's own programs are started with: agents, hooks and gems that have more to say."""
WITHOUT_OPTIONS = ("/usr/bin/env", *(word for name in OF_USERS for word in ("-u", name)))
TOLD = 200
"""How much of what it said an error repeats."""


class Said(Struct, frozen=True):
    """What a program wrote to its standard output and error. failed: its exit code was not 0."""

    output: str
    error: str
    failed: bool

    @property
    def last(self) -> str:
        return (self.output + self.error).strip()[-TOLD:]


def ask(program: Path, *words: str) -> Said:
    """Run it by the very name it is found by: links may lead to one program for many names, which goes by its own.

    It can ask nobody back. SandboxError if it cannot be run or takes too long; then what it started is ended too.
    """
    try:
        asked = subprocess.Popen(
            [*WITHOUT_OPTIONS, program, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxError(f"{program} cannot be run: {error}") from error
    with asked:
        try:
            output, said = asked.communicate(timeout=ANSWER_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{program} did not say within {ANSWER_LIMIT_S:g} s what it is") from error
        finally:
            if asked.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(asked.pid, signal.SIGKILL)
    return Said(output, said, asked.returncode != 0)
