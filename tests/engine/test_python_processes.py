"""Every Python that this machine may have on its PATH runs functions of its version without Docker.

Those here are community builds, unpacked as a user would; they run on any Linux, which Debian's of another release do
not. Run by `make test-runtimes`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lam import Lam
from languages.language import HANDLERS
from own import own_emulator
from packages import made, part_of

from lambda_emu.recipes import Tree, Wheels
from lambda_emu.sandbox.building.part_plan import PartPlan
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

pytestmark = pytest.mark.runtimes
FOLDER = "org/bytedeco/cpython/linux-x86_64"
BUILDS = {
    "python3.9": ("3.9.6-1.5.6", "e8c42da2fe5658f6d8f270193ed84463bf768123bace0859731b31cbfbddb35f"),
    "python3.10": ("3.10.8-1.5.8", "2f101b1aa06effdbda3c318c1728b13f22b571707c7b7704abaf5d19a33aa981"),
    "python3.12": ("3.12.1-1.5.10", "a135fcf4dc01adebf7ea439252276fc3196db80f7e0dd3da0b61f1ec489b68bd"),
    "python3.13": ("3.13.5-1.5.12", "50ad91aa0baa57f0235bb666b87d8bf2a44e215d28c250de1030502906af143b"),
    "python3.14": ("3.14.3-1.5.13", "eb5f1a6fe2dc498ac18927189a37f28a47b0ba06ae6bd85112eff023fe2eb46f"),
}
FACTS = {"facts.py": (HANDLERS / "facts.py").read_text()}


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lam]:
    """With all of them on the PATH."""
    folder = tmp_path_factory.mktemp("pythons")
    before = os.environ["PATH"]
    programs = [unpack(runtime, folder / runtime) for runtime in BUILDS if runtime != OWN_PYTHON]
    os.environ["PATH"] = os.pathsep.join([*(str(program.parent) for program in programs), before])
    try:
        with own_emulator(tmp_path_factory.mktemp("functions"), "process", strict_runtimes=True) as lam:
            yield lam
    finally:
        os.environ["PATH"] = before


def unpack(runtime: str, home: Path) -> Path:
    """A community build with its libraries where other Pythons have them. Returns the program."""
    version, checksum = BUILDS[runtime]
    tree = Tree(f"org.bytedeco:cpython:{version}:linux-x86_64", checksum, FOLDER, ("include/*", "*/test/*"))
    home.mkdir()
    folder = made(PartPlan(tree, "x86_64"))
    (home / "lib").mkdir()
    (home / "lib" / runtime).symlink_to(folder / "lib" / runtime)
    for library in folder.glob("lib*.so*"):
        (home / "lib" / library.name).symlink_to(library)
    program = home / "bin" / runtime
    program.parent.mkdir()
    program.write_bytes((folder / "bin" / runtime).read_bytes())
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("runtime", BUILDS)
def test_a_python_on_the_path_runs_what_is_its_own_with_client_and_sdk(lam: Lam, runtime: str) -> None:
    name = lam.create(
        runtime.replace(".", "-"), FACTS, Runtime=runtime, Handler="facts.handler", Timeout=30, MemorySize=512
    )

    versions = lam.invoke(name, {"see": "versions"})
    surroundings = lam.invoke(name, {"see": "surroundings"})

    assert (versions.error, surroundings.error) == (None, None), (versions, surroundings)
    minor = int(runtime.rpartition(".")[2])
    assert versions.payload["python"] == [3, minor]
    assert f"cpython-3{minor}-" in versions.payload["compiled"]
    assert surroundings.payload["length"] == 4
    assert surroundings.payload["processes"] == ["answer"] * 3
    wheels = part_of(runtime, "/var/runtime", Wheels)
    assert runtime == OWN_PYTHON or f"boto3=={versions.payload['boto3']}" in wheels.pip
