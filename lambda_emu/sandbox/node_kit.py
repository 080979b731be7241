"""The `node` on our PATH, for boxes, and AWS's client for it that somebody installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.lending import LANG, RUNTIME, Interpreter, libraries, places

CLIENT = ("index.mjs", "package.json", "rapid-client.node")
ANSWER_LIMIT_S = 10.0


class NodeToolchain:
    """lending.Toolchain."""

    def find(self, runtime: Runtime) -> Interpreter:
        found = shutil.which("node")
        if found is None:
            raise SandboxError(f"without Docker {runtime.identifier} needs `node` on the PATH")
        node = Path(found).resolve()
        version = _version(node)
        return Interpreter(node, f"Node.js {version}", f"nodejs{version.partition('.')[0]}.x")

    def lend(self, interpreter: Interpreter) -> Mapping[Path, Path]:
        node = interpreter.path
        client, folder = _find_client(node), node.parent.parent / "lib"
        return {
            LANG / "bin/node": node,
            **places(libraries([node], folder), folder),
            **{RUNTIME / name: client / name for name in CLIENT},
        }


def _version(node: Path) -> str:
    """`20.20.2`. A shim that finds no version, or no program at all, says nothing that looks like one."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=ANSWER_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{node} cannot be run: {error}") from error
    found = re.match(r"v(\d+\.\d+\.\d+)", done.stdout)
    if found is None:
        raise SandboxError(f"{node} does not tell its version: {(done.stdout + done.stderr).strip()[-200:]}")
    return found[1]


def _find_client(node: Path) -> Path:
    for prefix in (node.parent.parent, Path("/usr/local"), Path("/usr")):
        client = prefix / "lib/node_modules/aws-lambda-ric"
        if all((client / name).is_file() for name in CLIENT):
            return client.resolve()
    raise SandboxError(
        "AWS's client for Node.js is missing: npm install -g aws-lambda-ric (needs g++, cmake, autotools)"
    )
