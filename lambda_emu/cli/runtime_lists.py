"""How `lambda-emu runtimes list` shows what each runtime runs on: an image, or an interpreter of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lambda_emu.cli import show
from lambda_emu.recipes import contents
from lambda_emu.sandbox.building.missing import of_machine, pull_command

if TYPE_CHECKING:  # either is imported by who has one
    from lambda_emu.sandbox.docker.images import ImageStatus
    from lambda_emu.sandbox.toolchain.layout import ToolchainStatus

MB = 1_000_000


def list_images(found: Sequence[ImageStatus], as_json: bool) -> None:
    """Those that are there first."""
    found = sorted(found, key=lambda status: status.image is None)
    if as_json:
        for status in found:
            show.json_line(_members(status))
    else:
        show.table(("RUNTIME", "SUPPORT", "SIZE", "IMAGE", "NOTE"), [_row(status) for status in found])


def list_toolchains(found: Sequence[ToolchainStatus], as_json: bool) -> None:
    """Those that can be had first."""
    found = sorted(found, key=lambda status: status.reason is not None)
    if as_json:
        for status in found:
            show.json_line(_toolchain_members(status))
    else:
        show.table(("RUNTIME", "SUPPORT", "RUNS ON"), [_toolchain_row(status) for status in found])


def _row(status: ImageStatus) -> tuple[str, ...]:
    missing = "not there; will be built" if status.buildable else f"not there; {_ways(status)}"
    size = "" if status.size_bytes is None else f"{status.size_bytes // MB} MB"
    told = ["" if status.image else missing, "" if status.image == status.runtime.aws_image else _note(status)]
    note = "; ".join(filter(None, told))
    return status.runtime.identifier, status.runtime.support, size, status.image or "", note


def _note(status: ImageStatus) -> str:
    """Of images that are not looked after any more."""
    if status.runtime.label is None:
        return ""
    lacking = ", ".join(status.runtime.lacks.get(status.architecture, ()))
    return f"{status.runtime.label}; lacks {lacking}"


def _ways(status: ImageStatus) -> str:
    own = of_machine(status.runtime)
    if own is not None:
        return f"{own} on the PATH, or {pull_command(status.runtime, status.architecture)}"
    return f"{pull_command(status.runtime, status.architecture)}, or lambda-emu runtimes import"


def _members(status: ImageStatus) -> dict[str, Any]:
    recipe = status.runtime.recipe
    return {
        "runtime": status.runtime.identifier,
        "architecture": status.architecture,
        "support": status.runtime.support,
        "image": status.image,
        "sizeBytes": status.size_bytes,
        "buildable": status.buildable,
        "awsImage": status.runtime.aws_image,
        "contents": [] if recipe is None else contents(recipe, status.architecture),
        "label": status.runtime.label,
        "lacks": status.runtime.lacks.get(status.architecture, ()),
        "differs": dict(status.runtime.differs),
    }


def _toolchain_row(status: ToolchainStatus) -> tuple[str, ...]:
    return status.runtime.identifier, status.runtime.support, status.reason or _runs_on(status)


def _runs_on(status: ToolchainStatus) -> str:
    if status.interpreter is None:
        return "what the function brings"
    found = f"{status.interpreter.name} ({status.interpreter.path})"
    return found if status.is_exact else f"another version: {found}"


def _toolchain_members(status: ToolchainStatus) -> dict[str, Any]:
    interpreter = status.interpreter
    return {
        "runtime": status.runtime.identifier,
        "support": status.runtime.support,
        "runsOn": interpreter and interpreter.name,
        "path": interpreter and str(interpreter.path),
        "exact": status.is_exact,
        "reason": status.reason,
        "differs": dict(status.runtime.differs),
    }
