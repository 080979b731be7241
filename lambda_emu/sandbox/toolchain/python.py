"""The Python that lambda-emu itself runs on, for sandboxes: interpreter, standard library, AWS's client and SDK.

Not its other packages: on Lambda a function has what is in its code and its layers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import LANG, RUNTIME, Interpreter, libraries, places
from lambda_emu.sandbox.toolchain.maker import Maker

OWN_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
PACKAGES = ("site-packages", "dist-packages")


class PythonLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        """Ours runs them all: of another there is no client here, which is compiled for one version."""
        return Interpreter(Path(getattr(sys, "_base_executable", sys.executable)).resolve(), OWN_PYTHON, OWN_PYTHON)

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        library = Path(os.__file__).parent.resolve()
        shown = LANG / sys.platlibdir / library.name
        modules = [module for name in (*CLIENT, *SDK) if (module := _find_module(name))]
        compiled = [module for module in modules if module.suffix == ".so"]
        return {
            LANG / "bin" / OWN_PYTHON: interpreter.path,
            shown: library,
            **{shown / name: empty for name in PACKAGES if (library / name).is_dir()},
            **_libraries(interpreter.path, library, compiled),
            **{RUNTIME / module.name: module for module in modules},
        }

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> None:
        for name in ("python3", "python"):
            (folder / "lang/bin" / name).symlink_to(OWN_PYTHON)


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
