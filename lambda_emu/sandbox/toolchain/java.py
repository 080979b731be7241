"""The Javas of this machine, for sandboxes, with AWS's client for all of them, which is fetched once."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.asking import ask
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import LANG, Interpreter, part_of, start_of
from lambda_emu.sandbox.toolchain.maker import Maker

INSTALLED = Path("/usr/lib/jvm")
"""Where distributions put all of theirs, of which one is on the PATH."""
JAVA = "/var/lang/bin/java"
UTF_8 = "-Dfile.encoding=UTF-8"
"""What Java makes of LANG on Amazon Linux 2. A machine may lack that locale, and so does Amazon Linux 2023."""
LIBRARIES = ("lib/modules", "lib/rt.jar", "jre/lib/rt.jar")
"""What a home has one of: else the program lies in somebody's own."""
SETTINGS = ("conf", "conf/**/*", "lib/*", "lib/security/*", "jre/lib/*", "jre/lib/security/*")
WHO = ("-XshowSettings:properties", "-version")
"""What it is and where, to be asked of it."""


class JavaHome(Struct, frozen=True):
    """One Java. folder: what it calls java.home."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """17 of `17.0.15`, 8 of `1.8.0_504`, 25 of `25-ea`."""
        return int(re.findall(r"^(?:1\.)?(\d+)", self.version)[0])


class JavaLanguage:
    """interpreter.Language. installed: a folder of Javas, besides JAVA_HOME and those on the PATH."""

    def __init__(self, installed: Path = INSTALLED) -> None:
        self._installed = installed

    def find(self, runtime: Runtime) -> Interpreter:
        """The nearest newer one, for Java runs what was compiled for an older; if there is none, the newest."""
        wanted = runtime.major
        homes = [home for java in self._programs() if (home := _home_of(java))]
        if not homes:
            where = f"on the PATH, in JAVA_HOME, or below {self._installed}"
            raise SandboxError(f"without Docker {runtime.identifier} needs `java` {where}")
        home = min(homes, key=lambda home: (home.major < wanted, abs(home.major - wanted)))
        right = runtime.identifier if home.major == wanted else f"java{home.major}"
        start = re.sub(r"\bjava=\d+", f"java={home.major}", start_of("java"))
        if runtime.os == "al2":
            start = start.replace(JAVA, f"{JAVA} {UTF_8}", 1)
        return Interpreter(home.folder / "bin/java", f"Java {home.version}", right, start)

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        """All of it, for it is nothing but a Java; and what of /etc a distribution's has links to."""
        home = interpreter.path.parent.parent
        settings = {Path(*target.parts[:3]) for target in _links(home) if target.is_relative_to("/etc")}
        shown = {folder: folder for folder in sorted(settings) if folder.name.startswith("java")}
        return {LANG: home, LANG / "bin/java": interpreter.path, **shown}

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Copies: where nothing is mounted, functions could write into what is kept."""
        shutil.copytree(maker.ensure(part_of("java", "/var/runtime/lib")), folder / "runtime/lib")
        return {}

    def _programs(self) -> Iterator[Path]:
        home = Path(os.path.expandvars("$JAVA_HOME/bin/java"))
        on_path = [Path(folder, "java") for folder in os.get_exec_path()]
        yield from (java for java in (home, *on_path, *self._installed.glob("*/bin/java")) if os.access(java, os.X_OK))


def _home_of(java: Path) -> JavaHome | None:
    """As the file says that comes with it, for starting it takes a while; on the PATH may be a manager's script."""
    home = java.resolve().parent.parent
    if not any((home / library).is_file() for library in LIBRARIES):
        return _ask(java)
    for file in (home / "release", home.parent / "release"):
        told = file.read_text(errors="replace") if file.is_file() else ""
        found = re.search(r'^JAVA_VERSION="(\d[^"]*)"', told, re.M)
        if found is not None:
            return JavaHome(home, found[1])
    return _ask(java)


def _ask(java: Path) -> JavaHome | None:
    """None where it is no Java."""
    try:
        told = ask(java, *WHO).error
    except SandboxError:
        return None
    said = dict(re.findall(r"^\s*(java\.home|java\.version) = ([/\d].*)$", told, re.M))
    return JavaHome(Path(said["java.home"]).resolve(), said["java.version"]) if len(said) == 2 else None


def _links(home: Path) -> Iterator[Path]:
    """Where its settings and what it trusts lie."""
    for pattern in SETTINGS:
        yield from (path.parent / path.readlink() for path in home.glob(pattern) if path.is_symlink())
