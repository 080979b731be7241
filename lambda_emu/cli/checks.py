"""What `lambda-emu doctor` looks at: each check is a function that returns a finding and changes nothing for good."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_emu.config import Settings

OLDEST_PYTHON = (3, 11)
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # something is weaker or slower than it could be
    FAILURE = "failure"  # something will not work


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. fix: what to do about it, for anything but OK."""

    verdict: Verdict
    text: str
    fix: str | None = None


def ok(text: str) -> Finding:
    return Finding(Verdict.OK, text)


def warning(text: str, fix: str) -> Finding:
    return Finding(Verdict.WARNING, text, fix)


def failure(text: str, fix: str) -> Finding:
    return Finding(Verdict.FAILURE, text, fix)


def python_version(_: Settings) -> Finding:
    text = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        return ok(text)
    return failure(text, "Install Python 3.11 or newer and make the virtual environment anew.")


def architecture(_: Settings) -> Finding:
    machine = platform.machine().lower()
    if machine in ARCHITECTURES:
        return ok(f"{machine}, runs {ARCHITECTURES[machine]} functions")
    return failure(machine, "Use an x86_64 or arm64 machine: Lambda has no other, and the init is built for these.")


def data_directory(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            return ok(f"{folder} is writable")
    except OSError as error:
        return failure(f"{folder}: {error.strerror}", "Choose another one with --data-dir or LAMBDA_EMU_DATA_DIR.")


def engine(_: Settings) -> Finding:
    told = _engine_info()
    if isinstance(told, str):
        return warning(
            told,
            "Start Docker, or install it (Debian: apt-get install docker.io). Without it functions run as processes.",
        )
    return ok(f"Docker {told['ServerVersion']}, {told['OperatingSystem']}")


def cgroup(_: Settings) -> Finding:
    told = _engine_info()
    if isinstance(told, str):
        return warning("not looked at: no engine", "See engine.")
    missing = [name for name, key in LIMITS.items() if not told.get(key)]
    version = f"version {told.get('CgroupVersion', '1')}"
    if missing:
        return warning(
            f"{version}, without {' and '.join(missing)}", "Enable these controllers in the kernel's command line."
        )
    return ok(f"{version}, limits memory, CPU and processes")


LIMITS = {"memory limits": "MemoryLimit", "CPU limits": "CpuCfsQuota", "process limits": "PidsLimit"}


def image_builder(_: Settings) -> Finding:
    path = shutil.which("mmdebstrap")
    if path is not None:
        return ok(path)
    return warning(
        "mmdebstrap is not installed",
        "apt-get install mmdebstrap, to build base images that AWS's registry does not give.",
    )


def _engine_info() -> dict[str, Any] | str:
    """What the engine says of itself, or why it says nothing."""
    from lambda_emu.sandbox import docker
    from lambda_emu.sandbox.base import SandboxError

    try:
        client = docker.connect()
    except SandboxError as error:
        return str(error)
    try:
        return dict(client.info())
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    look: Callable[[Settings], Finding]


CHECKS = (
    Check("python", python_version),
    Check("architecture", architecture),
    Check("data directory", data_directory),
    Check("engine", engine),
    Check("cgroup", cgroup),
    Check("image builder", image_builder),
)
