"""The first invocation in each language, with a stem ready, beside the same runtime as a bare process of the host."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator, image_of
from benchmarks.figures import Turns, in_turns
from benchmarks.host import host_process
from benchmarks.languages import COMPILED, EVENT, JAVAS, LANGUAGES, PYTHON, Compiled, Files, Language, floor
from benchmarks.rie import rie_in_container
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

STARTS = 8
BLOCKS, CALLS, FIRST_CALLS = 30, 30, 2000
CUSTOM = "provided.al2023"


def languages(_stage: Stage) -> list[Verdict]:
    return [verdict for language in LANGUAGES for verdict in _language(language)]


def javas(_stage: Stage) -> list[Verdict]:
    """Also with the archive that we make of AWS's client's classes beside the same without it."""
    return [verdict for java in JAVAS for verdict in _language(java)]


def compiled(_stage: Stage) -> list[Verdict]:
    """What a language adds to the least that an invocation takes."""
    with Emulator("--engine", "docker", stems=1) as emulator, Emulator("--engine", "docker", stems=1) as other:
        least = _Starts(emulator, CUSTOM, "none", floor())
        python = _Starts(other, PYTHON.runtime, PYTHON.handler, PYTHON.files())
        return [verdict for language in COMPILED for verdict in _compiled(language, emulator, python, least)]


def _compiled(language: Compiled, emulator: Emulator, python: _Starts, least: _Starts) -> Iterator[Verdict]:
    ours = _Starts(emulator, CUSTOM, "none", language.files())
    yield _beyond(language, ours, python, least)
    warm = _warm(ours, image_of(CUSTOM), "none", language.files(), "/var/task/bootstrap")
    yield of_turns(f"{language.name}, warm invoke", "ms", warm, "RIE", language.warm)


def _beyond(language: Compiled, ours: _Starts, python: _Starts, least: _Starts) -> Verdict:
    """Of both sides what the third one, in the same turn, takes too is left out."""
    turns, sides = Turns([], []), [ours, python, least]
    for number in range(STARTS + 1):
        took_ms = {each: each.first_ms() for each in sides}
        sides.reverse()
        if number > 0:  # the first of all fills the machine's caches for all
            turns.ours.append(took_ms[ours] - took_ms[least])
            turns.theirs.append(took_ms[python] - took_ms[least])
    return of_turns(f"{language.name}, cold start less C's", "ms", turns, "Python's", language.bar)


def _language(language: Language) -> Iterator[Verdict]:
    """With a server of its own, so that its stems are the only ones."""
    runtime, files, image = language.runtime, language.files(), image_of(language.runtime)
    with (
        Emulator("--engine", "docker", stems=1) as emulator,
        host_process(image, language.handler, files, runtime) as host,
    ):
        starts = _Starts(emulator, runtime, language.handler, files)
        for first_ms in (starts.first_ms, host.first_ms):
            first_ms()  # the first of all fills the machine's caches for both
        cold = in_turns(starts.first_ms, host.first_ms, STARTS)
        yield of_turns(f"{runtime}, cold start, stem ready", "ms", cold, "host process", language.cold)
        if language.without is not None:
            without = _Starts(emulator, runtime, language.handler, files, language.without)
            turns = in_turns(starts.first_ms, without.first_ms, STARTS)
            what = f"{runtime}, cold start, its own archive"
            yield of_turns(what, "ms", turns, "without it", language.slower)
        yield of_turns(
            f"{runtime}, warm invoke", "ms", _warm(starts, image, language.handler, files), "RIE", language.warm
        )


class _Starts:
    """First invocations of one function after the other, all of the same code."""

    def __init__(
        self, emulator: Emulator, runtime: str, handler: str, files: Files, variables: Mapping[str, str] | None = None
    ) -> None:
        self.emulator = emulator
        self.name = ""
        self._count = 0
        self._create: Callable[[str], None] = lambda name: emulator.functions.create_in(
            runtime, name, handler, files, variables or {}
        )

    def first_ms(self) -> float:
        """Of a new function, on a machine at rest."""
        self._count += 1
        self.name = f"start-{id(self)}-{self._count}"
        self._create(self.name)
        self.emulator.settle()
        with Connection(self.emulator.address) as connection:
            return connection.time_ms(invocation(self.emulator.address, self.name, EVENT))


def _warm(starts: _Starts, image: str, handler: str, files: Files, program: str = "/var/runtime/bootstrap") -> Turns:
    """The function that was started last, beside the same code in a container with RIE."""
    with tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as folder:
        code = Path(folder)
        code.chmod(0o755)
        for name, content in files.items():
            (code / name).write_bytes(content)
            (code / name).chmod(0o755)
        rie = rie_in_container(image, handler, code, EVENT, program)
        address = starts.emulator.address
        request = invocation(address, starts.name, EVENT)
        with Connection(address) as ours, Connection(rie.address) as theirs:
            ours.median_ms([request] * FIRST_CALLS)  # until what is called often has been compiled
            theirs.median_ms([rie.request] * FIRST_CALLS)
            return in_turns(
                lambda: ours.median_ms([request] * CALLS), lambda: theirs.median_ms([rie.request] * CALLS), BLOCKS
            )
