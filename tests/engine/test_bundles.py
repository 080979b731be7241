"""An engine's images go to another engine in a file, and what cannot be used there is told with what to do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from image_rig import ImageRig, Own, saved
from test_cli import command

from lambda_emu.recipes import Wheels
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.part_plan import PartPlan
from lambda_emu.sandbox.bundle.clients import Clients
from lambda_emu.sandbox.bundle.layers import Pieces
from lambda_emu.sandbox.bundle.manifest import BadBundle, Imported
from lambda_emu.sandbox.bundle.writer import BundleWriter, write_whole
from lambda_emu.sandbox.docker.bundles import Bundles
from lambda_emu.sandbox.docker.images import Images

pytestmark = pytest.mark.docker

CLIENT = Wheels(("six==1.17.0",), "3.13")
"""What stands for the client of the runtime."""


class Machine:
    """An engine with a runtime that no other test has."""

    def __init__(self, folder: Path) -> None:
        self.rig = ImageRig()
        self.own = self.rig.own(folder, {"/var/runtime": {"pip": list(CLIENT.pip), "python": CLIENT.python}})
        self.file = folder / "runtimes.bundle"
        self.told: list[str] = []

    @property
    def runtime(self) -> str:
        return self.own.runtime

    def export(self, images: Images, architecture: str = "x86_64") -> list[str]:
        return self._bundles(images).export(self.file, [self.runtime], architecture, self.told.append)

    def load(self, images: Images) -> list[Imported]:
        return list(self._bundles(images).load(self.file, self.told.append))

    def _bundles(self, images: Images) -> Bundles:
        return Bundles(docker.from_env(), images, Clients(self.own.cache, images.runtimes))

    def close(self) -> None:
        self.rig.forget(*self.rig.tags(self.own.tag_prefix), *self.rig.tags(self.own.aws_image))
        self.rig.client.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def load_awss(own: Own, architecture: str = "amd64") -> str:
    """Give the engine what stands for AWS's own image."""
    image = {"architecture": architecture, "os": "linux", "created": "2020-01-01T00:00:00Z", "config": {}}
    own.rig.client.images.load(saved(own.aws_image, image))
    return own.aws_image


def test_an_image_that_was_exported_is_there_once_it_is_imported(machine: Machine) -> None:
    name, images = machine.own.load_old("one"), machine.own.images("one")
    before = machine.rig.client.images.get(name).id

    exported = machine.export(images)
    machine.rig.forget(name)
    found = machine.load(images)

    assert exported == [name]
    assert found == [Imported(name)]
    assert images.find(machine.runtime, "x86_64") == name
    assert machine.rig.client.images.get(name).id == before


def test_an_image_that_is_there_is_not_loaded_again(machine: Machine) -> None:
    name, images = machine.own.load_old("one"), machine.own.images("one")
    machine.export(images)

    assert machine.load(images) == [Imported(name, was_there=True)]
    assert [line for line in machine.told if line.startswith("handing")] == []


def test_an_image_that_was_just_imported_is_not_old_to_other_checkouts(machine: Machine) -> None:
    name, images = machine.own.load_old("one"), machine.own.images("one")
    machine.export(images)
    machine.rig.forget(name)
    machine.load(images)

    pruned = list(machine.own.images("other").prune())

    assert (pruned, images.find(machine.runtime, "x86_64")) == ([], name)


def test_what_functions_run_on_without_docker_goes_along(machine: Machine) -> None:
    name, images = machine.own.load_old("one"), machine.own.images("one")
    client = machine.own.cache / "parts" / PartPlan(CLIENT, "x86_64").key
    client.mkdir(parents=True)
    (client / "six.py").write_text("six")
    machine.export(images)
    machine.rig.forget(name)
    shutil.rmtree(machine.own.cache)

    assert machine.load(images) == [Imported(name), Imported(f"client of {machine.runtime}")]
    assert (client / "six.py").read_text() == "six"


def test_awss_own_image_goes_along_and_comes_first(machine: Machine) -> None:
    machine.own.load_old("one")
    awss, images = load_awss(machine.own), machine.own.images("one")

    assert machine.export(images) == [awss]
    machine.rig.forget(awss)

    assert machine.load(images) == [Imported(awss)]
    assert images.find(machine.runtime, "x86_64") == awss


