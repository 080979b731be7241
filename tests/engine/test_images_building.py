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
from image_rig import LABEL, ImageRig, Own

from lambda_emu.sandbox.base import SandboxError

pytestmark = pytest.mark.docker


@pytest.fixture
def rig() -> Iterator[ImageRig]:
    rig = ImageRig()
    yield rig
    rig.client.close()


@pytest.fixture
def own(rig: ImageRig, tmp_path: Path) -> Iterator[Own]:
    """A runtime that the engine has no image for, neither before nor after."""
    own = rig.own(tmp_path)
    yield own
    rig.forget(*rig.tags(own.tag_prefix), *rig.tags(own.aws_image))


def import_empty(rig: ImageRig, name: str, *changes: str) -> None:
    """Give the engine an image with nothing in it."""
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    repository, tag = name.rsplit(":", 1)
    rig.client.api.import_image_from_data(
        empty.getvalue(), repository=repository, tag=tag, changes=[f"LABEL {LABEL}=", *changes]
    )


def test_an_image_is_built_once_however_many_ask(own: Own) -> None:
    told: list[str] = []

    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(own.builder().ensure, own.runtime, "x86_64", told.append) for _ in range(3)]
        names = {future.result(timeout=120) for future in asked}

    assert [line for line in told if not line.startswith("waiting for another build of")] == [
        "asking Debian's registry what it has",
        "fetching Debian's packages",
        "unpacking and setting up",
        "packing",
        f"handing {next(iter(names))} to the engine",
    ]
    assert f"waiting for another build of {own.runtime}-x86_64" in told
    assert list(names) == own.rig.tags(own.tag_prefix)
    assert own.images().find(own.runtime, "x86_64") in names


def test_a_build_that_is_given_up_leaves_nothing(own: Own) -> None:
    builder, extracting = own.builder(), Event()

    def watch(line: str) -> None:
        if line.startswith("unpacking"):
            extracting.set()

    with ThreadPoolExecutor(1) as thread:
        building = thread.submit(builder.ensure, own.runtime, "x86_64", watch)
        assert extracting.wait(60)
        builder.close()

        with pytest.raises(SandboxError, match="mmdebstrap failed"):
            building.result(timeout=20)

    assert own.rig.tags(own.tag_prefix) == []
    assert [path.name for path in (own.cache / "build").iterdir()] == [f"{own.runtime}-x86_64.lock"]


def test_awss_own_image_comes_first_where_it_is_for_this_architecture(own: Own) -> None:
    import_empty(own.rig, own.aws_image)

    assert own.images().find(own.runtime, "x86_64") == own.aws_image
    assert own.images().find(own.runtime, "arm64") is None


def test_a_runtime_without_a_recipe_names_the_image_to_pull(rig: ImageRig) -> None:
    with pytest.raises(SandboxError, match=r"docker pull public\.ecr\.aws/lambda/ruby:4.0"):
        rig.builder().ensure("ruby4.0", "x86_64", print)


def test_a_machine_that_cannot_run_an_architecture_says_what_would_help(rig: ImageRig) -> None:
    if Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine can run arm64 programs")

    with pytest.raises(SandboxError, match="apt-get install qemu-user-static"):
        rig.builder().ensure("provided.al2023", "arm64", print)


def test_status_tells_of_each_runtime_what_is_there_and_what_can_be_built(rig: ImageRig, own: Own) -> None:
    import_empty(rig, own.aws_image)

    status = {found.runtime.identifier: found for found in rig.images().status("x86_64")}

    assert [found.image for found in own.images().status("x86_64")] == [own.aws_image]
    assert (status["ruby4.0"].image, status["ruby4.0"].buildable) == (None, False)
    assert status["nodejs24.x"].buildable
    assert "python2.7" not in status


def test_where_mmdebstrap_is_missing_the_line_that_installs_it_is_told(
    own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shutil.which("mmdebstrap"), "the tests of images need it"
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxError, match="apt-get install mmdebstrap"):
        own.builder().ensure(own.runtime, "x86_64", print)
