"""Packages that tests and what they run need, from their ordinary registries; kept where pytest keeps things."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest

from lambda_emu.config import load_settings
from lambda_emu.recipes import Part
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import PartPlan
from lambda_emu.sandbox.building.parts import Parts
from lambda_emu.sandbox.toolchain.layout import status_of
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON
from lambda_emu.server import Emulator

P = TypeVar("P", bound=Part)
FETCH_LIMIT_S = 600
ESBUILD_VERSION = "0.25.9"
SDK_VERSION = "3.1164.0"
GO_MOD = """module bootstrap

go 1.26

require github.com/aws/aws-lambda-go v1.55.1
"""
GO_SUM = """github.com/aws/aws-lambda-go v1.55.1 h1:We2cCp4BwqqH/JW+bEEo1FhgG71rslvjfi4y7KmlrR0=
github.com/aws/aws-lambda-go v1.55.1/go.mod h1:V+NzkHNR6vBC8C1PDloqSLE+7jYWFiPvJJFiCiTm8nE=
"""
NODE_LOOP = """#!/usr/bin/env node
const { handler } = require("./app.js");
(async () => {
  const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
  for (;;) {
    const asked = await fetch(`${base}/next`);
    const answer = JSON.stringify(await handler(await asked.json()));
    const id = asked.headers.get("lambda-runtime-aws-request-id");
    await fetch(`${base}/${id}/response`, { method: "POST", body: answer });
  }
})();
"""


def node_loop(module: str) -> str:
    """A bootstrap that runs the `handler` of a module by Node.js alone. module: as `require` takes it."""
    return NODE_LOOP.replace("./app.js", module)


def sdk_for_javascript(config: pytest.Config, *services: str) -> Mapping[str, bytes]:
    """The files of AWS's SDK for these services (Lambda alone unless said), below node_modules, as npm installs it."""
    services = services or ("lambda",)
    folder = kept(
        config, "sdk-for-javascript" if services == ("lambda",) else f"sdk-for-javascript-{'-'.join(services)}"
    )
    if not (folder / "whole").exists():
        packages = [f"@aws-sdk/client-{service}@<={SDK_VERSION}" for service in services]
        run(["npm", "install", "--no-audit", "--no-fund", "--omit=dev", *packages], folder)
        (folder / "whole").touch()
    files = (path for path in folder.glob("node_modules/**/*") if path.is_file() and _is_run(path))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def node_modules(config: pytest.Config, *packages: str) -> Path:
    """A folder in which Node.js finds these, each with its version."""
    folder = kept(config, f"npm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}")
    if not (folder / "whole").exists():
        run(["npm", "install", "--no-audit", "--no-fund", "--omit=dev", *packages], folder)
        (folder / "whole").touch()
    return folder


def typescript_bundle(config: pytest.Config, entry: Path) -> Mapping[str, bytes]:
    """`handler.js` with its map, of a module and all that it imports but AWS's SDK."""
    folder = kept(config, f"esbuild-{ESBUILD_VERSION}")
    if not (folder / "whole").exists():
        run(["npm", "install", "--no-audit", "--no-fund", f"esbuild@{ESBUILD_VERSION}"], folder)
        (folder / "whole").touch()
    options = ["--bundle", "--platform=node", "--target=node20", "--minify", "--sourcemap", "--external:@aws-sdk/*"]
    run([str(folder / "node_modules/.bin/esbuild"), str(entry), *options, f"--outfile={folder / 'handler.js'}"], folder)
    return {name: (folder / name).read_bytes() for name in ("handler.js", "handler.js.map")}


def go_program(config: pytest.Config, source: str) -> bytes:
    """A program that needs nothing of the machine it runs on, with AWS's client in it."""
    folder = kept(config, "go")
    for name, text in (("go.mod", GO_MOD), ("go.sum", GO_SUM), ("main.go", source)):
        (folder / name).write_text(text)
    build = ["go", "build", "-tags=lambda.norpc", "-trimpath", "-ldflags=-s -w", "-o", "bootstrap"]
    run(build, folder, CGO_ENABLED="0")
    return (folder / "bootstrap").read_bytes()


