"""Python's packages by the host's pip, for the function's Python and processor, whatever Python runs us."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lambda_emu.architectures import MACHINES
from lambda_emu.builds.methods import read_start
from lambda_emu.builds.source import BuildFailed, Source, ToolMissing
from lambda_emu.sandbox.building.registries import PIP
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed, ToolRunner

REQUIREMENTS = "requirements.txt"
GLIBC = {"amazon linux 2": 26, "al2023": 34}
"""2.x, the newest that a wheel for it may ask for."""
ON_AL2 = frozenset(("3.6", "3.7", "3.8", "3.9", "3.10", "3.11"))
OLDEST_TAG = 17
"""manylinux_2_17 is manylinux2014."""
BEFORE = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
ELSEWHERE = re.compile(r"^\s*(-r|-c|--requirement|--constraint|-e|--editable|\.|/|file:)|@\s*file:", re.M)
"""Requirements that are about other files too."""
NO_WHEEL = re.compile(r"No matching distribution found for (\S.*)")


def python_of(source: Source) -> str:
    """`3.13`."""
    return source.runtime.removeprefix("python")


def refers_elsewhere(folder: Path) -> bool:
    """Whether other files than this one say what is installed."""
    return ELSEWHERE.search(read_start(folder / REQUIREMENTS)) is not None


def install(source: Source, folder: Path, tools: ToolRunner, limit_s: float, progress: Progress) -> None:
    """What requirements.txt says, into a folder. BuildFailed names a package that has no wheel."""
    words = [*PIP, f"--target={folder}", "--implementation=cp", f"--python-version={python_of(source)}"]
    words += ["--only-binary=:all:", "--disable-pip-version-check", *_platforms(source), "-r", REQUIREMENTS]
    try:
        tools.run(words, progress, name="pip", folder=source.folder, limit_s=limit_s)
    except ToolFailed as error:
        raise _explained(source, error) from error


def _platforms(source: Source) -> Iterator[str]:
    """All that run on the runtime's system: pip takes what is named and nothing older."""
    machine = MACHINES[source.architecture]
    newest = GLIBC["amazon linux 2" if python_of(source) in ON_AL2 else "al2023"]
    for minor in range(newest, OLDEST_TAG - 1, -1):
        yield f"--platform=manylinux_2_{minor}_{machine}"
    yield from (f"--platform={name}_{machine}" for name in BEFORE[machine])


def _explained(source: Source, error: ToolFailed) -> BuildFailed:
    said = str(error)
    if "No module named pip" in said:
        return ToolMissing(source, "pip", f"{sys.executable} -m ensurepip, or as root: apt-get install python3-pip")
    if (package := NO_WHEEL.search(said)) is not None and error.no_answer is None:
        for_what = f"Python {python_of(source)} on {source.architecture}"
        return BuildFailed(source, f"pip finds no wheel of {package[1].strip()} for {for_what}\n{said}")
    return BuildFailed(source, said)
