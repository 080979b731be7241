"""Gems that the machine's Ruby installed, where the function's looks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lambda_emu.builds.source import BuildFailed, Source

INSTALLED = Path("vendor/bundle/ruby")
COMPILED = "*.so"


def place_gems(source: Source, folder: Path) -> None:
    """Those in Ruby alone are of any version. BuildFailed names one that another Ruby than the function's compiled."""
    wanted = f"{source.runtime.removeprefix('ruby')}.0"  # 3.4.0 is where every Ruby 3.4 looks
    for installed in [*(folder / INSTALLED).glob("*")]:
        if source.family != "ruby" or installed.name == wanted or (folder / INSTALLED / wanted).exists():
            continue
        for gem in _compiled(installed):
            by = f"by Ruby {installed.name.rpartition('.')[0]}, which is here, and not by {source.runtime}"
            raise BuildFailed(source, f"the gem {gem} would be compiled {by}")
        installed.rename(folder / INSTALLED / wanted)


def _compiled(installed: Path) -> Iterator[str]:
    yield from (file.relative_to(installed / "gems").parts[0] for file in (installed / "gems").rglob(COMPILED))
