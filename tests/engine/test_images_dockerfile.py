"""The emulator's own image is built from wheels alone, without a network, on any base with its Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from image_rig import LABEL, ImageRig
from packages import python_packages
from waiting import Eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
PHOTO = REPOSITORY / "examples" / "photo"
OWN_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SOCKET = "/var/run/docker.sock"


@pytest.fixture(scope="module")
def rig() -> ImageRig:
    return ImageRig()


@pytest.fixture(scope="module")
def image(rig: ImageRig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Made as the Dockerfile says, of what `make wheels` makes, without a network; gone afterwards with its stages."""
    context = tmp_path_factory.mktemp("image")
    subprocess.run(["make", "wheels", f"WHEELS={context / 'dist/wheels'}"], cwd=REPOSITORY, check=True, timeout=600)
    shutil.copy(REPOSITORY / "Dockerfile", context)
    base = rig.image(OWN_PYTHON)
    built, log = rig.client.images.build(path=str(context), buildargs={"BASE": base}, network_mode="none", forcerm=True)
    steps = re.findall(r"---> ([0-9a-f]{12})\b", "".join(map(str, log)))
    yield str(built.id)
    kept = str(rig.client.images.get(base).short_id).removeprefix("sha256:")
    rig.forget(*(step for step in reversed(steps) if not step.startswith(kept)))


def test_the_dockerfile_makes_an_emulator_that_sees_its_engine(rig: ImageRig, image: str) -> None:
    socket = {SOCKET: {"bind": SOCKET}}
    listed = rig.client.containers.run(image, ["runtimes", "list"], volumes=socket, labels=[LABEL], remove=True)

    assert rig.image(OWN_PYTHON) in listed.decode()


def test_the_example_of_photos_runs_in_it(
    rig: ImageRig, image: str, tmp_path: Path, pytestconfig: pytest.Config, eventually: Eventually
) -> None:
    pillow = python_packages(pytestconfig, PHOTO / "requirements.txt")
    shutil.copytree(PHOTO, tmp_path, dirs_exist_ok=True)
    shutil.copytree(pillow, tmp_path / "pillow/python")
    take = "from PIL import Image; import sys; Image.new('RGB', (1200, 800)).save(sys.argv[1])"
    subprocess.run([sys.executable, "-c", take, tmp_path / "photo.jpg"], env={"PYTHONPATH": str(pillow)}, check=True)

    with serving(rig, image, tmp_path, eventually) as client:
        client("s3").upload_file(str(tmp_path / "photo.jpg"), "photos", "photo.jpg")

        rows = eventually(lambda: client("dynamodb").scan(TableName="photos")["Items"], "the photo's row")
    assert rows == [{"key": {"S": "photo.jpg"}, "width": {"N": "1200"}, "height": {"N": "800"}}]


@contextmanager
def serving(rig: ImageRig, image: str, project: Path, eventually: Eventually) -> Iterator[Callable[[str], Any]]:
    """`docker run` as the Dockerfile has it; makes clients of what is served."""
    with tempfile.TemporaryDirectory(prefix="same-path-") as data:
        container = rig.client.containers.run(
            image,
            ["serve", "--port", "0", "--data-dir", data],
            volumes={SOCKET: {"bind": SOCKET}, data: {"bind": data}, str(project): {"bind": "/project"}},
            network_mode="host",
            labels=[LABEL],
            detach=True,
        )
        try:
            told = eventually(lambda: re.search(r" on (http://\S+)", container.logs().decode()), "its first words")
            keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
            yield lambda service: boto3.client(service, endpoint_url=told[1], region_name="us-east-1", **keys)
            container.stop(timeout=15)
        finally:
            container.remove(force=True)
