"""The languages whose starts are measured, each with a handler that does the same in all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import CACHE

HANDLERS = Path(__file__).parent / "handlers"
GO_CLIENT = "github.com/aws/aws-lambda-go@v1.55.1"
RUST_MANIFEST = """[package]
name = "bootstrap"
version = "0.0.0"
edition = "2021"

[dependencies]
lambda_runtime = "=1.5.0"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt"] }

[profile.release]
strip = true
"""
EVENT = b'{"item":"tea","count":2}'
ANSWER = {"item": "tea", "count": 4}

Files = Mapping[str, bytes]
"""A function's code, by the names in its zip."""


@dataclass(frozen=True, slots=True)
class Language:
    """files: makes its code, which may need a compiler. cold, warm: the bars of its starts and of its calls.

    without: variables that take from it what our image makes it start faster with; slower: what it is at most of that.
    """

    runtime: str
    handler: str
    files: Callable[[], Files]
    cold: float
    warm: float = 1.3
    without: Mapping[str, str] | None = None
    slower: float = 1.0


@dataclass(frozen=True, slots=True)
class Compiled:
    """A language whose functions bring all of their runtime: its start is held against Python's, less the floor's.

    warm: the bar of its calls.
    """

    name: str
    files: Callable[[], Files]
    bar: float = 1.2
    warm: float = 1.3


def _script(name: str) -> Callable[[], Files]:
    return lambda: {name: (HANDLERS / name).read_bytes()}


def _java() -> Files:
    """For Java 8, which every Java runs."""
    with tempfile.TemporaryDirectory() as folder:
        made("javac", "--release", "8", "-Xlint:-options", "-d", folder, str(HANDLERS / "Twice.java"))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def _go() -> Files:
    """Built in a folder that is kept, so that its packages are fetched once."""
    folder = CACHE / "go"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_bytes((HANDLERS / "twice.go").read_bytes())
    if not (folder / "go.mod").exists():
        made("go", "mod", "init", "bootstrap", folder=folder)
    made("go", "get", GO_CLIENT, folder=folder)
    made("go", "build", "-trimpath", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", "bootstrap", folder=folder)
    return {"bootstrap": (folder / "bootstrap").read_bytes()}


def _rust() -> Files:
    """Built in a folder that is kept: the first time takes a minute or two."""
    folder = CACHE / "rust"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(RUST_MANIFEST)
    (folder / "src/main.rs").write_bytes((HANDLERS / "twice.rs").read_bytes())
    made("cargo", "build", "--quiet", "--release", folder=folder)
    return {"bootstrap": (folder / "target/release/bootstrap").read_bytes()}


def floor() -> Files:
    """A function without a library: C that asks, answers with what it was given, and does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "bootstrap")
        made("cc", "-O2", "-static", "-D_GNU_SOURCE", "-o", str(program), str(HANDLERS / "floor.c"))
        return {program.name: program.read_bytes()}


def made(*command: str, folder: Path | None = None) -> None:
    """Compile something. RuntimeError where the compiler is missing or complains."""
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"there is no {command[0]} here")
    static = os.environ | {"CGO_ENABLED": "0"}
    done = subprocess.run(command, cwd=folder, env=static, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


ARCHIVE_OF_THE_LIBRARY = {"JAVA_TOOL_OPTIONS": "-Xshare:auto"}
"""Said by the function itself, so that ours is left out; the archive that Debian's packages make stays."""


def _of_java(runtime: str) -> Language:
    return Language(runtime, "Twice::handle", _java, 1.3, without=ARCHIVE_OF_THE_LIBRARY, slower=0.6)


PYTHON = Language("python3.13", "twice.handler", _script("twice.py"), 1.6)
NODE = Language("nodejs24.x", "twice.handler", _script("twice.js"), 1.6)
RUBY = Language("ruby3.3", "twice.handler", _script("twice.rb"), 1.6)
LANGUAGES = [PYTHON, NODE, RUBY]
JAVAS = [*map(_of_java, ("java11", "java17", "java21", "java25"))]
COMPILED = [Compiled("Go", _go), Compiled("Rust", _rust)]
