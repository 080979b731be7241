"""The emulator's own image is built from wheels alone, without a network, on any base with its Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from image_rig import LABEL, ImageRig

pytestmark = [pytest.mark.docker, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
OWN_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_the_dockerfile_makes_an_emulator_that_sees_its_engine(tmp_path: Path) -> None:
    rig = ImageRig()
    base = rig.image(OWN_PYTHON)
    make_wheels(tmp_path / "dist/wheels")
    shutil.copy(REPOSITORY / "Dockerfile", tmp_path)

    with built(rig, tmp_path, base) as image:
        socket = {"/var/run/docker.sock": {"bind": "/var/run/docker.sock"}}
        listed = rig.client.containers.run(image, ["runtimes", "list"], volumes=socket, labels=[LABEL], remove=True)

    assert base in listed.decode()


def make_wheels(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", f"--wheel-dir={folder}"]
    subprocess.run([*pip, str(REPOSITORY), "pip"], check=True)


@contextmanager
def built(rig: ImageRig, context: Path, base: str) -> Iterator[str]:
    """An image without a network; afterwards it and its stages are gone."""
    arguments = {"BASE": base}
    image, log = rig.client.images.build(path=str(context), buildargs=arguments, network_mode="none", forcerm=True)
    steps = re.findall(r"---> ([0-9a-f]{12})\b", "".join(map(str, log)))
    try:
        yield str(image.id)
    finally:
        kept = str(rig.client.images.get(base).short_id).removeprefix("sha256:")
        rig.forget(*(step for step in reversed(steps) if not step.startswith(kept)))
