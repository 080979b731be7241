"""Functions that behave alike in every language: what tests ask of them, and what only one language says so."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packages import kept, run

from lambda_emu.config import load_settings
from lambda_emu.recipes import Jars
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.building.parts import Parts
from lambda_emu.sandbox.building.tool_runner import ToolRunner

HANDLERS = Path(__file__).parent / "handlers"


@dataclass(frozen=True)
class Failure:
    """How a function fails that cannot even begin. type: of the error, if it has one; says: a part of its message."""

    handler: str
    type: str | None
    says: str


@dataclass(frozen=True)
class Language:
    """handlers/every.* in one language.

    files: its code. layer: files of a layer with a word in it. error: the type of what it throws; members: the names in
    its error's JSON, in their order; trace: which one of them tells where. failures: by what is wrong. ends: a handler
    whose code ends the process when it is loaded; None where there is none of its own. variables: what it finds in its
    environment besides what all languages do; absent: names that it does not.
    """

    family: str
    handler: str
    files: Callable[[pytest.Config], Mapping[str, str | bytes]]
    layer: Callable[[pytest.Config], Mapping[str, str | bytes]]
    error: str
    members: tuple[str, ...]
    trace: str
    failures: Mapping[str, Failure]
    ends: str
    memory: type = str
    absent: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def _java_classes(config: pytest.Config) -> Mapping[str, bytes]:
    """Compiled for Java 8, which every Java runs."""
    folder = kept(config, "java-handlers")
    sources = sorted((HANDLERS / "java").rglob("*.java"))
    java = catalogue().get("java21")
    assert java is not None
    assert java.recipe is not None
    jars = java.recipe.parts["x86_64"]["/var/runtime/lib"]
    assert isinstance(jars, Jars)
    cache = load_settings({}, environ={}).cache_dir / "parts"
    core = Parts(cache, folder, ToolRunner()).folder(jars, "x86_64", {}, print) / "aws-lambda-java-core.jar"
    target = ["-Xlint:-options", "--release", "8", "-cp", str(core), "-d", str(folder / "classes")]
    run(["javac", *target, *map(str, sources)], folder)
    classes = folder / "classes"
    return {str(path.relative_to(classes)): path.read_bytes() for path in classes.rglob("*.class")}


def _java_code(config: pytest.Config) -> Mapping[str, bytes]:
    return {name: code for name, code in _java_classes(config).items() if name.startswith("fn/")}


def _java_layer(config: pytest.Config) -> Mapping[str, bytes]:
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        for name, code in _java_classes(config).items():
            if name.startswith("layered/"):
                archive.writestr(name, code)
    return {"java/lib/layered.jar": jar.getvalue()}


JAVA = Language(
    family="java",
    handler="fn.Every",
    files=_java_code,
    layer=_java_layer,
    error="java.lang.IllegalStateException",
    members=("errorMessage", "errorType", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure("fn.Broken::handle", "java.lang.IllegalStateException", "broken from the start"),
        "no module": Failure("fn.Missing", "java.lang.ClassNotFoundException", "Class not found: fn.Missing"),
        "no function": Failure("fn.Forms::missing", None, "No public method named missing"),
    },
    ends="fn.Ends::handle",
    memory=int,
    absent=("PWD", "SHLVL"),
)
NODE = Language(
    family="nodejs",
    handler="every.handler",
    files=lambda _: {
        "every.js": (HANDLERS / "every.js").read_text(),
        "broken.js": "throw new RangeError('broken from the start');",
        "ends.js": "process.exit(3);",
    },
    layer=lambda _: {"nodejs/node_modules/layered/index.js": "exports.word = 'from a layer';"},
    error="RangeError",
    members=("errorType", "errorMessage", "trace"),
    trace="trace",
    failures={
        "broken": Failure("broken.handler", "RangeError", "broken from the start"),
        "no module": Failure("missing.handler", "Runtime.ImportModuleError", "Cannot find module 'missing'"),
        "no function": Failure("every.missing", "Runtime.HandlerNotFound", "every.missing is undefined"),
    },
    ends="ends.handler",
    variables={"PWD": "/var/task", "SHLVL": "0"},
)
PYTHON = Language(
    family="python",
    handler="every.handler",
    files=lambda _: {
        "every.py": (HANDLERS / "every.py").read_text(),
        "broken.py": "raise KeyError('broken from the start')",
        "ends.py": "import os\nos._exit(3)",
    },
    layer=lambda _: {"python/layered.py": "word = 'from a layer'"},
    error="KeyError",
    members=("errorMessage", "errorType", "requestId", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure("broken.handler", "KeyError", "broken from the start"),
        "no module": Failure("missing.handler", "Runtime.ImportModuleError", "No module named 'missing'"),
        "no function": Failure("every.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module"),
    },
    ends="ends.handler",
    variables={"PWD": "/var/task", "SHLVL": "0"},
)
LANGUAGES = {language.family: language for language in (JAVA, NODE, PYTHON)}
FIRST = ("java21", "nodejs24.x", "python3.13")
"""One of each family, which `make test` runs."""


def runtimes(*families: str) -> list[object]:
    """Every runtime of these languages, or of all, that an image can be built for, as pytest's parameters."""
    wanted = families or tuple(LANGUAGES)
    buildable = [one.identifier for one in catalogue() if one.recipe is not None and one.family in wanted]
    return [
        pytest.param(name, marks=[pytest.mark.docker] if name in FIRST else [pytest.mark.docker, pytest.mark.runtimes])
        for name in buildable
    ]
