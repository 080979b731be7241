"""Named test events of a project's functions: `events/<function>/<name>.json` beside the project's file.

Files that people edit, and commit. docs/project.md#named-events.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from lambda_emu.cli.options import NotDone, advice

FOLDER = "events"
MOST_BYTES = 16 * 1024 * 1024
"""No event is larger, however many spaces are in it."""
NAMED = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")


def event_file(folder: Path, function: str, name: str) -> Path:
    """Where it is, or would be. NotDone: it is no name of one."""
    if not NAMED.fullmatch(name):
        raise NotDone(f"{name!r} is no name of an event: 1 to 64 letters, digits, hyphens, underscores and dots.")
    return folder / FOLDER / function / f"{name}.json"


def names_of(folder: Path, function: str) -> list[str]:
    """Of the events that there are."""
    return sorted(file.stem for file in (folder / FOLDER / function).glob("*.json"))


def read_event(written: str, folder: Path | None, function: str) -> bytes:
    """What `--event` means: the path of a file after an @, the name of an event, else a path. NotDone.

    folder: the project's; None: there is none, and no event has a name.
    """
    if written.startswith("@"):
        return _read(Path(written[1:]))
    if folder is not None and NAMED.fullmatch(written):
        file = event_file(folder, function, written)
        if file.is_file():
            return _checked(file)
    file = Path(written)
    if file.is_file() or file.is_fifo():
        return _read(file)
    known = names_of(folder, function) if folder is not None else []
    what = f"event {written!r} of {function}, and no file {written}" if folder is not None else f"file {written}"
    raise NotDone(f"There is no {what}{advice(written, known)}")


def save_event(folder: Path, function: str, name: str, event: str) -> Path:
    """A new file. NotDone: it is there already."""
    file = event_file(folder, function, name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as made:
            made.write(event)
    except FileExistsError:
        raise NotDone(f"{file} is there already; remove it, or choose another name.") from None
    except OSError as error:
        raise NotDone(f"{file} cannot be written: {error.strerror}.") from error
    return file


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES)
    except OSError as error:
        raise NotDone(f"{file} cannot be read: {error.strerror}.") from error


def _checked(file: Path) -> bytes:
    """A file that is meant to be JSON."""
    event = _read(file)
    try:
        json.loads(event)
    except json.JSONDecodeError as error:
        raise NotDone(f"{file}:{error.lineno}: is not JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise NotDone(f"{file} is not JSON: {error}.") from error
    return event
