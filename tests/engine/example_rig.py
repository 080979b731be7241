"""An example as its README has it: served in a copy of its folder, and typed at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from own import Served, served

EXAMPLES = Path(__file__).parents[2] / "examples"
FIRST_URL = re.compile(r"http://127\.0\.0\.1:9000/_lambda-emu/(?:api|url)/\w+/(?:dev/)?")


@dataclass(frozen=True)
class Example:
    """folder: where its README is typed; the copy is in `examples/NAME`. url: the first that `serve` tells."""

    name: str
    lam: Served
    folder: Path
    url: str

    def readme(self) -> str:
        """As it would be for this server."""
        text = (EXAMPLES / self.name / "README.md").read_text()
        return FIRST_URL.sub(self.url, text).replace("http://127.0.0.1:9000", self.lam.url)

    def type(self, lines: Sequence[str], *programs: Path, **variables: str) -> str:
        """What a shell prints, which ends with the first line that fails. programs: folders of them beside ours."""
        path = ":".join(map(str, (Path(sys.executable).parent, *programs, os.environ["PATH"])))
        done = subprocess.run(
            ["bash", "-ec", "\n".join(lines)],
            cwd=self.folder,
            env=os.environ | {"PATH": path, "HOME": str(self.folder)} | variables,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


E = TypeVar("E", bound=Example)


@contextmanager
def served_example(kind: type[E], name: str, folder: Path, engine: str) -> Iterator[E]:
    """Until the block ends. folder: for its copy."""
    project = folder / "examples" / name
    shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns(".lambda-emu"))
    with served(project, engine) as lam:
        assert lam.process.stdout is not None
        yield kind(name, lam, folder, lam.process.stdout.readline().split(": ")[1].strip())
