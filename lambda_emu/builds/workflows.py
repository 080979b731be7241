"""Everything but Python by aws-lambda-builders, as `sam build` does it: in a process of its own, which has a limit."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lambda_emu.builds.apart import told, words_of
from lambda_emu.builds.bounded import Bounded
from lambda_emu.builds.esbuild import install_for_developers
from lambda_emu.builds.gems import place_gems
from lambda_emu.builds.methods import BUNDLER, CARGO, ESBUILD, GO, GRADLE, INSTALL, LIBRARY, MAKE, Method
from lambda_emu.builds.source import BuildFailed, Source, ToolMissing
from lambda_emu.sandbox.building.tool_runner import ToolFailed

EXTRA = "pip install 'lambda-emu[builds]'"
ENTRIES = (".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx")
PROGRAM = "lambda_emu.builds.program"


def run_workflow(source: Source, method: Method, folder: Path, scratch: Path, tools: Bounded) -> None:
    """Into a folder. scratch: for what is needed meanwhile. BuildFailed, ToolMissing."""
    if importlib.util.find_spec("aws_lambda_builders") is None:
        raise ToolMissing(source, LIBRARY, EXTRA)
    for tool in _missing(source, method):
        raise ToolMissing(source, tool, INSTALL[tool])
    into = folder / method.subfolder if source.is_layer else folder
    into.mkdir(parents=True, exist_ok=True)
    beside = install_for_developers(source, scratch / "esbuild", tools) if method.name == ESBUILD else None
    try:
        with told(_request(source, method, into, scratch / "work", beside)) as request:
            tools.run(words_of(PROGRAM), method.name, scratch, given=request)
    except ToolFailed as error:
        raise BuildFailed(source, str(error)) from error
    if any(made.is_symlink() or not made.is_dir() for made in (folder, into)):
        raise BuildFailed(source, f"{method.name} left no folder where its work was to be")
    if not any(into.iterdir()):
        raise BuildFailed(source, f"{method.name} made nothing")
    if method.name == BUNDLER:
        place_gems(source, into)


def _missing(source: Source, method: Method) -> Iterator[str]:
    for tool in method.tools:
        beside = method.name == GRADLE and (source.folder / "gradlew").is_file()
        if shutil.which(tool) is None and not beside:
            yield tool


def _request(source: Source, method: Method, into: Path, scratch: Path, programs: Path | None) -> dict[str, Any]:
    """What the program is told: how aws-lambda-builders is made, and asked. programs: a folder with more of them."""
    assert method.workflow is not None
    language, manager = method.workflow
    searched = [source.folder, source.folder / "node_modules" / ".bin", *([] if programs is None else [programs])]
    return {
        "builder": {"language": language, "dependency_manager": manager, "application_framework": None},
        "build": {
            "source_dir": str(source.folder),
            "artifacts_dir": str(into),
            "scratch_dir": str(scratch),
            "manifest_path": str(_manifest(source, method)),
            "runtime": method.runtime or re.sub(r"\.al2.*$", "", source.runtime),
            "unpatched_runtime": source.runtime,
            "architecture": source.architecture,
            "options": _options(source, method),
            "executable_search_paths": [str(one) for one in searched],
            "mode": "release",
            "is_building_layer": source.is_layer,
        },
    }


def _manifest(source: Source, method: Method) -> Path:
    """The file that says what it needs. Of bundles it may be missing."""
    if method.name == ESBUILD:
        return source.folder / "package.json"
    return next(found for pattern in method.manifests for found in sorted(source.folder.glob(pattern)))


def _options(source: Source, method: Method) -> dict[str, Any]:
    """BuildProperties in the library's words, with what its ways need beside."""
    options = {_snake(name): value for name, value in source.options.items()}
    if method.name == ESBUILD:
        options.setdefault("entry_points", [_entry(source)])
    elif method.name == MAKE:
        options["build_logical_id"] = source.name
    elif method.name == GO:
        options["artifact_executable_name"] = "bootstrap"
    elif method.name == CARGO and "binary" in options:
        options["artifact_executable_name"] = options.pop("binary")
    return options


def _entry(source: Source) -> str:
    """The file of its handler."""
    stem = source.handler.rpartition(".")[0]
    return next((stem + end for end in ENTRIES if (source.folder / (stem + end)).is_file()), f"{stem}.ts")


def _snake(name: str) -> str:
    """`EntryPoints` as `entry_points`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
