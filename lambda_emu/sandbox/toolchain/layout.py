"""What a runtime's sandboxes have of this machine: interpreter and AWS's client, laid out as in AWS's images.

A toolchain is a folder with `lang` and `runtime`, which sandboxes see as /var/lang and /var/runtime. Runs on workers.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, field

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import ClientMissing, Interpreter, Language
from lambda_emu.sandbox.toolchain.maker import Maker

log = logging.getLogger(__name__)

LANGUAGES = {
    "python": "Python",
    "nodejs": "Node.js",
    "java": "Java",
    "ruby": "Ruby",
    "dotnet": ".NET",
    "provided": "custom runtimes",
}
"""What runs without Docker, by family, in words."""


class Toolchain(Struct, frozen=True):
    """folder: as the module says. host_files: those of the host, by where sandboxes see them; parents come first.

    interpreter: what runs the function; None where it brings that.
    """

    folder: Path
    host_files: Mapping[Path, Path] = field(default_factory=lambda: MappingProxyType({}))
    interpreter: Interpreter | None = None

    @property
    def start(self) -> str | None:
        """The shell words that start the runtime."""
        return None if self.interpreter is None else self.interpreter.start

    def place(self, shown: Path) -> Path | None:
        """Where in `folder` a path of sandboxes lies; None for what is not below /var/lang or /var/runtime."""
        return self.folder / shown.relative_to("/var") if shown.parts[1:2] == ("var",) else None


class ToolchainStatus(Struct, frozen=True):
    """What functions of a runtime would run on without Docker, or why they would not; both None: on what they bring."""

    runtime: Runtime
    interpreter: Interpreter | None = None
    reason: str | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it is what the runtime asks for, and no other version."""
        return self.reason is None and (self.interpreter is None or self.interpreter.instead_of(self.runtime) is None)


def for_another(runtime: Runtime, architecture: str, *, strict: bool = False) -> str | None:
    """That code for another processor runs on this machine's, in words. None where it is for that.

    SandboxError where it is compiled, as for runtimes of one's own. strict: nothing runs on another one.
    """
    if architecture == HOST_ARCHITECTURE:
        return None
    if strict or runtime.family == "provided":
        raise SandboxError(
            f"this machine is {HOST_ARCHITECTURE}; it cannot run {architecture} without Docker: start Docker, or make "
            f"the function for {HOST_ARCHITECTURE}"
        )
    return f"it is for {architecture} and runs on {HOST_ARCHITECTURE}, which loads nothing compiled for the former"


def statuses() -> list[ToolchainStatus]:
    """Every runtime that functions can be created with."""
    return [status_of(runtime) for runtime in catalogue() if runtime.may_create]


def status_of(runtime: Runtime) -> ToolchainStatus:
    try:
        language = _language(runtime)
        if language is None:
            return ToolchainStatus(runtime)
        interpreter = language.find(runtime)
        language.host_files(interpreter, empty=Path())
        return ToolchainStatus(runtime, interpreter)
    except (OSError, SandboxError) as error:
        return ToolchainStatus(runtime, reason=str(error))


def make_toolchain(runtime: Runtime, folder: Path, maker: Maker, *, strict: bool = False) -> Toolchain:
    """Lay out a toolchain in `folder`. OSError; SandboxError where this machine cannot run the runtime.

    maker: of what has to be fetched or compiled. strict: run no other version in its place.
    """
    for name in ("lang/bin", "lang/lib", "empty"):
        (folder / name).mkdir(parents=True)
    # Ours first, as in our images: the start script and what a language adds to the client.
    ours = catalogue().folder / runtime.family / "runtime"
    shutil.copytree(ours, folder / "runtime") if ours.is_dir() else (folder / "runtime").mkdir()
    language = _language(runtime)
    if language is None:
        toolchain = Toolchain(folder, _shell())
    else:
        toolchain = _with_interpreter(language, language.find(runtime), runtime, folder, maker, strict)
    if toolchain.start is not None:
        template = (catalogue().folder / "image" / "bootstrap").read_text().replace("#!/bin/dash", "#!/bin/sh")
        (folder / "runtime/bootstrap").write_text(template.replace("@start@", toolchain.start))
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return toolchain


def _shell() -> Mapping[Path, Path]:
    """On Amazon Linux `sh` is bash, and AWS's own example of a bootstrap counts on it."""
    bash = shutil.which("bash")
    sh = Path("/bin/sh").resolve()
    return {} if bash is None or Path(bash).resolve() == sh else {sh: Path(bash).resolve()}


def _language(runtime: Runtime) -> Language | None:
    """None where the function brings what runs it. A server imports those that its functions need, and no others."""
    match runtime.family:
        case "provided":
            return None
        case "python":
            from lambda_emu.sandbox.toolchain.python import PythonLanguage

            return PythonLanguage()
        case "nodejs":
            from lambda_emu.sandbox.toolchain.node import NodeLanguage

            return NodeLanguage()
        case "java":
            from lambda_emu.sandbox.toolchain.java import JavaLanguage

            return JavaLanguage()
        case "ruby":
            from lambda_emu.sandbox.toolchain.ruby import RubyLanguage

            return RubyLanguage()
        case "dotnet":
            from lambda_emu.sandbox.toolchain.dotnet import DotnetLanguage

            return DotnetLanguage()
    *names, last = LANGUAGES.values()
    raise SandboxError(f"{runtime.identifier} needs Docker; without it run {', '.join(names)} and {last}")


def _with_interpreter(
    language: Language, interpreter: Interpreter, runtime: Runtime, folder: Path, maker: Maker, strict: bool
) -> Toolchain:
    _check_version(interpreter, runtime, strict)
    try:
        kept = language.add(interpreter, folder, maker)
    except ClientMissing as missing:
        log.warning("%s", missing)
        return _with_interpreter(language, missing.instead, runtime, folder, maker, strict)
    shown = {**language.host_files(interpreter, folder / "empty"), **kept}
    return Toolchain(folder, shown, interpreter)


def _check_version(interpreter: Interpreter, runtime: Runtime, strict: bool) -> None:
    if strict and interpreter.instead_of(runtime):
        has = f"this machine has {interpreter.name} ({interpreter.path}), not {runtime.identifier}"
        raise SandboxError(f"{has}; use Docker, or run it on that one by leaving out strict_runtimes")
