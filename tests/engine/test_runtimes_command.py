"""`lambda-emu runtimes` as a user runs it: several images at once, and what is told of those that cannot be had."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from image_rig import ImageRig
from own import own_emulator
from test_cli import command

pytestmark = pytest.mark.docker

WAYS = (
    "no image for ruby4.0 (x86_64): lambda-emu cannot build one. Ways to one: "
    "`docker pull public.ecr.aws/lambda/ruby:4.0`; `lambda-emu runtimes import FILE`, which "
    "`lambda-emu runtimes export FILE ruby4.0` wrote on a machine that has one; "
    "or a function packaged as an image, which brings its runtime"
)


def test_an_image_that_cannot_be_built_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    names = [ImageRig().image(runtime) for runtime in ("provided.al2023", "python3.11")]

    done = command("runtimes", "build", "--missing", "provided.al2023", "ruby4.0", "python3.11", folder=tmp_path)

    assert done.stdout.splitlines() == names
    assert done.stderr.endswith(f"Error: 1 of 3 images could not be built:\nruby4.0: {WAYS}\n")
    assert done.returncode == 1


def test_all_that_cannot_be_built_is_told_at_the_end(tmp_path: Path) -> None:
    if Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine can run arm64 programs")
    for_arm64 = ("--architecture", "arm64")
    listed = command("runtimes", "list", "--json", *for_arm64, folder=tmp_path).stdout.splitlines()
    buildable = sorted(one["runtime"] for one in map(json.loads, listed) if one["buildable"])

    done = command("runtimes", "build", "--all", *for_arm64, folder=tmp_path)

    told = done.stderr.partition(f"Error: {len(buildable)} of {len(buildable)} images could not be built:\n")[2]
    assert sorted(re.findall(r"^([\w.]+): this machine cannot run arm64 programs", told, re.MULTILINE)) == buildable
    assert len(buildable) > 10
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.runtimes
def test_whatever_can_be_built_is_built_by_one_command(tmp_path: Path) -> None:
    rig = ImageRig()
    for status in rig.images().status("x86_64"):
        if status.buildable:
            rig.image(status.runtime.identifier)

    done = command("runtimes", "build", "--all", "--missing", folder=tmp_path)

    listed = command("runtimes", "list", "--json", folder=tmp_path).stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(one["image"] for one in map(json.loads, listed) if one["image"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build",), "Name runtimes, or say --all."),
        (("build", "--all", "python3.11"), "Name runtimes, or say --all."),
        (("export", "file"), "Name runtimes, or say --all."),
        (("build", "python3.11", "cobol"), "there is no runtime 'cobol'; `lambda-emu runtimes list` shows those"),
        (("build", "nodejs22"), "there is no runtime 'nodejs22'; did you mean 'nodejs22.x'?"),
        (("export", "file", "cobol"), "there is no runtime 'cobol'"),
        (("export", "file", "ruby4.0"), WAYS),
        (("export", "nowhere/file", "provided.al2023"), "nowhere/file could not be written: No such file or directory"),
        (("import", "file"), "file could not be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_exits_with_2_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = command("runtimes", *arguments, folder=tmp_path)

    assert said in done.stderr
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])


def test_whoever_asks_for_a_runtime_that_cannot_be_had_is_told_the_same(tmp_path: Path) -> None:
    awss = {"ruby4.0": "ruby:4.0", "ruby3.2": "ruby:3.2", "python3.8": "python:3.8", "dotnet6": "dotnet:6"}
    missing = {name: image for name, image in awss.items() if ImageRig().images().find(name, "x86_64") is None}
    if not missing:
        pytest.skip("AWS's images of all of them are here")

    with own_emulator(tmp_path, "docker", pull_images=False) as lam:
        for runtime, image in missing.items():
            name = re.sub(r"\W", "-", runtime)
            lam.create(name, {"app.rb": ""}, Runtime=runtime, Handler="app.handler")
            state = lam.client.get_function_configuration(FunctionName=name)["State"]
            with pytest.raises(ClientError) as refused:
                lam.invoke(name)

            ways = WAYS.replace("ruby4.0", runtime).replace("ruby:4.0", image)
            assert state == "Active"
            assert refused.value.response["Error"]["Message"].endswith(ways)


def test_who_invokes_without_a_server_is_told_what_is_done_for_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ImageRig().images().find("ruby4.0", "x86_64") is not None:
        pytest.skip("AWS's image of it is here")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # so that nothing is pulled
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.rb").touch()
    (tmp_path / "lambda-emu.yaml").write_text("functions: {f: {runtime: ruby4.0, handler: app.handler, code: code}}\n")

    done = command("invoke", "f", folder=tmp_path)

    assert done.stderr.startswith("ruby4.0: asking AWS's registry for public.ecr.aws/lambda/ruby:4.0\n")
    assert done.returncode == 2


def test_a_runtime_without_an_image_is_listed_with_the_ways_to_one(tmp_path: Path) -> None:
    done = command("runtimes", "list", folder=tmp_path)

    way = "not there; docker pull public.ecr.aws/lambda/ruby:4.0, or lambda-emu runtimes import"
    assert re.search(rf"^ruby4\.0 +supported +{re.escape(way)}$", done.stdout, re.MULTILINE)
