"""Functions whose images a Dockerfile says how to make. docs/builds.md#images."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from builds_rig import ROLE, Builds, answer
from image_rig import ImageRig
from waiting import eventually

from lambda_emu.sandbox.docker.kept_images import BUILT

pytestmark = pytest.mark.docker

DOCKERFILE = """
    ARG BASE
    FROM $BASE AS plain
    ARG GREETING
    ENV GREETING=$GREETING
    COPY app.py words* /var/task/
    CMD ["app.handler"]
    FROM plain AS louder
    ENV END=!
    """
APP = """
    import os
    def handler(event, context):
        found = sorted(name for name in os.listdir("/var/task") if name.startswith("words"))
        return [os.environ["GREETING"] + ", " + event + os.environ.get("END", ""), found]
    """


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The image of Python that is here. What is built upon it is forgotten, and what a run before left."""
    rig = ImageRig()
    rig.forget(*rig.tags(f"{BUILT}/greettest"))
    yield rig.image("python3.11")
    rig.forget(*rig.tags(f"{BUILT}/greettest"))
    rig.client.close()


@pytest.fixture
def project(tmp_path: Path) -> Builds:
    made = Builds(tmp_path / "project")
    made.write("greet/Dockerfile", DOCKERFILE)
    made.write("greet/app.py", APP)
    made.write("greet/words.txt", "not ignored")
    made.write("greet/words.log", "ignored")
    made.write("greet/.dockerignore", "# what is no code\n*.log\n")
    return made


def command_lines() -> list[bytes]:
    """Of all processes, as every user may read them."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(file.read_bytes())
    return found


def image(base: str, target: str = "louder", **more: str) -> str:
    """What a template says of one."""
    properties = f"{{PackageType: Image, Role: '{ROLE}', Timeout: 30}}"
    how = {"Dockerfile": "Dockerfile", "DockerContext": "greet", "DockerBuildTarget": target, **more}
    said = ", ".join(f"{name}: {value}" for name, value in how.items())
    arguments = f"DockerBuildArgs: {{BASE: '{base}', GREETING: Hello}}"
    return f"Type: AWS::Serverless::Function\nProperties: {properties}\nMetadata: {{{said}, {arguments}}}\n"


def test_the_image_that_metadata_says_how_to_make_is_built_once(project: Builds, base: str) -> None:
    """Of its stage, with its arguments, without what .dockerignore names; anew where its context has changed."""
    project.declare(GreetTest=image(base))

    with project.served(engine="docker") as lam:
        assert answer(lam, "GreetTest", "Ada") == ["Hello, Ada!", ["words.txt"]]
        assert f"GreetTest: docker builds Dockerfile in {project.folder / 'greet'}" in lam.heard_before
        assert "GreetTest: Step 1/" in lam.heard_before
    project.write("greet/words.log", "ignored, whatever it says")
    again = project.build()
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(f"GreetTest: image {BUILT}/greettest:"), again.stdout
    assert "docker builds" not in again.stderr

    project.write("greet/app.py", APP.replace("event +", "event.upper() +"))
    changed = project.build("--output", "made")
    assert "docker builds Dockerfile" in changed.stderr
    assert changed.stdout != again.stdout
    assert not (project.folder / "made").exists()  # it is the engine's


def test_what_cannot_be_built_is_told_with_its_line_and_what_the_engine_says(project: Builds, base: str) -> None:
    project.write("greet/Broken", DOCKERFILE + "RUN echo what it says >&2; exit 3\n")
    project.declare(
        GreetTest=image(base, Dockerfile="Broken"),
        Absent=image(base, Dockerfile="Nothing"),
        Nowhere=image(base, DockerContext="nowhere"),
        Quieter=image(base, target="quieter"),
    )

    said = project.refused(engine="docker")

    line = "template.yaml:5: Resources.GreetTest.Properties.Code: GreetTest cannot be built: docker build failed"
    assert line in said
    assert "what it says" in said
    assert "returned a non-zero code: 3" in said
    assert f"Absent cannot be built: there is no Nothing in {project.folder / 'greet'}\n" in said
    assert f"Nowhere cannot be built: there is no Dockerfile in {project.folder / 'nowhere'}\n" in said
    assert "Quieter cannot be built: " in said
    assert "failed to reach build target quieter in Dockerfile" in said


def test_a_build_that_takes_too_long_is_ended_and_leaves_no_file_and_tells_nobody_its_arguments(
    project: Builds, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be tokens, and every user of the machine may read a command line."""
    project.write("greet/Dockerfile", DOCKERFILE + "RUN sleep 600\n")
    project.declare(GreetTest=image(base).replace("Hello", "a-token"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    with ThreadPoolExecutor(1) as beside:
        building = beside.submit(project.build, "--build-timeout-s", "4")
        lines = eventually(lambda: [line for line in command_lines() if b"docker.build_program" in line], "the build")
        failed = building.result()

    assert not any(b"a-token" in line for line in lines)
    assert failed.returncode == 1
    assert "it took longer than 4 s, and was ended" in failed.stderr
    assert [*(tmp_path / "tmp").iterdir()] == []
