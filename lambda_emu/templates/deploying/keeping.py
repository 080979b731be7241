"""Keeps the code that templates name in folders and files here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lambda_emu.api.code import UnusableFolder, keep
from lambda_emu.api.context import RequestContext
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import Artifact
from lambda_emu.project.declarations import ProjectError


def keeper(context: RequestContext) -> Callable[[Path, str], Artifact | None]:
    """Each folder is zipped once, whoever names it. Of its result: ProjectError, with the place that names it."""
    kept: dict[Path, Artifact] = {}

    def keep_code(path: Path, place: str) -> Artifact:
        try:
            if path not in kept:
                kept[path] = keep(context, path)
            return kept[path]
        except UnusableFolder as error:
            raise ProjectError([f"{place}: {error}"]) from error
        except FileNotFoundError as error:
            raise ProjectError([f"{place}: {path} does not exist"]) from error
        except (LambdaError, OSError) as error:
            raise ProjectError([f"{place}: {path.name}: {error}"]) from error

    return keep_code
