"""What this machine can lend to a runtime's boxes: interpreter and AWS's client, laid out as in AWS's images.

A kit is a folder with `lang` and `runtime`, which boxes see as /var/lang and /var/runtime. Runs on workers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.lookup import CodeView
from lambda_emu.sandbox.private_root import SYSTEM

HOST_ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)

OWN_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PYTHON_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
PYTHON_SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")

NODE_CLIENT = ("index.mjs", "package.json", "rapid-client.node")

BOOTSTRAPS = ("/var/task/bootstrap", "/opt/bootstrap")

ALWAYS_VISIBLE = tuple(Path("/", name) for name in SYSTEM)


@dataclass(frozen=True, slots=True)
class Kit:
    """folder: as the module says. visible: folders of the host that it points into.

    start: the shell words that start the runtime; None where the function brings it.
    """

    folder: Path
    start: str | None = None
    visible: frozenset[Path] = frozenset()


def check_architecture(architecture: str) -> None:
    """SandboxError where its programs are not this machine's."""
    if architecture != HOST_ARCHITECTURE:
        raise SandboxError(f"this machine is {HOST_ARCHITECTURE}; it cannot run {architecture} without Docker")


def make_kit(runtime: Runtime, folder: Path) -> Kit:
    """Lay out a kit in `folder`. SandboxError where this machine cannot run the runtime, saying what it can."""
    make = MAKERS.get(runtime.family)
    if make is None:
        raise SandboxError(f"{runtime.identifier} needs Docker; without it run Python, Node.js and custom runtimes")
    try:
        return _lay_out(make, runtime, folder)
    except OSError as error:
        raise SandboxError(f"{runtime.identifier} could not be made ready: {error}") from error


def _lay_out(make: Callable[[Runtime, Path], Kit], runtime: Runtime, folder: Path) -> Kit:
    """Ours first, as in our images: the start script and what a language adds to the client."""
    (folder / "lang/bin").mkdir(parents=True)
    ours = catalogue().folder / runtime.family / "runtime"
    shutil.copytree(ours, folder / "runtime") if ours.is_dir() else (folder / "runtime").mkdir()
    kit = make(runtime, folder)
    if kit.start is not None:
        template = (catalogue().folder / "image" / "bootstrap").read_text()
        (folder / "runtime/bootstrap").write_text(template.replace("@start@", kit.start))
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return kit


def _seen(*folders: Path) -> frozenset[Path]:
    """The folders that are not below one that every box sees; under both names where one is a link."""
    named = {name for folder in folders for name in (folder, folder.resolve())}
    return frozenset(path for path in named if not any(path.is_relative_to(above) for above in ALWAYS_VISIBLE))


def _make_python(runtime: Runtime, folder: Path) -> Kit:
    """The Python that our virtual environment stands on; of its packages only AWS's client and SDK."""
    if runtime.identifier != OWN_PYTHON:
        raise SandboxError(f"{runtime.identifier} needs Docker; without it lambda-emu runs its own {OWN_PYTHON}")
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    for name in (OWN_PYTHON, "python3", "python"):
        (folder / "lang/bin" / name).symlink_to(python)
    modules = [module for name in (*PYTHON_CLIENT, *PYTHON_SDK) if (module := _find_module(name))]
    for module in modules:
        (folder / "runtime" / module.name).symlink_to(module)
    places = {module.parent for module in modules}
    return Kit(folder, _start(runtime), _seen(Path(sys.base_prefix), python.parent.parent, *places))


def _find_module(name: str) -> Path | None:
    """The file or folder of a module of our own environment; None where the SDK lacks one."""
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin)
        return file.parent if file.name == "__init__.py" else file
    if name in PYTHON_CLIENT:
        raise SandboxError(f"the Python module {name} is missing: {sys.executable} -m pip install awslambdaric")
    return None


def _make_node(runtime: Runtime, folder: Path) -> Kit:
    node = _find_node(runtime)
    client = _find_node_client(node)
    (folder / "lang/bin/node").symlink_to(node)
    for name in NODE_CLIENT:
        (folder / "runtime" / name).symlink_to(client / name)
    return Kit(folder, _start(runtime), _seen(node.parent.parent, client))


def _find_node(runtime: Runtime) -> Path:
    """The `node` on our PATH, if it is of the runtime's major version."""
    found = shutil.which("node")
    if found is None:
        raise SandboxError(f"without Docker {runtime.identifier} needs `node` on the PATH")
    node = Path(found).resolve()
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", answer)
    if major is None or runtime.identifier != f"nodejs{major[1]}.x":
        raise SandboxError(f"without Docker lambda-emu runs {node} ({answer.strip()}), not {runtime.identifier}")
    return node


def _find_node_client(node: Path) -> Path:
    for prefix in (node.parent.parent, Path("/usr/local"), Path("/usr")):
        client = prefix / "lib/node_modules/aws-lambda-ric"
        if all((client / name).is_file() for name in NODE_CLIENT):
            return client
    raise SandboxError(
        "AWS's client for Node.js is missing: npm install -g aws-lambda-ric (needs g++, cmake, autotools)"
    )


def _start(runtime: Runtime) -> str:
    """The shell words that start the runtime in our images; any of a family says it for all."""
    for other in catalogue():
        if other.family == runtime.family and other.recipe is not None and other.recipe.start is not None:
            return other.recipe.start.replace(other.identifier, runtime.identifier)
    raise SandboxError(f"lambda-emu knows no way to start {runtime.identifier}")


def _make_provided(_: Runtime, folder: Path) -> Kit:
    return Kit(folder)


MAKERS: dict[str, Callable[[Runtime, Path], Kit]] = {
    "python": _make_python,
    "nodejs": _make_node,
    "provided": _make_provided,
}


def find_bootstrap(runtime: Runtime, task: Path, layers: Sequence[Path]) -> str | None:
    """What Lambda executes, by its path there; None: a custom runtime without a bootstrap. Contract: runtime.md 3.5."""
    if runtime.family != "provided":
        return "/var/runtime/bootstrap"
    code = CodeView(task, layers)
    return next((path for path in BOOTSTRAPS if code.may_execute(path)), None)