def test_of_a_damaged_bundle_nothing_is_loaded(machine: Machine) -> None:
    name, images = machine.own.load_old("one"), machine.own.images("one")
    machine.export(images)
    machine.rig.forget(name)
    whole = machine.file.read_bytes()
    machine.file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])

    with pytest.raises(BadBundle, match="is damaged"):
        machine.load(images)

    assert machine.rig.tags(machine.own.tag_prefix) == []


def test_an_image_of_another_recipe_is_refused_with_what_to_do(machine: Machine) -> None:
    name = machine.own.load_old("theirs")
    machine.export(machine.own.images("theirs"))
    machine.rig.forget(name)

    (found,) = machine.load(machine.own.images("ours"))

    assert "by another recipe than lambda-emu 0.1.0 did; export it again" in str(found.refused)
    assert machine.rig.tags(machine.own.tag_prefix) == []


def test_no_image_gets_a_name_that_is_not_its_runtimes(machine: Machine) -> None:
    """A bundle from elsewhere could put its own in the place of any other."""
    images = machine.own.images("one")
    machine.own.load_old("one")
    machine.export(images)
    machine.rig.forget(*machine.rig.tags(machine.own.tag_prefix))

    (found,) = machine.load(ImageRig().images())

    assert found.refused == f"this lambda-emu has no runtime {machine.runtime}"


def test_an_image_for_a_processor_that_the_machine_cannot_run_says_what_would_help(machine: Machine) -> None:
    if Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine can run arm64 programs")
    awss, images = load_awss(machine.own, "arm64"), machine.own.images("one")
    machine.export(images, "arm64")
    machine.rig.forget(awss)

    (found,) = machine.load(images)

    assert "does not run arm64 programs; as root: apt-get install qemu-user-static" in str(found.refused)


def test_an_image_that_is_for_another_processor_than_the_bundle_says_is_refused(machine: Machine) -> None:
    awss, images = load_awss(machine.own, "arm64"), machine.own.images("one")
    with write_whole(machine.file) as file, BundleWriter(file, machine.file.parent) as bundle:
        bundle.add_image(awss, machine.runtime, "x86_64", Pieces(machine.rig.client.api.get_image(awss)))

    with pytest.raises(BadBundle, match="for another processor than it says"):
        machine.load(images)


def test_what_is_not_there_cannot_be_exported_and_the_ways_to_it_are_told(machine: Machine) -> None:
    images = machine.own.images("one")
    build, pull = f"lambda-emu runtimes build {machine.runtime}", f"docker pull {machine.own.aws_image}"

    with pytest.raises(SandboxError, match=rf"{build}`; `{pull}`; `lambda-emu runtimes import FILE`"):
        machine.export(images)

    assert not machine.file.exists()


def test_the_commands_take_images_there_and_back(tmp_path: Path) -> None:
    name = ImageRig().image("provided.al2023")

    exported = command("runtimes", "export", "runtimes.bundle", "provided.al2023", folder=tmp_path)
    imported = command("runtimes", "import", "runtimes.bundle", folder=tmp_path)

    assert (exported.stdout, exported.returncode) == (f"{name}\n", 0), exported.stderr
    assert "runtimes.bundle: 1 runtime, " in exported.stderr
    assert (imported.stdout, imported.returncode) == (f"{name}\n", 0), imported.stderr


def test_a_file_that_is_no_bundle_is_refused_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")

    done = command("runtimes", "import", "file", folder=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "Error: file is not a bundle of lambda-emu, or its end is missing. Nothing of it was loaded\n"


@pytest.mark.runtimes
def test_an_export_that_is_killed_leaves_no_bundle_and_the_next_one_succeeds(tmp_path: Path) -> None:
    name = ImageRig().image("python3.11")
    line = [sys.executable, "-m", "lambda_emu", "runtimes", "export", "runtimes.bundle", "python3.11"]
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "packing" in process.stderr.readline()
        process.send_signal(signal.SIGKILL)

    assert os.listdir(tmp_path) in ([], ["runtimes.bundle.part"])
    assert command("runtimes", "export", "runtimes.bundle", "python3.11", folder=tmp_path).stdout == f"{name}\n"
    assert os.listdir(tmp_path) == ["runtimes.bundle"]
