"""What images are made of comes from real registries, as it was published, and once. Run by `make test-runtimes`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lambda_emu.recipes import Jars, Modules, Package, Part, Tree
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import PartPlan
from lambda_emu.sandbox.building.parts import Parts

pytestmark = pytest.mark.runtimes
WRONG = "0" * 64
JAR = "com.amazonaws:aws-lambda-java-core:1.4.0"
RIGHT = "575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed"
SMALL = Package(
    "tslib@2.8.1", "oJFu94HQb+KVduSUQL7wnpmqnfmLsOA/nAh6b6EH0wCEoK0/mPeXU6c3wKDV83MkOuHPRHtSXKKU99IBazS/2w=="
)


class Kitchen:
    """A cache of one test's own, where builds come and go."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.scratch = folder / "scratch"
        self.told: list[str] = []

    def make(self, part: Part) -> Path:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        return Parts(Cache(self.cache), self.scratch, self.told.append).ensure(PartPlan(part, "x86_64"))

    def kept(self) -> set[str]:
        return {path.name for path in (self.cache / "parts").glob("*")}


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    """One for all, since what fetches has to be fetched first."""
    return Kitchen(tmp_path_factory.mktemp("kitchen"))


def test_a_part_is_fetched_once(kitchen: Kitchen) -> None:
    first = kitchen.make(SMALL)
    told = len(kitchen.told)

    assert kitchen.make(SMALL) == first
    assert (first / "package.json").is_file()
    assert len(kitchen.told) == told


def test_what_is_not_as_it_was_published_is_refused_and_not_kept(kitchen: Kitchen) -> None:
    before = kitchen.make(SMALL)
    kept = kitchen.kept()

    with pytest.raises(SandboxError, match=r"tslib@2.8.1 was fetched with the checksum .* and not wrong"):
        kitchen.make(Package(SMALL.package, "wrong"))

    assert kitchen.kept() == kept
    assert before.is_dir()


def test_a_jar_that_is_another_is_refused_and_fetched_anew(kitchen: Kitchen) -> None:
    with pytest.raises(SandboxError, match=r"aws-lambda-java-core:1\.4\.0 was fetched with the checksum"):
        kitchen.make(Jars({JAR: WRONG}))
    made = kitchen.make(Jars({JAR: RIGHT}, left_out=("META-INF/maven/*",)))

    assert [path.name for path in made.iterdir()] == ["aws-lambda-java-core.jar"]


def test_a_download_that_was_corrupted_where_it_is_kept_is_refused(kitchen: Kitchen) -> None:
    shutil.rmtree(kitchen.make(Jars({JAR: RIGHT})))
    downloaded = next((kitchen.cache / "registries").rglob("aws-lambda-java-core-1.4.0.jar"))
    downloaded.write_bytes(downloaded.read_bytes()[:-1])

    with pytest.raises(SandboxError, match="try again"):
        kitchen.make(Jars({JAR: RIGHT}))

    assert kitchen.make(Jars({JAR: RIGHT})).is_dir()


def test_of_a_jar_with_a_program_the_folder_is_unpacked_that_it_is_in(kitchen: Kitchen) -> None:
    made = kitchen.make(Tree(JAR, RIGHT, "com/amazonaws/services/lambda/runtime", left_out=("logging/*", "*Client*")))

    found = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    assert "Context.class" in found
    assert {path for path in found if "/" in path or "Client" in path or path.endswith(".jar")} == set()
    with pytest.raises(SandboxError, match=r"aws-lambda-java-core:1\.4\.0 was fetched with the checksum"):
        kitchen.make(Tree(JAR, WRONG, "com"))


def test_modules_bring_what_they_need_and_leave_out_what_nobody_runs(kitchen: Kitchen) -> None:
    made = kitchen.make(Modules(("@smithy/is-array-buffer@4.2.0",), "2026-11-20", ("**/*.d.ts",)))

    assert (made / "@smithy/is-array-buffer/package.json").is_file()
    assert (made / "tslib/package.json").is_file()
    assert list(made.rglob("*.d.ts")) == []


def test_a_package_that_is_not_there_says_so_in_npms_words(kitchen: Kitchen) -> None:
    with pytest.raises(SandboxError, match=r"tslib@0\.0\.99"):
        kitchen.make(Package("tslib@0.0.99", "any"))
