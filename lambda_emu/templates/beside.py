"""Files that a template names beside itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from lambda_emu.project.resources import CannotChange


def file_of(template: Path, said: str) -> Path:
    """CannotChange where there is none, or a link leads out of the template's folder."""
    folder = template.resolve().parent
    named = Path(os.path.normpath(folder / said))
    file = named.resolve()
    if file != named and not file.is_relative_to(folder):
        raise CannotChange(f"{said} is a link that leads out of {folder}")
    if not file.is_file():
        raise CannotChange(f"{said} does not exist" if not file.exists() else f"{said} is no file")
    return file


def shown_beside(template: Path, inside: Path, lines: Iterable[str]) -> list[str]:
    """What is told of a template, each line with its file as the folder of another template has it."""
    folder = os.path.relpath(inside.resolve().parent, template.resolve().parent)
    return [*lines] if folder == os.curdir else [f"{PurePath(folder).as_posix()}/{line}" for line in lines]
