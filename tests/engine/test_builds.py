"""Code that lies without what it needs is built when it is served. docs/builds.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builds_rig import Builds, answer, function, offline, write_source, write_wheel
from own import served

HANDLER = """
    import greeting
    def handler(event, context):
        return greeting.greet(event)
    """
GREETING = "def greet(name):\n    return f'Hello, {name}'\n"


@pytest.fixture
def project(tmp_path: Path) -> Builds:
    """A function in Python whose one package is not beside it."""
    made = Builds(tmp_path / "project")
    write_wheel(made.packages, "greeting", GREETING)
    made.write("src/app.py", HANDLER)
    made.write("src/requirements.txt", offline(made.packages, "greeting==1.0"))
    made.declare(Greet=function("python3.11", "src"))
    return made


def test_what_a_function_in_python_needs_is_installed_once_and_its_source_is_left_alone(project: Builds) -> None:
    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada"
        assert "Greet: pip installs requirements.txt for python3.11 on x86_64" in lam.heard_before
    assert sorted(path.name for path in (project.folder / "src").iterdir()) == ["app.py", "requirements.txt"]

    project.write("src/app.py", HANDLER.replace("(event)", "(event + '!')"))
    (project.packages / "greeting-1.0-py3-none-any.whl").unlink()  # it is not asked for again
    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada!"
        assert "pip installs" not in lam.heard_before


def test_packages_are_those_of_the_functions_python_and_processor(project: Builds) -> None:
    for tag, text in (
        ("cp39-cp39-manylinux_2_17_aarch64", "3.9 on arm64"),
        ("cp313-cp313-manylinux_2_28_x86_64", "3.13"),
    ):
        write_wheel(project.packages, "greeting", f"WHICH = '{text}'\n", tag)
    (project.packages / "greeting-1.0-py3-none-any.whl").unlink()
    arm = function("python3.9", "src").replace("Timeout: 30", "Timeout: 30, Architectures: [arm64]")
    project.declare(Newer=function("python3.13", "src"), Arm=arm)

    built = project.build("--output", "made")

    assert built.returncode == 0, built.stderr
    assert (project.folder / "made/Newer/greeting.py").read_text() == "WHICH = '3.13'\n"
    assert (project.folder / "made/Arm/greeting.py").read_text() == "WHICH = '3.9 on arm64'\n"


@pytest.mark.docker
def test_what_is_built_for_another_python_than_this_one_runs_in_its_container(project: Builds) -> None:
    """A wheel of the function's Python alone, and a package that had none; a layer beside."""
    (project.packages / "greeting-1.0-py3-none-any.whl").unlink()
    write_wheel(project.packages, "greeting", GREETING, "cp313-cp313-manylinux_2_28_x86_64")
    write_source(project.packages, "words", "WORD = 'and goodbye'\n")
    project.write(
        "src/app.py", HANDLER.replace("greeting\n", "greeting, words\n").replace("(event)", "(event), words.WORD")
    )
    project.write("words/requirements.txt", offline(project.packages, "words"))
    layer = "Type: AWS::Serverless::LayerVersion\nProperties: {ContentUri: words, CompatibleRuntimes: [python3.13]}\n"
    uses = function("python3.13", "src").replace("Timeout: 30", "Timeout: 30, Layers: [!Ref Words]")
    project.declare(Words=layer + "Metadata: {BuildMethod: python3.13}\n", Greet=uses)

    with project.served("--no-pull-images", engine="docker") as lam:
        assert answer(lam, "Greet", "Ada") == ["Hello, Ada", "and goodbye"]


def test_a_package_that_has_no_wheel_is_named_with_the_functions_line(project: Builds) -> None:
    project.write("src/requirements.txt", offline(project.packages, "greeting==1.0", "absent==2.0"))

    said = project.refused()

    assert "template.yaml:5: Resources.Greet.Properties.Code: Greet cannot be built: " in said
    assert "pip finds no wheel of absent==2.0 for Python 3.11 on x86_64, and can make none" in said


