"""Guides of docs/, typed as they stand there: each block of a shell, and what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

DOCS = Path(__file__).parents[2] / "docs"
LIMIT_S = 300
MADE_UP = re.compile(r"(/api/)[a-z0-9]{8,10}\b")
"""Ids of APIs, which each server makes."""


@dataclass(frozen=True)
class Block:
    """commands: a line each. printed: all lines as one, since curl ends none."""

    commands: Sequence[str]
    printed: str

    def type(self, folder: Path, *programs: Path, **variables: str) -> str:
        """What a shell in this folder prints, which ends with the first line that fails. programs: folders of them."""
        path = ":".join(map(str, (Path(sys.executable).parent, *programs, os.environ["PATH"])))
        own = {"PATH": path, "HOME": str(folder), **variables}
        with subprocess.Popen(
            ["bash", "-ec", "\n".join(self.commands)], cwd=folder, env=os.environ | own,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as shell:  # fmt: skip
            try:
                out, err = shell.communicate(timeout=LIMIT_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, SIGKILL)  # what it left in the background too
        assert shell.returncode == 0, err
        return out.replace("\n", "")


def blocks(page: str, **other: str) -> list[Block]:
    """Those of a page of docs/. other: what stands for words of it here."""
    text = (DOCS / page).read_text()
    for word, mine in other.items():
        text = text.replace(word, mine)
    return [_block(found) for found in re.findall(r"```console\n(.*?)```", text, re.DOTALL)]


def without_ids(printed: str) -> str:
    return MADE_UP.sub(r"\1ID", printed)


def _block(text: str) -> Block:
    lines = text.splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return Block(typed, "".join(line for line in lines if not line.startswith("$ ")))
