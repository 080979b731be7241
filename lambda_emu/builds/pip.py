"""Python's packages by the host's pip, for the function's Python and processor, whatever Python runs us."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lambda_emu.architectures import MACHINES
from lambda_emu.builds.bounded import Bounded
from lambda_emu.builds.from_source import FromSource
from lambda_emu.builds.methods import read_start
from lambda_emu.builds.requirements import REQUIREMENTS, for_use
from lambda_emu.builds.source import BuildFailed, Source, ToolMissing
from lambda_emu.sandbox.building.registries import PIP_INSTALL
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed

GLIBC = {"amazon linux 2": 26, "al2023": 34}
"""2.x, the newest that a wheel for it may ask for."""
ON_AL2 = frozenset(("3.6", "3.7", "3.8", "3.9", "3.10", "3.11"))
OLDEST_TAG = 17
"""manylinux_2_17 is manylinux2014."""
BEFORE = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
NO_WHEEL = re.compile(r"No matching distribution found for (\S.*)")
TAG = re.compile(r"^Tag: (\S+)-(\S+)-(\S+)", re.M)
MOST_FROM_SOURCE = 40
"""Packages that are built since they have no wheel: each asks pip anew."""


def python_of(source: Source) -> str:
    """`3.13`."""
    return source.runtime.removeprefix("python")


def install(source: Source, folder: Path, scratch: Path, tools: Bounded, progress: Progress) -> None:
    """What requirements.txt says, into a folder. BuildFailed names a package that has no wheel, nor can be made one.

    scratch: for what is needed meanwhile. progress: hears of each package that is built.
    """
    made = FromSource(source, scratch / "wheels", tools)
    words = [*PIP_INSTALL, f"--target={folder}", "--implementation=cp", f"--python-version={python_of(source)}"]
    words += ["--only-binary=:all:", *_platforms(source), f"--find-links={made.wheels}"]
    words += ["-r", str(for_use(source.folder / REQUIREMENTS, scratch))]
    for _ in range(MOST_FROM_SOURCE):
        try:
            tools.run(words, "pip", scratch, source.folder)
            _check_compiled(source, folder)
            return
        except ToolFailed as error:
            package = _without_wheel(error)
            if package is None or package in made.asked:
                raise _explained(source, error, package) from error
            progress(f"{source.name}: pip builds {package}, which has no wheel")
            try:
                made.add(package)
            except ToolFailed as failed:
                raise _explained(source, failed, package) from failed
    raise BuildFailed(source, f"more than {MOST_FROM_SOURCE} of its packages have no wheel")


def _platforms(source: Source) -> Iterator[str]:
    """All that run on the runtime's system: pip takes what is named and nothing older."""
    machine = MACHINES[source.architecture]
    newest = GLIBC["amazon linux 2" if python_of(source) in ON_AL2 else "al2023"]
    for minor in range(newest, OLDEST_TAG - 1, -1):
        yield f"--platform=manylinux_2_{minor}_{machine}"
    yield from (f"--platform={name}_{machine}" for name in BEFORE[machine])


def _check_compiled(source: Source, folder: Path) -> None:
    """pip installs what it built of a folder or an address for the Python that runs it, whatever it was told."""
    for wheel in folder.glob("*.dist-info/WHEEL"):
        tags = TAG.findall(read_start(wheel))
        here = [tag for tag in tags if tag[2].startswith("linux_")]
        fits = any(python == f"cp{python_of(source).replace('.', '')}" or abi == "abi3" for python, abi, _ in here)
        if here and not (fits and here[0][2] == f"linux_{MACHINES[source.architecture]}"):
            package = wheel.parent.name.removesuffix(".dist-info")
            raise BuildFailed(source, f"{package} was compiled here, for {'-'.join(here[0])} alone")


def _without_wheel(error: ToolFailed) -> str | None:
    """The package that pip has no wheel of, where that is what it says."""
    found = NO_WHEEL.search(str(error))
    return None if found is None or error.no_answer is not None else found[1].strip()


def _explained(source: Source, error: ToolFailed, package: str | None) -> BuildFailed:
    said = str(error)
    if "No module named pip" in said:
        return ToolMissing(source, "pip", f"{sys.executable} -m ensurepip, or as root: apt-get install python3-pip")
    if package is not None:
        for_what = f"Python {python_of(source)} on {source.architecture}"
        return BuildFailed(source, f"pip finds no wheel of {package} for {for_what}, and can make none\n{said}")
    return BuildFailed(source, said)