def test_a_package_in_python_alone_that_has_no_wheel_is_made_one(project: Builds) -> None:
    """For any Python; where it is had is said in another file that the first names."""
    write_source(project.packages, "absent", "WORD = 'Goodbye'\n")
    project.write("src/requirements.txt", "-r more/base.txt\ngreeting==1.0\nabsent <2  # newer ones have wheels\n")
    project.write(
        "src/more/base.txt",
        f"--no-index\n--find-links {os.path.relpath(project.packages, project.folder / 'src/more')}\n",
    )
    project.declare(Greet=function("python3.13", "src"))

    built = project.build("--output", "made")

    assert built.returncode == 0, built.stderr
    assert "Greet: pip builds absent<2, which has no wheel" in built.stdout + built.stderr
    assert (project.folder / "made/Greet/absent.py").read_text() == "WORD = 'Goodbye'\n"
    assert (project.folder / "made/Greet/greeting.py").is_file()


def test_a_package_that_is_made_for_this_machine_alone_is_named(project: Builds) -> None:
    write_source(project.packages, "absent", "", "cp311-cp311-linux_x86_64")
    project.write("src/requirements.txt", offline(project.packages, "greeting==1.0", "absent"))

    said = project.build()

    assert said.returncode == 1
    assert "Greet cannot be built: absent has no wheel, and its source makes one for this machine alone" in said.stderr


def test_without_builds_it_is_told_what_is_not_installed(project: Builds) -> None:
    project.write("src/app.py", "def handler(event, context):\n    return event\n")

    with project.served("--no-build") as lam:
        assert answer(lam, "Greet", "as it lies") == "as it lies"
        assert "says in requirements.txt is not installed beside it" in lam.heard_before


def test_a_layer_with_a_build_method_is_built(project: Builds) -> None:
    project.write("words/requirements.txt", offline(project.packages, "greeting==1.0"))
    project.write("src/requirements.txt", "# nothing of its own\n")
    layer = "Type: AWS::Serverless::LayerVersion\nProperties: {ContentUri: words, CompatibleRuntimes: [python3.11]}\n"
    uses = function("python3.11", "src").replace("Timeout: 30", "Timeout: 30, Layers: [!Ref Words]")
    project.declare(Words=layer + "Metadata: {BuildMethod: python3.11}\n", Greet=uses)

    with project.served() as lam:
        assert answer(lam, "Greet", "layer") == "Hello, layer"


def test_the_functions_own_files_go_before_what_is_installed(project: Builds) -> None:
    project.write("src/greeting.py", "def greet(name):\n    return f'Mine, {name}'\n")
    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Mine, Ada"

    (project.folder / "src/greeting.py").unlink()
    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada"


def test_code_that_lambda_does_not_take_is_not_copied_and_told_with_its_line(project: Builds) -> None:
    with open(project.folder / "src/large", "wb") as large:
        large.truncate(300 * 1024 * 1024)

    said = project.refused()

    assert "template.yaml:5: Resources.Greet.Properties.Code: Greet cannot be built: Unzipped size" in said


def test_a_function_of_a_project_is_built_where_it_says_so(project: Builds) -> None:
    (project.folder / "template.yaml").unlink()
    said = "functions:\n  Greet: {runtime: python3.11, handler: app.handler, code: src}\n"
    project.write("lambda-emu.yaml", said.replace("src}", "src, build: auto}"))
    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada"

    project.write("lambda-emu.yaml", said.replace("src}", "src, build: npm}"))
    assert (
        "lambda-emu.yaml:2: functions.Greet.build: Greet cannot be built: npm needs a package.json" in project.refused()
    )


def test_a_start_without_a_change_publishes_no_version_of_code_that_our_own_data_lies_beside(project: Builds) -> None:
    project.write("app.py", "def handler(event, context):\n    return event\n")
    project.declare(Greet=function("python3.11", ".").replace("Timeout: 30", "Timeout: 30, AutoPublishAlias: live"))

    for _ in range(2):
        with served(project.folder, "process", "--cache-dir", str(project.cache)) as lam:
            alias = lam.client.get_alias(FunctionName="Greet", Name="live")
            assert alias["FunctionVersion"] == "1"
