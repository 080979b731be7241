"""Images are taken or built once, whoever asks, and what goes wrong leaves nothing behind."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from image_rig import LABEL, ImageRig

from lambda_emu.sandbox.base import SandboxError

pytestmark = pytest.mark.docker

RUNTIME = "provided.al2"  # the quickest to build, and no other test needs it
AWS_IMAGE = "public.ecr.aws/lambda/provided:al2"
OUR_IMAGES = "lambda-emu/provided:al2-"


@pytest.fixture
def rig() -> Iterator[ImageRig]:
    """An engine that has no image for RUNTIME, neither before nor after."""
    rig = ImageRig()
    rig.forget(*rig.tags(OUR_IMAGES), *rig.tags(AWS_IMAGE))
    yield rig
    rig.forget(*rig.tags(OUR_IMAGES), *rig.tags(AWS_IMAGE))
    rig.client.close()


def import_empty(rig: ImageRig, name: str, *changes: str) -> None:
    """Give the engine an image with nothing in it."""
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    repository, tag = name.rsplit(":", 1)
    rig.client.api.import_image_from_data(
        empty.getvalue(), repository=repository, tag=tag, changes=[f"LABEL {LABEL}=", *changes]
    )


def test_an_image_is_built_once_however_many_ask_and_replaces_the_last(rig: ImageRig, tmp_path: Path) -> None:
    import_empty(rig, f"{OUR_IMAGES}000000000000", f"LABEL lambda-emu.image={RUNTIME}-x86_64")
    told: list[str] = []

    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(rig.images(tmp_path).ensure, RUNTIME, "x86_64", told.append) for _ in range(3)]
        names = {future.result(timeout=120) for future in asked}

    assert len([line for line in told if line.startswith("handing")]) == 1
    assert f"waiting for another build of {RUNTIME}-x86_64" in told
    assert list(names) == rig.tags(OUR_IMAGES)
    assert rig.images(tmp_path).find(RUNTIME, "x86_64") in names


def test_a_build_that_is_given_up_leaves_nothing(rig: ImageRig, tmp_path: Path) -> None:
    images, extracting = rig.images(tmp_path), Event()

    def watch(line: str) -> None:
        if line.startswith("extracting"):
            extracting.set()

    with ThreadPoolExecutor(1) as thread:
        building = thread.submit(images.ensure, RUNTIME, "x86_64", watch)
        assert extracting.wait(60)
        images.close()

        with pytest.raises(SandboxError, match="mmdebstrap failed"):
            building.result(timeout=20)

    assert rig.tags(OUR_IMAGES) == []
    assert [path.name for path in (tmp_path / "build").iterdir()] == [f"{RUNTIME}-x86_64.lock"]


def test_awss_own_image_comes_first_where_it_is_for_this_architecture(rig: ImageRig) -> None:
    import_empty(rig, AWS_IMAGE)

    assert rig.images().find(RUNTIME, "x86_64") == AWS_IMAGE
    assert rig.images().find(RUNTIME, "arm64") is None


def test_a_runtime_without_a_recipe_names_the_image_to_pull(rig: ImageRig) -> None:
    with pytest.raises(SandboxError, match=r"docker pull public\.ecr\.aws/lambda/java:21"):
        rig.images().ensure("java21", "x86_64", print)


def test_a_machine_that_cannot_run_an_architecture_says_what_would_help(rig: ImageRig) -> None:
    if Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine can run arm64 programs")

    with pytest.raises(SandboxError, match="apt-get install qemu-user-static"):
        rig.images().ensure("provided.al2023", "arm64", print)


def test_status_tells_of_each_runtime_what_is_there_and_what_can_be_built(rig: ImageRig) -> None:
    import_empty(rig, AWS_IMAGE)

    status = {found.runtime.identifier: found for found in rig.images().status("x86_64")}

    assert status[RUNTIME].image == AWS_IMAGE
    assert (status["java21"].image, status["java21"].buildable) == (None, False)
    assert status["nodejs24.x"].buildable
    assert "python2.7" not in status


def test_where_mmdebstrap_is_missing_the_line_that_installs_it_is_told(
    rig: ImageRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shutil.which("mmdebstrap"), "the tests of images need it"
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxError, match="apt-get install mmdebstrap"):
        rig.images(tmp_path).ensure(RUNTIME, "x86_64", print)
