"""Where `lambda-emu serve` keeps things: never among somebody's files, and not longer than it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from own import ENGINES, served

FOREIGN = {"main.py": "print()", ".gitignore": "node_modules\n", "run/keep": "1", "spool/keep": "2", "logs.db": "3"}


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of somebody's, with names that we use as well."""
    folder = tmp_path / "theirs"
    for name, text in FOREIGN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made, by us and by the commands that are run."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    monkeypatch.setattr(tempfile, "tempdir", None)


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    return subprocess.run(
        line, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("by", ["option", "variable", "file"])
def test_serve_refuses_a_data_folder_with_other_content_whoever_named_it(tmp_path: Path, theirs: Path, by: str) -> None:
    options, variables = ["--data-dir", str(theirs)] if by == "option" else [], {}
    if by == "variable":
        variables["LAMBDA_EMU_DATA_DIR"] = str(theirs)
    if by == "file":
        (tmp_path / "lambda-emu.yaml").write_text("settings: {data_dir: theirs}")

    done = command(tmp_path, "serve", "--port", "0", "--engine", "process", *options, **variables)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{theirs} holds other files" in done.stderr
    assert "Name a new or an empty folder" in done.stderr
    assert {str(path.relative_to(theirs)): path.read_text() for path in theirs.rglob("*") if path.is_file()} == FOREIGN


@pytest.mark.docker
def test_no_image_is_built_in_a_cache_folder_with_other_content(tmp_path: Path, theirs: Path) -> None:
    done = command(tmp_path, "runtimes", "build", "python3.11", LAMBDA_EMU_CACHE_DIR=str(theirs))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{theirs} holds other files" in done.stderr
    assert "--cache-dir, LAMBDA_EMU_CACHE_DIR or `cache_dir`" in done.stderr
    assert {str(path.relative_to(theirs)): path.read_text() for path in theirs.rglob("*") if path.is_file()} == FOREIGN


def test_doctor_says_that_a_data_folder_is_somebody_elses(tmp_path: Path, theirs: Path) -> None:
    done = command(tmp_path, "doctor", "--json", "--data-dir", str(theirs))

    findings = {finding["check"]: finding for finding in map(json.loads, done.stdout.splitlines())}
    assert findings["data directory"]["verdict"] == "failure"
    assert "holds other files" in findings["data directory"]["text"]
    assert sorted(path.name for path in theirs.iterdir()) == sorted({name.partition("/")[0] for name in FOREIGN})


@pytest.mark.parametrize("data_dir", [".lambda-emu", "to/be/made"])
def test_doctor_leaves_no_folder_where_it_looked(tmp_path: Path, data_dir: str) -> None:
    none = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}

    done = command(tmp_path, "doctor", "--json", "--data-dir", data_dir, **none)

    findings = {finding["check"]: finding for finding in map(json.loads, done.stdout.splitlines())}
    assert findings["data directory"]["verdict"] == "ok"
    assert findings["data directory"]["text"] == f"{tmp_path / data_dir} can be made"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("serve", "--port", "0", "--engine", "docker"), "; start it, or run functions as processes: --engine process"),
        (("prune",), ""),
    ],
)
def test_an_engine_that_is_not_there_is_named_with_its_address(
    tmp_path: Path, arguments: tuple[str, ...], advice: str
) -> None:
    done = command(tmp_path, *arguments, DOCKER_HOST="unix:///nowhere/docker.sock")

    said = "connecting to Docker at unix:///nowhere/docker.sock: the Docker engine does not answer: "
    assert f"{said}No such file or directory{advice}\n" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1"])
def test_a_host_that_is_not_this_machines_is_named(tmp_path: Path, host: str) -> None:
    done = command(tmp_path, "serve", "--host", host, "--port", "9001", "--engine", "process")

    assert f"Error: {host}:9001 is no address of this machine (" in done.stderr
    assert "choose another --host" in done.stderr
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize("engine", ENGINES)
def test_an_ephemeral_folder_goes_with_its_server(tmp_path: Path, temporary: Path, engine: str) -> None:
    with served(tmp_path, engine, "--ephemeral") as lam:
        assert len(list(temporary.iterdir())) == 1

        assert lam.end(signal.SIGTERM) == 0

    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("who", ["prune", "the next start"])
@pytest.mark.usefixtures("nobody_else_prunes")
def test_what_a_killed_ephemeral_server_left_is_removed_and_nothing_else(
    tmp_path: Path, temporary: Path, who: str
) -> None:
    others = [temporary / name for name in ("lambda-emu-of-a-user", "lambda-emu-0")]
    for other in others:
        other.mkdir()
        (other / "file").touch()
    with served(tmp_path, "process", "--ephemeral") as live:
        with served(tmp_path, "process", "--ephemeral") as dead:
            before = set(temporary.iterdir())
            dead.process.kill()
            dead.process.wait()
        after_kill = set(temporary.iterdir())

        if who == "prune":
            pruned = command(tmp_path, "prune", "--json")
        else:
            with served(tmp_path, "process", "--data-dir", str(tmp_path / "data")):
                pass

        left = set(temporary.iterdir())
        assert live.client.list_functions()["Functions"] == []
    assert after_kill == before
    assert len(before - left) == 1
    assert left > set(others)
    if who == "prune":
        told = [json.loads(line) for line in pruned.stdout.splitlines()]
        assert {one["id"] for one in told if one["status"] == "folder"} == {str(path) for path in before - left}
