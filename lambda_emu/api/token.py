"""Where the emulator's own pages are, and their token: kept where only its user reads it, beside its address."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from lambda_emu.folders import Purpose, is_held, is_ours

OWN = "/_lambda-emu/"
HEALTH = f"{OWN}health"
HEADER = "X-Lambda-Emu-Token"
TOKEN, ADDRESS, PROJECT = "token", "address", "project"
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def publish(data_dir: Path, url: str, token: str, project_files: Sequence[Path] = ()) -> None:
    """Let this user's programs find the token of the server at this URL, and the server by its projects. OSError."""
    for name, text in ((TOKEN, token), (PROJECT, "\n".join(map(os.fspath, project_files))), (ADDRESS, url)):
        partial = data_dir / f"{name}.new"
        partial.unlink(missing_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.fsencode(text) + b"\n")
        partial.replace(data_dir / name)


def withdraw(data_dir: Path) -> None:
    """The server has ended."""
    for name in (ADDRESS, PROJECT, TOKEN):
        (data_dir / name).unlink(missing_ok=True)


def find(data_dirs: Iterable[Path], host: str, port: int) -> str | None:
    """The token of the server there, by one of these data directories. It is told to no server of another address."""
    for folder in data_dirs:
        with suppress(OSError, ValueError):
            if _is_served(folder) and _is_at((folder / ADDRESS).read_text().strip(), host, port):
                return (folder / TOKEN).read_text().strip()
    return None


def address_of(data_dir: Path) -> str | None:
    """The URL that the server of this data directory left; whether it answers is to be asked there."""
    with suppress(OSError, ValueError):
        if _is_served(data_dir):
            return (data_dir / ADDRESS).read_text(encoding="ascii").strip() or None
    return None


def address_of_project(data_dirs: Iterable[Path], project_file: Path) -> str | None:
    """The URL of a server of this project whose data is in one of these directories."""
    for folder in data_dirs:
        with suppress(OSError):
            if os.fsencode(project_file) in (folder / PROJECT).read_bytes().splitlines():
                return address_of(folder)
    return None


def _is_served(data_dir: Path) -> bool:
    """Whether a running server has it: one that came with a stranger's project names any address it likes. OSError."""
    return is_ours(data_dir, Purpose.DATA) and is_held(data_dir)


def _is_at(url: str, host: str, port: int) -> bool:
    parts = urlsplit(url)
    return parts.port == port and (host in THIS_MACHINE or host == parts.hostname)
