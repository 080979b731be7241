"""AWS's runtime clients, fetched or compiled once and kept in the cache folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from lambda_emu.runtimes import Recipe
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.workshop import Progress, Workshop

WHEEL_MACHINE = {"x86_64": "x86_64", "arm64": "aarch64"}


def client_folder(recipe: Recipe, architecture: str, cache: Path, shop: Workshop, progress: Progress) -> Path | None:
    """A folder whose content belongs into /var/runtime; None where the function brings its own client."""
    if recipe.pip:
        argv = _pip(recipe, architecture)
        return _kept(cache, argv, lambda folder: _run_pip(shop, [*argv, f"--target={folder}"], progress))
    return None


def _kept(cache: Path, inputs: list[str], make: Callable[[Path], None]) -> Path:
    """The folder that was made of these inputs, made now if it never was. Callers hold the image's lock."""
    digest = sha256("\0".join(inputs).encode()).hexdigest()[:16]
    folder, partial = cache / "clients" / digest, cache / "clients" / f"{digest}.partial"
    if not folder.is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        partial.rename(folder)
    return folder


def _pip(recipe: Recipe, architecture: str) -> list[str]:
    """Wheels for the image's Python, whatever Python runs us."""
    machine = WHEEL_MACHINE[architecture]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--root-user-action=ignore"),
        *("--implementation=cp", f"--python-version={recipe.python}", "--only-binary=:all:"),
        *(f"--platform=manylinux2014_{machine}", f"--platform=manylinux_2_28_{machine}"),
        *recipe.pip,
    ]


def _run_pip(shop: Workshop, argv: list[str], progress: Progress) -> None:
    progress("fetching the runtime client with pip")
    try:
        shop.run(argv, progress)
    except SandboxError as error:
        if "No module named pip" in str(error):
            raise SandboxError(
                f"{sys.executable} has no pip; as root: apt-get install python3-venv, or use a venv"
            ) from error
        raise
