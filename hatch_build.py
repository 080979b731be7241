"""Builds the init of every environment into the package: `python hatch_build.py`, or by itself for every wheel."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ARCHITECTURES = ("x86_64", "aarch64")
COMPILE = ("-ffreestanding", "-Os", "-fno-stack-protector", "-Wall", "-Wextra", "-Werror", "-c")
LINK = ("-nostdlib", "-static", "-s", "-Wl,-z,max-page-size=65536")  # aarch64 kernels have pages of up to 64 KB


class InitBuildHook(BuildHookInterface[Any]):
    """Wheels and editable installs carry the init ready built: whoever installs one needs no compiler."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_init(Path(self.root))


def build_init(root: Path) -> None:
    """Make lambda_emu/sandbox/bin/init-<architecture> of runtimes/init, unless its sources are those of the last build.

    Raises CalledProcessError; the compiler's words are on stderr.
    """
    sources = sorted((root / "runtimes/init").glob("*.[ch]"))
    target = root / "lambda_emu/sandbox/bin"
    stamp, digest = target / "sources.sha256", _digest([*sources, Path(__file__)])
    if stamp.is_file() and stamp.read_text() == digest:
        return
    target.mkdir(exist_ok=True)
    for architecture in ARCHITECTURES:
        _build(architecture, [source for source in sources if source.suffix == ".c"], target / f"init-{architecture}")
    stamp.write_text(digest)


def _digest(sources: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _build(architecture: str, sources: Sequence[Path], output: Path) -> None:
    """Compile with the libc's headers, link without the libc: so that zig need not build one, half a minute's work."""
    zig = (sys.executable, "-m", "ziglang", "cc", "-target", f"{architecture}-linux-musl")
    with tempfile.TemporaryDirectory() as scratch:
        objects = [f"{scratch}/{source.stem}.o" for source in sources]
        for source, compiled in zip(sources, objects, strict=True):
            subprocess.run((*zig, *COMPILE, str(source), "-o", compiled), check=True)
        finished = f"{scratch}/init"
        subprocess.run((*zig, *LINK, *objects, "-o", finished), check=True)
        partial = output.with_suffix(".new")
        partial.write_bytes(Path(finished).read_bytes())
        partial.chmod(0o755)
        partial.replace(output)  # an init that runs from the old file keeps it


if __name__ == "__main__":
    build_init(Path(__file__).parent)