def part_of(identifier: str, path: str, kind: type[P], architecture: str = "x86_64") -> P:
    """What the recipe of a runtime's image has there."""
    runtime = catalogue().get(identifier)
    assert runtime is not None
    assert runtime.recipe is not None
    part = runtime.recipe.parts[architecture][path]
    assert isinstance(part, kind)
    return part


def made(plan: PartPlan) -> Path:
    """A part of an image, in the user's own cache."""
    with TemporaryDirectory() as scratch:
        return Parts(Cache(cache_dir()), Path(scratch), print).ensure(plan)


def cache_dir() -> Path:
    """Where what is fetched is kept for the next run."""
    return load_settings({}, environ={}).cache_dir


def python_packages(config: pytest.Config, requirements: Path) -> Path:
    """A folder with what `pip install --target` makes of these requirements."""
    folder = kept(config, f"pip-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]}")
    if not (folder / "whole").exists():
        python = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder / "python")]
        run([*python, "--requirement", str(requirements)], folder)
        (folder / "whole").touch()
    return folder / "python"


def programs_apart(config: pytest.Config, *requirements: str) -> Path:
    """Where programs in Python are that want other packages than ours, in an environment of their own."""
    folder = kept(config, f"venv-{hashlib.sha256(' '.join(requirements).encode()).hexdigest()[:8]}")
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)  # tests on another core may want them at the same time
        if not (folder / "whole").exists():
            venv.create(folder, with_pip=False, clear=False)  # a pip of its own would take longer than most programs
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
            run([*pip, "install", "--quiet", "--disable-pip-version-check", *requirements], folder)
            (folder / "whole").touch()
    return folder / "bin"


def runs_node(emulator: Emulator) -> None:
    """Docker's images have all that functions in Node.js need; without it the machine must have AWS's client."""
    if emulator.engine.abilities.name != "docker":
        runtime_of_machine("nodejs")


OF_ANY_VERSION = ("ruby",)


def runtime_of_machine(family: str) -> str:
    """The identifier of a family that functions without Docker run on: exactly, or by a client of ours for any."""
    found = []
    for runtime in (runtime for runtime in catalogue() if runtime.family == family and runtime.may_create):
        found.append(status := status_of(runtime))
        if status.is_exact or (family in OF_ANY_VERSION and status.reason is None):
            return status.runtime.identifier
    _miss(found[0].reason or f"{found[0].runtime.identifier} is not on this machine, nor another {family} of Lambda's")
    raise AssertionError


def other_pythons() -> Iterator[tuple[str, Path]]:
    """Pythons of Lambda's versions that are on this machine, on the PATH or not, beside our own."""
    versions = [one.identifier for one in catalogue() if one.family == "python" and one.recipe is not None]
    folders = [*map(Path, os.environ["PATH"].split(os.pathsep)), *Path.home().glob(".pyenv/versions/*/bin")]
    for runtime in (version for version in versions if version != OWN_PYTHON):
        for python in (folder / runtime for folder in folders):
            if python.is_file() and subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0:
                yield runtime, python.resolve()
    _miss(f"no Python is here but {OWN_PYTHON}")


def _is_run(path: Path) -> bool:
    return not path.name.endswith((".d.ts", ".md", ".map")) and not {"dist-es", "dist-types"} & set(path.parts)


def kept(config: pytest.Config, name: str) -> Path:
    """A folder that the next run finds as this one leaves it."""
    assert config.cache is not None
    return config.cache.mkdir(name)


def _miss(what: str) -> None:
    """On CI nothing may be missing; elsewhere the test says what it misses."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def needs(program: str) -> None:
    if shutil.which(program) is None:
        _miss(f"there is no {program} here")


def run(command: Sequence[str], folder: Path, **variables: str) -> None:
    """A program that makes or fetches something."""
    needs(command[0])
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=FETCH_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
