"""Projects whose functions have events, deployed one after the other to one emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from own import OwnLam, own_emulator

from lambda_emu.project import read_project

FUNCTION = "runtime: python3.11, handler: app.handler, code: src"


class EventAccount:
    """One emulator, whose data and projects are in a folder."""

    def __init__(self, lam: OwnLam, folder: Path) -> None:
        self.lam = lam
        self.folder = folder

    def deploy(self, **events: str) -> set[tuple[str, str]]:
        """What was done to which kinds. events: by function."""
        functions = "".join(f"  {name}: {{{FUNCTION}, events: [{said}]}}\n" for name, said in events.items())
        (self.folder / "lambda-emu.yaml").write_text(f"functions:\n{functions or '  {}'}")
        changes = self.lam.emulator.deploy(read_project(self.folder))
        return {(change.action.name, change.key.kind) for change in changes if change.action.name != "LEAVE"}

    def address(self, what: str) -> str:
        """As a start tells it."""
        [found] = [where for named, where in self.lam.emulator.addresses if named == what]
        return found


AnyAccount = TypeVar("AnyAccount", bound=EventAccount)


@contextmanager
def event_account(make: type[AnyAccount], code: str, folder: Path) -> Iterator[AnyAccount]:
    """code: of all its functions."""
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(code)
    with own_emulator(folder, "process", stems=0) as lam:
        yield make(lam, folder)
