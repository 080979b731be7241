"""What examples/ci has: a Compose file, which is read, and a suite with testcontainers, which runs. docs/ci.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from image_rig import ImageRig
from packages import python_packages
from test_images_dockerfile import image, rig

from lambda_emu.cli import main

__all__ = ["image", "rig"]
EXAMPLE = Path(__file__).parents[2] / "examples" / "ci"
COMPOSE: Mapping[str, Any] = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())


def test_the_compose_file_starts_the_server_as_the_command_takes_it_and_tests_wait_for_it() -> None:
    """No Compose is to be had here: that it is run so is not tested."""
    server, tests = COMPOSE["services"]["lambda-emu"], COMPOSE["services"]["tests"]
    command, *options = server["command"]

    serve = main.get_command(None, command)  # type: ignore[arg-type]
    assert serve is not None
    serve.make_context("serve", [*options])
    assert tests["depends_on"] == {"lambda-emu": {"condition": "service_healthy"}}
    assert tests["environment"]["AWS_ENDPOINT_URL"] == "http://lambda-emu:9000"
    compile(server["healthcheck"]["test"][-1], "healthcheck", "exec")


@pytest.mark.docker
@pytest.mark.slow
def test_the_suite_with_testcontainers_passes(
    rig: ImageRig,
    image: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    assert rig
    shutil.copytree(EXAMPLE, tmp_path / "ci")
    packages = python_packages(pytestconfig, EXAMPLE / "requirements.txt")
    environ = {"PYTHONPATH": str(packages), "LAMBDA_EMU_IMAGE": image, "TESTCONTAINERS_RYUK_DISABLED": "true"}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "."],
        cwd=tmp_path / "ci", env=os.environ | environ, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
