"""An image is named by what it is made of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.runtimes import Catalogue, catalogue
from lambda_emu.sandbox.building.debian import mmdebstrap_options
from lambda_emu.sandbox.building.image_plan import ImagePlan, plan_image
from lambda_emu.sandbox.building.missing import NoImage

OTHER_ARCHITECTURE = {"x86_64": "arm64", "arm64": "x86_64"}[HOST_ARCHITECTURE]


def plan(folder: Path, identifier: str, architecture: str = "x86_64") -> ImagePlan:
    runtime = Catalogue(folder).get(identifier)
    assert runtime is not None
    assert runtime.recipe is not None
    return plan_image(runtime, runtime.recipe, architecture, folder)


def python_plan(folder: Path, architecture: str = "x86_64") -> ImagePlan:
    return plan(folder, "python3.13", architecture)


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return apply


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A runtimes/ that a test may change."""
    return Path(shutil.copytree(catalogue().folder, tmp_path / "runtimes", ignore=shutil.ignore_patterns("init")))


@pytest.mark.parametrize(
    "change",
    [
        edit("image/base.yaml", "tzdata", "tzdata, zip"),
        edit("image/base.yaml", "/usr/share/man/*", "/usr/share/man/man1/*"),
        edit("image/bootstrap", "exit 127", "exit 126"),
        edit("image/finish.sh", "umask 022", "umask 002"),
        edit("image/lambda-entrypoint.sh", "exit 142", "exit 1"),
        edit("python.yaml", "boto3==", "boto3<="),
        edit("python.yaml", "suite: trixie", "suite: forky"),
        edit("python/finish.sh", "compileall", "compileall -j2"),
        edit("python/runtime/bootstrap.py", "import os", "import os  # "),
    ],
)
def test_the_name_changes_with_everything_that_goes_in(folder: Path, change: Callable[[Path], None]) -> None:
    before = python_plan(folder).tag

    change(folder)

    assert python_plan(folder).tag != before


@pytest.mark.parametrize(
    ("identifier", "language"),
    [
        ("dotnet8", "dotnet"),
        ("java21", "java"),
        ("nodejs24.x", "nodejs"),
        ("python3.13", "python"),
        ("ruby3.3", "ruby"),
    ],
)
def test_the_name_changes_with_every_file_of_its_language(folder: Path, identifier: str, language: str) -> None:
    """What is compiled, and by what, too."""
    files = [path for path in (folder / language).rglob("*") if path.is_file()]
    names = {plan(folder, identifier).tag}

    for file in files:
        file.write_bytes(file.read_bytes() + b"\n")
        names.add(plan(folder, identifier).tag)

    assert len(names) == len(files) + 1 > 2


def test_the_name_stays_when_another_language_changes(folder: Path) -> None:
    before = python_plan(folder).tag

    edit("nodejs.yaml", "aws-lambda-ric@", "aws-lambda-ric@^")(folder)
    edit("nodejs/finish.sh", "ln -sf", "ln -s")(folder)

    assert python_plan(folder).tag == before
    assert before.startswith("lambda-emu/python:3.13-")


def test_each_architecture_has_an_image_of_its_own(folder: Path) -> None:
    assert python_plan(folder, "arm64").tag != python_plan(folder).tag


def test_bootstrap_starts_the_interpreter_that_the_recipe_names(folder: Path) -> None:
    bootstrap = python_plan(folder).files["/var/runtime/bootstrap"].decode()

    assert "set -- /var/lang/bin/python3.13 /var/runtime/bootstrap.py\n" in bootstrap


def test_a_package_that_one_suite_alone_has_brings_that_suites_list() -> None:
    told = mmdebstrap_options("sid", ["dash", "ruby3.4/experimental"], "x86_64")

    assert "--include=dash,ruby3.4" in told
    [hook] = [option for option in told if option.startswith("--setup-hook=")]
    assert "s/ sid / experimental /" in hook
    assert not any(option.startswith("--setup-hook=") for option in mmdebstrap_options("sid", ["dash"], "x86_64"))


@pytest.mark.parametrize(("architecture", "helps"), [(HOST_ARCHITECTURE, True), (OTHER_ARCHITECTURE, False)])
def test_installing_something_is_a_way_to_an_image_where_it_is_for_that_processor(
    architecture: str, helps: bool
) -> None:
    runtime = catalogue().get("dotnet8")
    assert runtime is not None

    told = str(NoImage(runtime, architecture, machine="it is not here"))

    assert ("install .NET 8" in told) == helps
    assert "docker pull public.ecr.aws/lambda/dotnet:8" in told
