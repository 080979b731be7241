"""Java, compiled for the oldest one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from packages import kept, made, part_of, run

from lambda_emu.recipes import Jars
from lambda_emu.sandbox.building.part_plan import PartPlan
from languages.language import HANDLERS, Failure, Form, Language, Thrown


def _classes(config: pytest.Config) -> Mapping[str, bytes]:
    """Compiled for Java 8, which every Java runs."""
    sources = sorted((HANDLERS / "java").rglob("*.java"))
    written = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = kept(config, f"java-handlers-{written}")
    if not (folder / "whole").exists():
        _compile(sources, folder)
        (folder / "whole").touch()
    classes = folder / "classes"
    return {str(path.relative_to(classes)): path.read_bytes() for path in classes.rglob("*.class")}


def core() -> Path:
    """AWS's interfaces for handlers."""
    return made(PartPlan(part_of("java21", "/var/runtime/lib", Jars), "x86_64")) / "aws-lambda-java-core.jar"


def _compile(sources: Sequence[Path], folder: Path) -> None:
    target = ["-Xlint:-options", "--release", "8", "-cp", str(core()), "-d", str(folder / "classes")]
    run(["javac", *target, *map(str, sources)], folder)


def _code(config: pytest.Config) -> Mapping[str, bytes]:
    return {name: code for name, code in _classes(config).items() if name.startswith("fn/")}


def _layer(config: pytest.Config) -> Mapping[str, bytes]:
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        for name, code in _classes(config).items():
            if name.startswith("layered/"):
                archive.writestr(name, code)
    return {"java/lib/layered.jar": jar.getvalue()}


JAVA = Language(
    family="java",
    handler="fn.Every",
    files=_code,
    layer=_layer,
    error="java.lang.IllegalStateException",
    members=("errorMessage", "errorType", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure("fn.Broken::handle", "java.lang.IllegalStateException", "broken from the start"),
        "no module": Failure("fn.Missing", "java.lang.ClassNotFoundException", "Class not found: fn.Missing"),
        "no function": Failure("fn.Forms::missing", None, "No public method named missing"),
    },
    ends="fn.Ends::handle",
    throws={
        "throw_own": Thrown("fn.Every$Own", "oops"),
        "throw_cause": Thrown("java.lang.IllegalStateException", "oops"),
        "throw_odd": Thrown("java.lang.StackOverflowError", "oops", ends=True),
    },
    forms=(
        Form("fn.Forms$Copied", {"a": "é"}, {"a": "é"}),
        Form("fn.Forms::twice", {"item": "é", "count": 2}, {"item": "é", "count": 4}),
    ),
    segmentation="signal: aborted",
    starved=Thrown("java.lang.OutOfMemoryError", "Java heap space", ends=True),
    may_have=("_LAMBDA_TELEMETRY_LOG_FD",),
    memory=int,
)
