"""Whether code was edited after the server read it: it goes on with what it read, and who edits may not know."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lambda_emu.config import Settings

MOST_FILES = 2000
"""An invocation does not wait for a look at more of them."""
PASSED_OVER = ("node_modules",)
"""Seldom edited, and full of files."""


def edited_file(function: str, chosen: Settings) -> Path | None:
    """A file of the project's function that is newer than its server's start; None also where that cannot be told."""
    from lambda_emu.api.token import TOKEN
    from lambda_emu.project import ProjectError, read_project

    try:
        started_s = (chosen.data_dir / TOKEN).stat().st_mtime
        declared = read_project(chosen.project).functions
        sources = [path for one in declared if one.name == function for path in (one.code, *one.own_layers)]
        files = (file for source in sources for file in _files(source))
        return next((file for file in islice(files, MOST_FILES) if file.lstat().st_mtime > started_s), None)
    except (ProjectError, OSError):
        return None


def _files(source: Path) -> Iterator[Path]:
    from lambda_emu.store.code.folder_zip import code_in

    if source.is_dir():
        yield from (
            Path(entry) for entry in code_in(str(source), PASSED_OVER) if not entry.is_dir(follow_symlinks=False)
        )
    else:
        yield source
