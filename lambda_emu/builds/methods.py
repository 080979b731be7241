"""The ways to build, and which of them code needs: by what somebody chose, else by what lies there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from lambda_emu.builds.source import NothingToBuild, Source, UnknownMethod

LIBRARY = "aws-lambda-builders"
"""Builds all but what pip does."""
READ_BYTES = 1024 * 1024
PIP, NPM, ESBUILD, GO, MAVEN, GRADLE, BUNDLER, CARGO, MAKE, DOTNET = (
    "pip", "npm", "esbuild", "go", "maven", "gradle", "bundler", "cargo", "make", "dotnet",
)  # fmt: skip


class Method(Struct, frozen=True):
    """A row. manifests: patterns of files, of which one must be there. tools: programs that must be here.

    workflow: language and dependency manager, by which aws-lambda-builders knows it; None: pip, which is ours.
    subfolder: of a layer, where the code goes.
    """

    name: str
    manifests: tuple[str, ...]
    tools: tuple[str, ...]
    workflow: tuple[str, str | None] | None
    subfolder: str = ""
    runtime: str | None = None
    """What aws-lambda-builders is told, where that is not the function's own."""


METHODS: Mapping[str, Method] = {
    one.name: one
    for one in (
        Method(PIP, ("requirements.txt",), (), None, "python"),
        Method(NPM, ("package.json",), ("npm",), ("nodejs", "npm"), "nodejs"),
        Method(ESBUILD, ("*.ts", "*.js", "package.json"), ("npm",), ("nodejs", "npm-esbuild"), "nodejs"),
        Method(GO, ("go.mod",), ("go",), ("go", "modules"), runtime="provided"),
        Method(MAVEN, ("pom.xml",), ("mvn",), ("java", "maven"), "java"),
        Method(GRADLE, ("build.gradle", "build.gradle.kts"), ("gradle",), ("java", "gradle"), "java"),
        Method(BUNDLER, ("Gemfile",), ("bundle",), ("ruby", "bundler"), "ruby/lib"),
        Method(CARGO, ("Cargo.toml",), ("cargo", "cargo-lambda"), ("rust", "cargo"), runtime="provided"),
        Method(MAKE, ("Makefile",), ("make",), ("provided", None), runtime="provided"),
        Method(DOTNET, ("*.csproj", "*.fsproj"), ("dotnet",), ("dotnet", "cli-package"), "dotnet"),
    )
}
INSTALL: Mapping[str, str] = {
    "npm": "install Node.js, https://nodejs.org, or as root: apt-get install npm",
    "go": "https://go.dev/doc/install, or as root: apt-get install golang-go",
    "mvn": "https://maven.apache.org/install.html, or as root: apt-get install maven",
    "gradle": "https://gradle.org/install, or put the project's gradlew beside its code",
    "bundle": "gem install bundler, or as root: apt-get install ruby-bundler",
    "cargo": "https://rustup.rs",
    "cargo-lambda": "pip install cargo-lambda, which brings Zig too",
    "make": "as root: apt-get install make",
    "dotnet": "https://dotnet.microsoft.com/download",
}
"""How a tool is got that is not here."""
_IN_SAMS_WORDS = (
    (r"python\d.*", (PIP,)),
    (r"nodejs\d.*", (NPM,)),
    (r"go1\.x", (GO,)),
    (r"java\d.*", (GRADLE, MAVEN)),
    (r"ruby\d.*", (BUNDLER,)),
    (r"rust-cargolambda", (CARGO,)),
    (r"makefile", (MAKE,)),
    (r"dotnet.*", (DOTNET,)),
)
"""What `BuildMethod` says, and the first of these whose manifest is there."""
_NAMED = re.compile(r"^[ \t]*(?:[^\s#-]|-[re]|--requirement|--editable)", re.M)
AUTO = "auto"
"""Of our own words: by what lies there."""


def choose(source: Source) -> Method | None:
    """How to build it; None: it is whole as it lies. UnknownMethod, NothingToBuild."""
    if source.method in (None, AUTO):
        name = next(_needed(source), None)
        return None if name is None else METHODS[name]
    assert source.method is not None
    names = next((names for words, names in _IN_SAMS_WORDS if re.fullmatch(words, source.method)), (source.method,))
    if any(name not in METHODS for name in names):
        raise UnknownMethod(source, ", ".join(METHODS))
    found = next((name for name in names if has_manifest(source.folder, METHODS[name])), None)
    if found is None:
        manifests = " or ".join(one for name in names for one in METHODS[name].manifests)
        raise NothingToBuild(source, names[-1], manifests)
    return METHODS[found]


def has_manifest(folder: Path, method: Method) -> bool:
    return any(any(folder.glob(pattern)) for pattern in method.manifests)


def _needed(source: Source) -> Iterator[str]:
    """What is said beside code and is not there, and sources that no runtime runs."""
    folder = source.folder
    match source.family:
        case "python":
            if says_requirements(folder / "requirements.txt") and not any(folder.glob("*.dist-info")):
                yield PIP
        case "nodejs":
            if _says_dependencies(folder / "package.json") and not (folder / "node_modules").exists():
                yield NPM
        case "ruby":
            if (folder / "Gemfile").is_file() and not (folder / "vendor").exists():
                yield BUNDLER
        case "java":
            yield from (name for name in (GRADLE, MAVEN) if has_manifest(folder, METHODS[name]))
        case "dotnet" | "dotnetcore":
            if has_manifest(folder, METHODS[DOTNET]) and not any(folder.glob("*.dll")):
                yield DOTNET
        case "provided" | "go" if not (folder / "bootstrap").exists():
            yield from (name for name in (GO, CARGO) if has_manifest(folder, METHODS[name]))


def says_requirements(file: Path) -> bool:
    """Whether it names any package, or another file that may."""
    return _NAMED.search(read_start(file)) is not None


def _says_dependencies(file: Path) -> bool:
    try:
        said = json.loads(read_start(file) or "{}")
    except ValueError:
        return False
    return isinstance(said, dict) and bool(said.get("dependencies"))


def read_start(file: Path) -> str:
    """As much of it as counts; nothing of what cannot be read."""
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return opened.read(READ_BYTES)
    except OSError:
        return ""
