"""Fetches what layers are made of from the registries of their languages, by pip and npm; kept in the cache folder.

Imported with the first layer that needs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from lambda_emu.public_layers.known import Contents
from lambda_emu.recipes import Wheels
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import hash_of
from lambda_emu.sandbox.building.registries import Registries
from lambda_emu.sandbox.building.tool_runner import Progress
from lambda_emu.store.code.folder_zip import write_folder

ZIP = "layer.zip"
NOTE = "lambda-emu.txt"
"""What a layer has of which nothing runs: an archive of nothing is none."""


def layer_zip(contents: Contents, cache: Cache, progress: Progress, missing: Callable[[str], None]) -> Path:
    """The zip of a layer. Made now if it never was, which takes as long as pip and npm do. SandboxError.

    missing: told what the registry has not.
    """
    key = hash_of(["layer", *_inputs(contents)])
    with cache.scratch("layers", progress) as scratch:
        registries = Registries(cache, scratch, progress)

        def make(folder: Path) -> None:
            tree = scratch / "tree"
            tree.mkdir()
            _fill(tree, contents, registries, missing)
            with (folder / ZIP).open("wb") as file:
                write_folder(tree, file)

        return cache.ensure(key, make, scratch, progress) / ZIP


def _inputs(contents: Contents) -> list[str]:
    if contents.pip:
        return ["pip", contents.python, contents.architecture, *contents.pip, "without", *contents.leave_out]
    return ["npm", *contents.npm, "perhaps", *contents.optional, contents.title]


def _fill(tree: Path, contents: Contents, registries: Registries, missing: Callable[[str], None]) -> None:
    if contents.pip:
        wheels = tree / "python"
        registries.fetch_wheels(Wheels(tuple(contents.pip), contents.python), contents.architecture, wheels)
        for pattern in contents.leave_out:
            for path in wheels.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif contents.npm:
        modules = tree / "nodejs" / "node_modules"
        modules.mkdir(parents=True)
        registries.fetch_newest_modules(contents.npm, contents.optional, modules)
        _tell_missing(contents, modules, missing)
    else:
        (tree / NOTE).write_text(f"{contents.title}: lambda-emu has this layer, and starts nothing of it.\n")


def _tell_missing(contents: Contents, modules: Path, tell: Callable[[str], None]) -> None:
    names = (name.rpartition("@")[0] for name in contents.optional)
    missing = [name for name in names if not (modules / name).is_dir()]
    if missing:
        tell(f"{contents.title}: without {', '.join(missing)}, which the registry has not in this version")
