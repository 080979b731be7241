"""The Pythons on our PATH, and the one that lambda-emu itself runs on, for sandboxes: interpreter, standard library,
AWS's client and SDK.

Not their other packages: on Lambda a function has what is in its code and its layers. Our own Python has client and SDK
beside lambda-emu; another one gets those of our image of its version.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.recipes import Wheels
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.asking import ask
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import (
    LANG,
    RUNTIME,
    ClientMissing,
    Interpreter,
    by_nearness,
    libraries,
    places,
)
from lambda_emu.sandbox.toolchain.maker import Maker

OWN_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
PACKAGES = ("site-packages", "dist-packages")
WHO = """
import json, os, sys
name = "%s%d.%d" % (sys.implementation.name.replace("cpython", "python"), *sys.version_info[:2])
json.dump([name, getattr(sys, "_base_executable", None) or sys.executable,
           os.path.dirname(os.__file__), getattr(sys, "platlibdir", "lib")], sys.stdout)
"""
"""What it is, to be asked of it: `python3.12`, and of others than CPython no such name."""


class PythonLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        """Those that are further away are not even asked: a version manager's scripts take a while to say no."""
        served = [one.identifier for one in catalogue() if one.identifier == OWN_PYTHON or _wheels(one) is not None]
        near = (found for name in by_nearness(runtime, served) if (found := _on_path(name)) is not None)
        return next(near, _own())

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        own = interpreter == _own()
        library, folder = _library(interpreter)
        shown = LANG / folder / library.name
        modules = [module for name in (*CLIENT, *SDK) if (module := _find_module(name))] if own else []
        compiled = [module for module in modules if module.suffix == ".so"]
        return {
            LANG / "bin" / interpreter.name: interpreter.path,
            shown: library,
            **{shown / name: empty for name in PACKAGES if (library / name).is_dir()},
            **_libraries(interpreter.path, library, compiled),
            **{RUNTIME / module.name: module for module in modules},
        }

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Of another Python than ours, client and SDK: it is not asked for its own, which are of any version."""
        made = [] if interpreter == _own() else list(_make_client(interpreter, maker).iterdir())
        for name in ("python3", "python"):
            (folder / "lang/bin" / name).symlink_to(interpreter.name)
        return {RUNTIME / path.name: path for path in made}


def _own() -> Interpreter:
    return Interpreter(Path(getattr(sys, "_base_executable", sys.executable)).resolve(), OWN_PYTHON, OWN_PYTHON)


def _on_path(name: str) -> Interpreter | None:
    """Ours is always there."""
    if name == OWN_PYTHON:
        return _own()
    found = shutil.which(name)
    told = None if found is None else _ask(found)
    return Interpreter(Path(told[1]).resolve(), name, name) if told is not None and told[0] == name else None


def _library(interpreter: Interpreter) -> tuple[Path, str]:
    """Its standard library, and what the folder above is called."""
    if interpreter == _own():
        return Path(os.__file__).parent.resolve(), sys.platlibdir
    told = _ask(str(interpreter.path))
    if told is None:
        raise SandboxError(f"{interpreter.path} does not tell where its library is")
    return Path(told[2]).resolve(), told[3]


@cache
def _ask(python: str) -> tuple[str, str, str, str] | None:
    """What WHO prints; None of what is no Python, or cannot be run."""
    try:
        said = ask(Path(python), "-I", "-c", WHO)
        name, executable, library, folder = json.loads(said.output.rpartition("\n")[2])
        return name, executable, library, folder
    except (SandboxError, ValueError):
        return None


def _wheels(runtime: Runtime | None) -> Wheels | None:
    """Client and SDK of our image of this version."""
    if runtime is None or runtime.recipe is None or runtime.family != "python":
        return None
    part = runtime.recipe.parts[HOST_ARCHITECTURE].get(str(RUNTIME))
    return part if isinstance(part, Wheels) else None


def _make_client(interpreter: Interpreter, maker: Maker) -> Path:
    wheels = _wheels(catalogue().get(interpreter.runtime))
    assert wheels is not None
    try:
        return maker.part(wheels)
    except (OSError, SandboxError) as error:
        raise ClientMissing(interpreter, str(error), _own()) from error


def _libraries(python: Path, library: Path, compiled: Sequence[Path]) -> Mapping[Path, Path]:
    """Those that came with this Python: its own, where it is a library, and what its modules are linked with."""
    folder = python.parent.parent / "lib"
    return places(libraries([python, *(library / "lib-dynload").glob("*.so"), *compiled], folder), folder)


def _find_module(name: str) -> Path | None:
    """The file or folder of a module of our own environment; None where the SDK lacks one."""
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin)
        return file.parent if file.name == "__init__.py" else file
    if name in CLIENT:
        raise SandboxError(f"the Python module {name} is missing: {sys.executable} -m pip install awslambdaric")
    return None
