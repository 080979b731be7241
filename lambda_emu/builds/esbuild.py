"""esbuild, where a project has it for its developers alone: aws-lambda-builders installs no such packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambda_emu.builds.bounded import Bounded
from lambda_emu.builds.methods import read_start
from lambda_emu.builds.source import BuildFailed, Source
from lambda_emu.sandbox.building.tool_runner import ToolFailed

NAME = "esbuild"
FOUND_ANYWAY = ("dependencies", "optionalDependencies")
BESIDE = ("file:", "link:", "workspace:", "portal:")
"""What versions begin with that are folders of the project."""
INSTALL = ("npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")


def install_for_developers(source: Source, folder: Path, tools: Bounded) -> Path | None:
    """The folder of its program, installed below this one; None where it is had without. BuildFailed."""
    version = _version(source.folder)
    if version is None or shutil.which(NAME, path=str(source.folder / "node_modules/.bin")) or shutil.which(NAME):
        return None
    folder.mkdir(parents=True)
    try:
        tools.run([*INSTALL, f"--prefix={folder}", f"{NAME}@{version}"], "npm", folder, folder)
    except ToolFailed as error:
        raise BuildFailed(source, str(error)) from error
    return folder / "node_modules/.bin"


def _version(folder: Path) -> str | None:
    """As its lock file has it, else as it is asked for."""
    said = _read(folder / "package.json")
    if any(NAME in _mapping(said.get(kind)) for kind in FOUND_ANYWAY):
        return None
    asked = _mapping(said.get("devDependencies")).get(NAME)
    locked = _mapping(_mapping(_read(folder / "package-lock.json").get("packages")).get(f"node_modules/{NAME}"))
    version = locked.get("version") if asked is not None else None
    version = asked if version is None else version
    return version if isinstance(version, str) and not version.startswith(BESIDE) else None


def _read(file: Path) -> Mapping[str, Any]:
    """Nothing of one that is no JSON: npm tells that."""
    try:
        return _mapping(json.loads(read_start(file) or "{}"))
    except (ValueError, RecursionError):
        return {}


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
