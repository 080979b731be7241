"""The `node` on our PATH, for sandboxes, and AWS's client for it that somebody installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import LANG, RUNTIME, Interpreter, NotOnPath, libraries, places
from lambda_emu.sandbox.toolchain.maker import Maker

CLIENT = ("index.mjs", "package.json", "rapid-client.node")
ANSWER_LIMIT_S = 10.0
KNOWS_WHAT_IS_SWITCHED_OFF = (20, 17)
WHO = "`${process.version} ${process.execPath}`"
"""What it is, to be asked of it."""


class NodeLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        found = shutil.which("node")
        if found is None:
            raise NotOnPath(runtime, "node", "nodejs")
        version, node = _ask(Path(found).resolve())
        major, minor = map(int, version.split(".")[:2])
        return Interpreter(node, f"Node.js {version}", f"nodejs{major}.x", _switched_off(major, minor))

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        node = interpreter.path
        client, folder = _find_client(node), node.parent.parent / "lib"
        return {
            LANG / "bin/node": node,
            **places(libraries([node], folder), folder),
            **{RUNTIME / name: client / name for name in CLIENT},
        }

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> None:
        """Nothing: all of it is the host's."""


def _switched_off(major: int, minor: int) -> tuple[str, ...]:
    """What Lambda switches off in this version: as in our image of it, where the version knows it at all."""
    runtime = catalogue().get(f"nodejs{major}.x")
    if runtime is None or runtime.recipe is None or (major, minor) < KNOWS_WHAT_IS_SWITCHED_OFF:
        return ()
    return runtime.recipe.switched_off


@cache
def _ask(node: Path) -> tuple[str, Path]:
    """`20.20.2`, and where the program itself is: on the PATH there may be a version manager's script."""
    try:
        done = subprocess.run([node, "-p", WHO], capture_output=True, text=True, check=False, timeout=ANSWER_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{node} cannot be run: {error}") from error
    found = re.match(r"v(\d+\.\d+\.\d+)(?: (/.*))?", done.stdout)
    if found is None:
        raise SandboxError(f"{node} does not tell its version: {(done.stdout + done.stderr).strip()[-200:]}")
    return found[1], node if found[2] is None else Path(found[2]).resolve()


def _find_client(node: Path) -> Path:
    for prefix in (node.parent.parent, Path("/usr/local"), Path("/usr")):
        client = prefix / "lib/node_modules/aws-lambda-ric"
        if all((client / name).is_file() for name in CLIENT):
            return client.resolve()
    raise SandboxError(
        "AWS's client for Node.js is missing: npm install -g aws-lambda-ric (needs g++, cmake, autotools)"
    )
