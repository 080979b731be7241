"""The Pythons on our PATH, and the one that lambda-emu itself runs on, for sandboxes: interpreter, standard library,
AWS's client and SDK.

Not their other packages: on Lambda a function has what is in its code and its layers. Our own Python has client and SDK
beside lambda-emu; another one gets those of our image of its version.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

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
    start_of,
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


class Python(Struct, frozen=True):
    """What a Python says of itself. library: the folder of its standard library; platlibdir: as in `sys`."""

    name: str
    path: Path
    library: Path
    platlibdir: str


class PythonLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        """Those that are further away are not even asked: a version manager's scripts take a while to say no."""
        served = [one.identifier for one in catalogue() if one.identifier == OWN_PYTHON or _wheels(one) is not None]
        nearest = (found for name in by_nearness(runtime.identifier, served) if (found := _on_path(name)) is not None)
        return _interpreter(next(nearest, _own()))

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        python = _python(interpreter)
        shown = LANG / python.platlibdir / python.library.name
        modules = [module for name in (*CLIENT, *SDK) if (module := _find_module(name))] if python == _own() else []
        compiled = [*python.library.glob("lib-dynload/*.so"), *(module for module in modules if module.suffix == ".so")]
        return {
            LANG / "bin" / interpreter.name: interpreter.path,
            shown: python.library,
            **{shown / name: empty for name in PACKAGES if (python.library / name).is_dir()},
            **libraries([interpreter.path, *compiled], interpreter.path.parent.parent / "lib"),
            **{RUNTIME / module.name: module for module in modules},
        }

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Of another Python than ours, client and SDK: it is not asked for its own, which are of any version."""
        made = [] if interpreter.path == _own().path else list(_make_client(interpreter, maker).iterdir())
        for name in ("python3", "python"):
            (folder / "lang/bin" / name).symlink_to(interpreter.name)
        return {RUNTIME / path.name: path for path in made}


def _own() -> Python:
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return Python(OWN_PYTHON, program, Path(os.__file__).parent.resolve(), sys.platlibdir)


def _on_path(name: str) -> Python | None:
    """Ours is always there."""
    if name == OWN_PYTHON:
        return _own()
    found = shutil.which(name)
    python = None if found is None else _ask(Path(found))
    return python if python is not None and python.name == name else None


def _interpreter(python: Python) -> Interpreter:
    start = re.sub(r"\bpython3\.\d+", python.name, start_of("python"))
    return Interpreter(python.path, python.name, python.name, start)


def _python(interpreter: Interpreter) -> Python:
    python = _own() if interpreter.path == _own().path else _ask(interpreter.path)
    if python is None:
        raise SandboxError(f"{interpreter.path} does not tell where its library is")
    return python


@cache
def _ask(program: Path) -> Python | None:
    """None where it is no Python, or cannot be run."""
    try:
        said = ask(program, "-I", "-c", WHO)
        name, path, library, platlibdir = json.loads(said.output.rpartition("\n")[2])
    except (SandboxError, ValueError):
        return None
    return Python(name, Path(path).resolve(), Path(library).resolve(), platlibdir)


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
        return maker.ensure(wheels)
    except (OSError, SandboxError) as error:
        raise ClientMissing(interpreter, str(error), _interpreter(_own())) from error


def _find_module(name: str) -> Path | None:
    """The file or folder of a module of our own environment; None where the SDK lacks one."""
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin)
        return file.parent if file.name == "__init__.py" else file
    if name in CLIENT:
        raise SandboxError(f"the Python module {name} is missing: {sys.executable} -m pip install awslambdaric")
    return None
