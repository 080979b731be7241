"""Whether the code has what the handler names, by the rules of each runtime's client, and what to do if not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lambda_emu.binaries.scan import BOUNDS, names_in, walk
from lambda_emu.errors.code import InvalidZip
from lambda_emu.runtimes import Runtime
from lambda_emu.store.code.beneath import open_beneath
from lambda_emu.store.code.zip_reader import ZipReader

ELSEWHERE = ("AWS_LAMBDA_EXEC_WRAPPER", "PYTHONPATH", "NODE_PATH", "RUBYLIB", "RUBYOPT", "DOTNET_STARTUP_HOOKS")
"""Variables by which a handler may be where nobody looks otherwise."""
LOADERS = {"NODE_OPTIONS": re.compile("loader|import|require|-r "), "JAVA_TOOL_OPTIONS": re.compile("agent")}
"""Those by which it may where they have such options."""
ENTRIES = 100_000
"""Of jars so many are looked through."""
CLASS_MARK = b"\xca\xfe\xba\xbe"
CLASS_OF_JAVA_0 = 44
NAMED = 3
"""How many files that are there are named beside the one that is not."""


class Form(Struct, frozen=True):
    """How the handlers of a family name a file, and where that is.

    base: of a handler, the file without its ending. endings: of files that have handlers. below: folders of layers that
    are looked into. sources: endings of what they are compiled from, and compile, how.
    """

    base: Callable[[str], str]
    endings: tuple[str, ...]
    below: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    compile: str = ""


class Entry(Struct, frozen=True):
    """Where a handler is. base: its file without the ending."""

    base: str
    form: Form

    @property
    def file(self) -> str:
        return self.base + self.form.endings[0]


def _entry_of(runtime: Runtime, handler: str) -> Entry | None:
    """None: it is not told by a name below the code."""
    form = _FORMS.get(runtime.family)
    base = "" if form is None else form.base(handler)
    return None if form is None or not base or base.startswith(("/", "../")) else Entry(base, form)


def may_be_elsewhere(environment: Mapping[str, str]) -> bool:
    """Whether the function's variables have its handler be found where nobody looks."""
    return any(name in environment for name in ELSEWHERE) or any(
        options.search(environment.get(name, "")) for name, options in LOADERS.items()
    )


def wrong_entry(
    runtime: Runtime, handler: str, task: Path, layers: Sequence[Path], entries: int = ENTRIES
) -> str | None:
    """What is wrong, in a sentence. None: nothing is known against it. entries: of jars, at most. OSError."""
    entry = _entry_of(runtime, handler)
    if entry is None:
        return None
    of_layers = [(layer, below.format(runtime.identifier)) for layer in layers for below in entry.form.below]
    places = [(task, ""), (task, "node_modules/"), *of_layers]
    tried = (_begin(folder, below + entry.base + ending) for folder, below in places for ending in entry.form.endings)
    begins = next((one for one in tried if one is not None), None)
    if begins is None and runtime.family == "python" and _is_compiled(places, entry.base):
        return None
    if begins is None and runtime.family == "java":
        begins = _in_jars([(task, "lib"), *((layer, "java/lib") for layer in layers)], entry.file.encode(), entries)
    if begins is None:
        has = "which neither the code nor a layer has"
        return f"the handler {handler} is in {entry.file}, {has}{_advice(runtime, handler, entry, task)}"
    return _too_new(runtime, entry, begins) if runtime.family == "java" else None


def _too_new(runtime: Runtime, entry: Entry, begins: bytes) -> str | None:
    made_for = int.from_bytes(begins[6:8], "big") - CLASS_OF_JAVA_0
    if not begins.startswith(CLASS_MARK) or made_for <= runtime.major:
        return None
    return (
        f"{entry.file} is compiled for Java {made_for}, and {runtime.identifier} runs what is compiled for "
        f"{runtime.major}: javac --release {runtime.major}, Maven: maven.compiler.release"
    )


