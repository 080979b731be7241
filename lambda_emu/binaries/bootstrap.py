"""What a custom runtime executes, and why Lambda would not. docs/contract/runtime.md#environment-variables."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from lambda_emu.architectures import ARCHITECTURES, GOARCH, MACHINES
from lambda_emu.binaries.elf import Elf, read_elf
from lambda_emu.binaries.needs import LOADERS
from lambda_emu.binaries.scan import BOUNDS, walk
from lambda_emu.store.code.beneath import open_beneath

NAME = "bootstrap"
BOOTSTRAPS = ("/var/task/bootstrap", "/opt/bootstrap")
FIRST_BYTES = 256
MADE_FOR = {
    b"\xcf\xfa\xed\xfe": "macOS",
    b"\xce\xfa\xed\xfe": "macOS",
    b"\xca\xfe\xba\xbe": "macOS",
    b"MZ": "Windows",
}
"""By how a program begins."""
INTERPRETERS = ("sh", "bash", "awk", "gawk", "sed", "python", "python2", "python2.7")
"""Of scripts, which Amazon Linux brings; the last ones only Amazon Linux 2."""
ENV = "env"
BROUGHT = ("/var/task/", "/opt/")
"""What lies here comes with the code."""


def wrong_bootstrap(task: Path, layers: Sequence[Path], runtime: str, architecture: str) -> str | None:
    """Why what there is does not start on Lambda, and what to type. None: nothing is known against it. OSError."""
    for shown, folder in [("/var/task", task), *(("/opt", layer) for layer in reversed(layers))]:
        try:
            file = open_beneath(folder, NAME, os.O_RDONLY)
        except FileNotFoundError:
            continue
        except OSError:  # a link: where it leads is seen inside alone
            return None
        try:
            mode = os.fstat(file).st_mode
            if stat.S_ISREG(mode):
                why = _wrong(file, mode, architecture) or _wrong_interpreter(file, layers)
                return None if why is None else f"{shown}/{NAME} {why}"
        finally:
            os.close(file)
    deeper = next((way for _, way, name in islice(walk(task), BOUNDS.files) if name == NAME), None)
    return f"{runtime} starts a file of the name {NAME}, which neither the code nor a layer has: " + (
        f"give your program that name (go build -o {NAME})"
        if deeper is None
        else f"the code has {deeper}{NAME}, and is to be what is in {deeper}, without that folder"
    )


def _wrong(file: int, mode: int, architecture: str) -> str | None:
    begins = os.pread(file, FIRST_BYTES, 0)
    system = next((system for mark, system in MADE_FOR.items() if begins.startswith(mark)), None)
    target = f"GOOS=linux GOARCH={GOARCH[architecture]}, --target {MACHINES[architecture]}-unknown-linux-gnu"
    if system is not None:
        return f"is a program for {system}: build it for Linux ({target})"
    if not mode & 0o111:
        return f"may not be executed: chmod +x {NAME}, then make the zip again"
    if begins.startswith(b"#!"):
        if begins.partition(b"\n")[0].endswith(b"\r"):
            return (
                f"has lines that end as on Windows, which Linux takes for a part of the name after #!: dos2unix {NAME}"
            )
        return None
    elf = read_elf(file)
    if elf is None:
        return "is no program: it begins neither with #! nor as programs for Linux do"
    if elf.architecture != architecture:
        return (
            f"is a program for {elf.architecture}, and the function is for {architecture}: "
            f"build it for that ({target}){or_set(elf.architecture)}"
        )
    return _wrong_loader(elf, architecture)


def _wrong_interpreter(file: int, layers: Sequence[Path]) -> str | None:
    """Of a script: what runs it, by a path or by the PATH, which ends with the programs of layers."""
    line = os.pread(file, FIRST_BYTES, 0).partition(b"\n")[0].decode(errors="replace")
    words = line.removeprefix("#!").split()
    if not line.startswith("#!") or not words or words[0].startswith(BROUGHT):
        return None
    by_path = words[0].rpartition("/")[2] == ENV
    name = next((word for word in words[1:] if not word.startswith("-")), ENV) if by_path else words[0]
    if name.rpartition("/")[2] in (*INTERPRETERS, ENV):
        return None
    if by_path and any(_is_there(layer, f"bin/{name}") for layer in layers):
        return None
    return (
        f"is run by {name}, which Amazon Linux does not bring: put it into a layer (bin/ of layers is on the PATH), "
        "or use the runtime of that language"
    )


def _is_there(folder: Path, name: str) -> bool:
    try:
        os.close(open_beneath(folder, name, os.O_PATH))
    except OSError:
        return False
    return True


def or_set(architecture: str) -> str:
    """The other thing to do about code for another machine, where Lambda has such machines."""
    return f", or set the function's Architectures to {architecture}" if architecture in ARCHITECTURES else ""


def _wrong_loader(elf: Elf, architecture: str) -> str | None:
    """Of one that is linked dynamically: by what."""
    loader = elf.interpreter
    if loader in (None, LOADERS[architecture]) or str(loader).startswith(BROUGHT):
        return None
    hint = "link it statically" if "musl" in str(loader) else "link it on Amazon Linux, or statically"
    return f"is loaded by {loader}, which Lambda has not: {hint}"
