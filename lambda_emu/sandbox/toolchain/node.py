"""The `node` on our PATH, for sandboxes, with AWS's client and SDK of our image of its version.

The client's native part is the one that somebody installed: it is the same in all of its versions, and compiled.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.recipes import Part, start_words
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.asking import ask
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import (
    LANG,
    RUNTIME,
    Interpreter,
    NotOnPath,
    by_nearness,
    libraries,
    start_of,
)
from lambda_emu.sandbox.toolchain.maker import Maker

log = logging.getLogger(__name__)

NATIVE = "rapid-client.node"
CLIENT = ("index.mjs", "package.json", NATIVE)
KNOWS_WHAT_IS_SWITCHED_OFF = (20, 17)
WHO = "`${process.version} ${process.execPath}`"
"""What it is, to be asked of it. Versions of nights and candidates have more behind: `v25.0.0-nightly20260101`."""


class NodeLanguage:
    """interpreter.Language."""

    def find(self, runtime: Runtime) -> Interpreter:
        found = shutil.which("node")
        if found is None:
            raise NotOnPath(runtime, "node", "nodejs")
        version, node = _ask(Path(found))
        major, minor = map(int, version.split(".")[:2])
        start = start_words(start_of("nodejs"), _switched_off(major, minor))
        return Interpreter(node, f"Node.js {version}", f"nodejs{major}.x", start)

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        node = interpreter.path
        client, folder = _find_client(node), node.parent.parent / "lib"
        return {
            LANG / "bin/node": node,
            **libraries([node], folder),
            RUNTIME / NATIVE: client / NATIVE,
        }

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Client and SDK of our image of this version; where they cannot be had the client that is installed."""
        parts = _parts(interpreter)
        try:
            _place_client(maker.ensure(parts["/tmp/client"]), folder / "runtime")
            return {RUNTIME / "node_modules": maker.ensure(parts["/var/runtime/node_modules"])}
        except (OSError, SandboxError) as error:
            log.warning("%s runs without the AWS SDK, which cannot be fetched: %s", interpreter.name, error)
            _place_client(_find_client(interpreter.path), folder / "runtime")
            return {}


def _parts(interpreter: Interpreter) -> Mapping[str, Part]:
    """What our image of this version is made of; of a version that Lambda never had, the next one's."""
    recipes = {one.identifier: one.recipe for one in catalogue() if one.family == "nodejs" and one.recipe is not None}
    return recipes[by_nearness(interpreter.runtime, recipes)[0]].parts[HOST_ARCHITECTURE]


def _place_client(client: Path, runtime: Path) -> None:
    """As in our images: version 4 starts by itself, 3 is started by ours."""
    if (client / "dist/index.mjs").is_file():
        shutil.copy(client / "dist/index.mjs", runtime / "client.mjs")
        shutil.copy(runtime / "start.mjs", runtime / "index.mjs")
    else:
        for name in ("index.mjs", "package.json"):
            shutil.copy(client / name, runtime)


def _switched_off(major: int, minor: int) -> tuple[str, ...]:
    """What Lambda switches off in this version: as in our image of it, where the version knows it at all."""
    runtime = catalogue().get(f"nodejs{major}.x")
    if runtime is None or runtime.recipe is None or (major, minor) < KNOWS_WHAT_IS_SWITCHED_OFF:
        return ()
    return runtime.recipe.switched_off


@cache
def _ask(node: Path) -> tuple[str, Path]:
    """`20.20.2`, and where the program itself is."""
    said = ask(node, "-p", WHO)
    found = re.search(r"^v(\d+\.\d+\.\d+)\S* (/.*)$", said.output, re.MULTILINE)
    if found is None:
        raise SandboxError(f"{node} does not tell its version: {said.last}")
    return found[1], Path(found[2]).resolve()


def _find_client(node: Path) -> Path:
    for prefix in (node.parent.parent, Path("/usr/local"), Path("/usr")):
        client = prefix / "lib/node_modules/aws-lambda-ric"
        if all((client / name).is_file() for name in CLIENT):
            return client.resolve()
    raise SandboxError(
        "AWS's client for Node.js is missing: npm install -g aws-lambda-ric (needs g++, cmake, autotools)"
    )
