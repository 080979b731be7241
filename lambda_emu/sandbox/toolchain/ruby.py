"""The rubies on our PATH, for sandboxes. The client is our own, and the same for every version."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.asking import ask
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import (
    LANG,
    Interpreter,
    NotOnPath,
    is_own,
    is_seen,
    libraries,
    nearest,
    start_of,
)
from lambda_emu.sandbox.toolchain.maker import Maker

WHO = """
puts RUBY_ENGINE, RUBY_VERSION, RbConfig.ruby, RbConfig::CONFIG["rubylibprefix"]
puts RbConfig::CONFIG["configure_args"].to_s.include?("--enable-load-relative")
"""
"""What it is, to be asked of it."""


RUBY = "/var/lang/bin/ruby"
UTF_8 = "-E UTF-8"
"""What Ruby makes of LANG on Amazon Linux 2. A machine may lack that locale, and so does Amazon Linux 2023."""


class Ruby(Struct, frozen=True):
    """What a ruby says of itself. library: the folder of its standard library and gems.

    moves: whether it looks for that beside itself, wherever that is, and not where it was installed.
    """

    version: str
    path: Path
    library: Path
    moves: bool


class RubyLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        names = ("ruby", *_versions())
        found, refused = [], []
        for program in filter(None, map(shutil.which, names)):
            try:
                found.append(_interpreter(_ask(Path(program))))
            except SandboxError as error:  # as of a version manager's, where none is chosen
                refused.append(error)
        best = nearest(runtime, found)
        if best is None:
            raise NotOnPath(runtime, "ruby", "ruby") if not refused else refused[0]
        return replace(best, start=best.start.replace(RUBY, f"{RUBY} {UTF_8}", 1)) if runtime.os == "al2" else best

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        ruby = _ask(interpreter.path)
        folder = ruby.library.parent
        shown = {LANG / "bin/ruby": ruby.path, **libraries([ruby.path], folder)}
        if is_seen(ruby.library):
            return shown
        if not is_own(ruby.library):
            built_for_it = folder.parent / "openssl"  # as ruby-build does it
            more = [ruby.library, *([built_for_it] if built_for_it.is_dir() else [])]
            return {**shown, **{path: path for path in more}}
        if ruby.moves:
            return {**shown, LANG / "lib/ruby": ruby.library}
        own = Path("/", ruby.library.parts[1])
        raise SandboxError(
            f"{interpreter.name} ({interpreter.path}) has its library below {own}, which is each function's own: "
            "install it elsewhere, or start Docker"
        )

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Links to the gems that are installed with it from where functions of any version look for AWS's SDK."""
        ruby = _ask(interpreter.path)
        library = LANG / "lib/ruby" if is_own(ruby.library) else ruby.library
        (folder / "runtime/ruby").mkdir()
        for version in _versions():
            link = folder / "runtime/ruby" / f"{version.removeprefix('ruby')}.0"
            link.symlink_to(library / "gems" / _api(ruby.version))
        return {}


def _versions() -> list[str]:
    """`ruby3.3` and the others, as programs may be called, too."""
    return [one.identifier for one in catalogue() if one.family == "ruby"]


def _interpreter(ruby: Ruby) -> Interpreter:
    runtime = f"ruby{_api(ruby.version).removesuffix('.0')}"
    return Interpreter(ruby.path, f"Ruby {ruby.version}", runtime, start_of("ruby"))


def _api(version: str) -> str:
    """What Ruby calls folders by: `3.3.0` of 3.3.14."""
    major, minor, *_ = version.split(".")
    return f"{major}.{minor}.0"


def _ask(program: Path) -> Ruby:
    said = ask(program, "--disable=gems", "-rrbconfig", "-e", WHO)
    match said.output.splitlines():
        case [*_, "ruby", version, path, library, moves]:
            return Ruby(version, Path(path).resolve(), Path(library), moves == "true")
    raise SandboxError(f"{program} is not the Ruby that Lambda has: {said.last}")
