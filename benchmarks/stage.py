"""What the rows share: one server, one RIE and one image, each started when a row first asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType

from benchmarks.emulator import Emulator, image_of
from benchmarks.engine import remove_containers
from benchmarks.functions import RUNTIME
from benchmarks.rie import Rie, rie_in_container


class Stage:
    """Ends all it started, whatever happens to the rows."""

    def __init__(self, before: Path | None = None) -> None:
        """before: another checkout, with its virtual environment, that this one is held against."""
        self.before = before
        self._undo = ExitStack()

    def __enter__(self) -> Stage:
        remove_containers()
        self._undo.callback(remove_containers)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._undo.close()

    @cached_property
    def image(self) -> str:
        return image_of(RUNTIME)

    @cached_property
    def emulator(self) -> Emulator:
        """Limits, logs and billing on, as by default; the function `noop` is there and has run."""
        emulator = self._undo.enter_context(Emulator("--engine", "docker"))
        emulator.functions.create(["noop"], "app.noop")
        return emulator

    @cached_property
    def rie(self) -> Rie:
        return rie_in_container(self.image, "app.noop")
