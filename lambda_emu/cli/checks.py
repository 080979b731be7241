"""What `lambda-emu doctor` looks at: each check is a function that returns a finding and leaves nothing behind."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.architectures import ARCHITECTURES, HOST_ARCHITECTURE, MACHINES
from lambda_emu.config import Settings
from lambda_emu.folders import NotOurs

OLDEST_PYTHON = (3, 11)
LIMITS = {"memory limits": "MemoryLimit", "CPU limits": "CpuCfsQuota", "process limits": "PidsLimit"}
SANDBOX_LIMIT_S = 60.0

GET_PYTHON = "Install Python 3.11 or newer and make the virtual environment anew."
GET_MACHINE = "Use an x86_64 or arm64 machine: Lambda has no other."
GET_INIT = "Install the package again (pip install .): its build makes the init for both architectures."
GET_FOLDER = "Choose another one with --data-dir or LAMBDA_EMU_DATA_DIR."
GET_ENGINE = "Start Docker, or install it (Debian: apt-get install docker.io). Until then functions run as processes."
GET_ACCESS = "sudo usermod -aG docker $USER, then log in again. Until then functions run as processes."
ENGINE_FIRST = "See `engine` above."
GET_LIMITS = "Enable these controllers in the kernel's command line; until then functions are not held to these limits."
GET_BUILDER = "apt-get install mmdebstrap. Without it only AWS's own images can be used."
GET_IMAGE = "lambda-emu runtimes build python3.13, or let the first function that needs one build it."
GET_SERVICES = "{python} -m pip install '{extra}'. Until then S3, SNS, DynamoDB and others are served by nobody."
GET_WAY_BACK = "Allow containers to reach this machine (a firewall?), or name their network with --docker-network."


class CheckResult(StrEnum):
    OK = "ok"
    WARNING = "warning"  # something is weaker or slower than it could be
    FAILURE = "failure"  # something will not work


class Finding(Struct, frozen=True):
    """What a check found. fix: what to do about it, for anything but OK."""

    verdict: CheckResult
    text: str
    fix: str | None = None


def ok(text: str) -> Finding:
    return Finding(CheckResult.OK, text)


def warning(text: str, fix: str) -> Finding:
    return Finding(CheckResult.WARNING, text, fix)


def failure(text: str, fix: str) -> Finding:
    return Finding(CheckResult.FAILURE, text, fix)


# -- the machine ----------------------------------------------------------------------------------


def python_version(_: Settings) -> Finding:
    text = platform.python_version()
    return ok(text) if sys.version_info >= OLDEST_PYTHON else failure(text, GET_PYTHON)


def architecture(_: Settings) -> Finding:
    machine = platform.machine().lower()
    if HOST_ARCHITECTURE in ARCHITECTURES:
        return ok(f"{machine}, runs {HOST_ARCHITECTURE} functions")
    return failure(machine, GET_MACHINE)


def init_program(_: Settings) -> Finding:
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.init.binary import find_init

    try:
        return ok(", ".join(find_init(machine).name for machine in MACHINES.values()))
    except SandboxError as error:
        return failure(str(error), GET_INIT)


def data_directory(settings: Settings) -> Finding:
    from lambda_emu.store.data_directory import check_data

    folder = settings.data_dir
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if there == folder:
            check_data(folder)
        with tempfile.NamedTemporaryFile(dir=there):
            return ok(f"{folder} is writable" if there == folder else f"{folder} can be made")
    except NotOurs as error:
        return failure(str(error), GET_FOLDER)
    except OSError as error:
        return failure(f"{folder}: {error.strerror}", GET_FOLDER)


def image_builder(_: Settings) -> Finding:
    path = shutil.which("mmdebstrap")
    return ok(path) if path is not None else warning("mmdebstrap is not installed", GET_BUILDER)


def services(_: Settings) -> Finding:
    from lambda_emu.services.child.errors import EXTRA
    from lambda_emu.services.child.process import missing_library

    library = missing_library()
    if library is None:
        return ok("moto is installed")
    return warning(f"{library} is not installed", GET_SERVICES.format(python=sys.executable, extra=EXTRA))


# -- the engine -----------------------------------------------------------------------------------


def engine(_: Settings) -> Finding:
    told = _engine_info()
    if isinstance(told, str):
        return warning(told, _way_to_engine(told))
    return ok(f"Docker {told['ServerVersion']}, {told['OperatingSystem']}")


def cgroup(_: Settings) -> Finding:
    told = _engine_info()
    if isinstance(told, str):
        return _no_engine()
    missing = [name for name, key in LIMITS.items() if not told.get(key)]
    version = f"version {told.get('CgroupVersion') or '1'}"
    if missing:
        return warning(f"{version}, without {' and '.join(missing)}", GET_LIMITS)
    return ok(f"{version}, limits memory, CPU and processes")


def images(_: Settings) -> Finding:
    present = _images()
    if present is None:
        return _no_engine()
    return ok(", ".join(present)) if present else warning("none is there yet", GET_IMAGE)


def way_back(settings: Settings) -> Finding:
    """Start a real sandbox: its program is a mount, and init has to find its way back to us."""
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.docker.client import SAME_PATH

    present = _images()
    if present is None:
        return _no_engine()
    if not present:
        return warning("not tried: no image is there yet", GET_IMAGE)
    try:
        _start_sandbox(settings, present[0])
    except (SandboxError, OSError, TimeoutError) as error:
        told, unseen, _ = str(error).partition(f". {SAME_PATH}")
        return failure(told, SAME_PATH if unseen else GET_WAY_BACK)
    return ok(f"a container of {present[0]} started and called back")


def processes(_: Settings) -> Finding:
    """What functions run on where no engine answers: version managers count as far as the PATH has their programs."""
    from lambda_emu.sandbox.toolchain.layout import statuses

    found = statuses()
    exact = ", ".join(one.runtime.identifier for one in found if one.is_exact)
    others = dict.fromkeys(one.interpreter.name for one in found if one.interpreter is not None and not one.is_exact)
    none = dict.fromkeys(one.runtime.family for one in found if one.reason is not None)
    texts = [exact, f"others on {', '.join(others)}" if others else "", f"no {', no '.join(none)}" if none else ""]
    return ok("; ".join(filter(None, texts)))


def _start_sandbox(settings: Settings, runtime: str) -> None:
    from lambda_emu.sandbox.base import StemKind
    from lambda_emu.sandbox.temporary import temporary_folder
    from lambda_emu.server import Emulator

    kind = StemKind(runtime, HOST_ARCHITECTURE, tmp_mb=512)
    with temporary_folder() as empty:
        changed = replace(settings, project=empty, engine="docker", port=0, ephemeral=True)
        with Emulator(changed) as emulator:
            sandbox = emulator.loop.run(emulator.engine.create(kind), SANDBOX_LIMIT_S)
            emulator.loop.run(sandbox.destroy(), SANDBOX_LIMIT_S)


def _engine_info() -> dict[str, Any] | str:
    """What the engine says of itself, or why it says nothing."""
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.docker import client as docker

    try:
        client = docker.connect()
    except SandboxError as error:
        return str(error)
    try:
        return dict(client.info())
    finally:
        client.close()


def _images() -> list[str] | None:
    """The runtimes whose image is there; None without an engine."""
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.docker import client as docker
    from lambda_emu.sandbox.docker.images import Images

    try:
        client = docker.connect()
    except SandboxError:
        return None
    try:
        found = Images(client).status(HOST_ARCHITECTURE)
        return [status.runtime.identifier for status in found if status.image is not None]
    finally:
        client.close()


def _no_engine() -> Finding:
    return warning("not looked at: no engine answers", ENGINE_FIRST)


def _way_to_engine(told: str) -> str:
    """What to do about an engine that does not answer."""
    from lambda_emu.sandbox.docker.client import NO_ACCESS

    return GET_ACCESS if NO_ACCESS in told else GET_ENGINE


class Check(Struct, frozen=True):
    name: str
    look: Callable[[Settings], Finding]


CHECKS = (
    Check("python", python_version),
    Check("architecture", architecture),
    Check("init", init_program),
    Check("data directory", data_directory),
    Check("services", services),
    Check("image builder", image_builder),
    Check("processes", processes),
    Check("engine", engine),
    Check("cgroup", cgroup),
    Check("images", images),
    Check("way back", way_back),
)