def _begin(folder: Path, name: str) -> bytes | None:
    """How a file begins; nothing of a folder or a link, which is there all the same. None where nothing is."""
    try:
        file = open_beneath(folder, name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # or no name of a file at all
        return b""
    try:
        return os.pread(file, 8, 0)
    except IsADirectoryError:
        return b""
    finally:
        os.close(file)


def _is_compiled(places: Sequence[tuple[Path, str]], base: str) -> bool:
    """Whether it is a module of machine code, whose name tells for which Python: base.cpython-313-….so."""
    way, stem = os.path.split(base)
    names = (name for folder, below in places for name in names_in(folder, (below + way).strip("/")))
    return any(name.startswith(f"{stem}.") and name.endswith(".so") for name in names)


def _in_jars(folders: Sequence[tuple[Path, str]], name: bytes, most: int) -> bytes | None:
    """How a class in one of their jars begins; nothing where there are more entries than are looked through."""
    seen = 0
    for folder, below in folders:
        for jar in (one for one in names_in(folder, below) if one.endswith(".jar")):
            try:
                with os.fdopen(open_beneath(folder, f"{below}/{jar}"), "rb") as file:
                    reader = ZipReader(file)
                    entries = reader.entries()
                    if found := next((entry for entry in entries if entry.name == name), None):
                        return next(reader.chunks(found), b"")[:8]
            except (OSError, InvalidZip):
                return b""  # nobody knows what is in there
            seen += len(entries)
            if seen > most:
                return b""
    return None


def _advice(runtime: Runtime, handler: str, entry: Entry, task: Path) -> str:
    others: list[str] = []
    for path in _files(task):
        name = PurePosixPath(path)
        if path.endswith(f"/{entry.file}") and not (runtime.family == "java" and "/" not in entry.base):
            return _moved(runtime, handler, path.removesuffix(f"/{entry.file}"), path)
        if runtime.family == "java" and (hint := _java(handler, entry, name)) is not None:
            return hint
        if name.suffix in entry.form.sources and name.stem == PurePosixPath(entry.base).name:
            return f": it has {path}, which is to be compiled first: {entry.form.compile.format(path, entry.file)}"
        if name.suffix in entry.form.endings and len(others) < NAMED and "/" not in path:
            others.append(path)
    return f": it has {', '.join(others)}" if others else ""


def _java(handler: str, entry: Entry, path: PurePosixPath) -> str | None:
    """Of a class that is there: how its handler is written."""
    written = str(path.with_suffix("")).replace("/", ".")
    if path.name == PurePosixPath(entry.file).name:
        return f": it has {path}, whose handler is {written}"
    if str(path) == f"{os.path.dirname(entry.base)}.class":
        return f": it has {path}, whose method is written {written}::{handler.rpartition('.')[2]}"
    if path.suffix == ".jar" and len(path.parts) == 1:
        return f": it has {path}, and jars are looked for in lib/ alone"
    return None


def _moved(runtime: Runtime, handler: str, folder: str, path: str) -> str:
    """It is there, a folder too deep."""
    other = "" if runtime.family in ("java", "dotnet") else f", or set the handler to {folder}/{handler}"
    return f": it has {path}, so the code is to be what is in {folder}/, without that folder{other}"


def _files(folder: Path) -> Iterator[str]:
    """Names below it. What was brought is not looked at."""
    for _, way, name in islice(walk(folder), BOUNDS.files):
        if not way.startswith(("node_modules/", "vendor/")):
            yield way + name


def _before(separator: str) -> Callable[[str], str]:
    """Of handlers that are a path, a separator and more: the path."""

    def base(handler: str) -> str:
        folder, name = os.path.split(handler)
        return os.path.normpath(os.path.join(folder, stem)) if (stem := name.partition(separator)[0]) else ""

    return base


_FORMS: Mapping[str, Form] = {
    "python": Form(
        lambda handler: handler.rpartition(".")[0].replace(".", "/"),
        (".py", "/__init__.py", ".pyc"),
        ("python/", "python/lib/{}/site-packages/"),
    ),
    "nodejs": Form(
        _before("."),
        (".js", ".mjs", ".cjs", ""),
        ("nodejs/node_modules/",),
        (".ts", ".mts", ".cts"),
        "esbuild {0} --bundle --platform=node --outfile={1}",
    ),
    "ruby": Form(_before("."), (".rb", ".so"), ("ruby/lib/",)),
    "java": Form(
        lambda handler: handler.partition("::")[0].replace(".", "/"),
        (".class",),
        (),
        (".java", ".kt", ".scala"),
        "javac -d . {0}, or take the jar that Maven or Gradle makes",
    ),
    "dotnet": Form(_before("::"), (".dll",), ("",), (".cs", ".fs"), "dotnet publish -c Release"),
}
