"""`lambda-emu new`: each project that it makes is served, and does what it says."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from own import served
from packages import kept, needs, run
from waiting import eventually

from lambda_emu.cli.starters import STARTERS, folder_of

GREETERS = (
    ("python", ()),
    ("node", ("npm",)),
    pytest.param("typescript", ("npm",), marks=pytest.mark.runtimes),
    pytest.param("java", ("mvn", "java"), marks=pytest.mark.runtimes),
    pytest.param("go", ("go",), marks=pytest.mark.runtimes),
    pytest.param("rust", ("cargo",), marks=pytest.mark.runtimes),
)
SIZE = (640, 480)
PHOTO = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *SIZE) + b"\x08\x02\x00\x00\x00"


def new(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", "new", *words]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def with_cargo_lambda(folder: Path) -> dict[str, str]:
    """The variables of a machine that has it, without Zig, which pip would bring: this machine's compiler will do."""
    wanted = ["--quiet", "--no-deps", f"--target={folder}", "--upgrade", "cargo-lambda==1.9.2"]
    if not (folder / "bin/cargo-lambda").exists():
        run([sys.executable, "-m", "pip", "install", *wanted], folder)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CARGO_LAMBDA_COMPILER": "cargo"}


def made(folder: Path, kind: str) -> Path:
    done = new(folder, kind, "app")
    assert done.returncode == 0, done.stderr
    assert "Now: lambda-emu serve app" in done.stdout
    return folder / "app"


@pytest.mark.parametrize(("kind", "tools"), GREETERS)
def test_a_function_of_each_language_greets(
    kind: str, tools: tuple[str, ...], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    for tool in tools:
        needs(tool)
    variables = with_cargo_lambda(kept(pytestconfig, "cargo-lambda")) if kind == "rust" else {}

    with served(made(tmp_path, kind), "process", files=None, **variables) as lam:
        invoked = lam.client.invoke(FunctionName="hello", Payload=json.dumps({"name": "Ada"}))
        assert json.loads(invoked["Payload"].read()) == {"greeting": "Hello, Ada"}


def ask(url: str, body: Any = None) -> Any:
    request = Request(url, None if body is None else json.dumps(body).encode(), method="GET" if body is None else "PUT")
    with urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_the_api_keeps_notes(tmp_path: Path) -> None:
    with served(made(tmp_path, "api"), "process") as lam:
        address = lam.said_more("/_lambda-emu/api/").split()[-1].rstrip("/")

        assert ask(f"{address}/notes/1", {"text": "Milk"}) == {"id": "1", "text": "Milk"}
        assert ask(f"{address}/notes") == {"notes": [{"id": "1", "text": "Milk"}]}


def test_the_queue_is_worked_off_and_what_cannot_be_read_stays(tmp_path: Path) -> None:
    with served(made(tmp_path, "queue"), "process") as lam:
        sqs = client_at(lam.url, "sqs")
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        for body in ('{"item": "cup"}', "no order"):
            sqs.send_message(QueueUrl=url, MessageBody=body)

        logs = client_at(lam.url, "logs")
        eventually(lambda: "ordered cup" in str(logs.filter_log_events(logGroupName="/aws/lambda/order")), "the order")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def left() -> int:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return sum(map(int, found.values()))

        eventually(lambda: left() == 1, "one message to be left")


def test_a_photo_that_comes_is_measured(tmp_path: Path) -> None:
    with served(made(tmp_path, "photo"), "process") as lam:
        s3 = client_at(lam.url, "s3")
        s3.put_object(Bucket="photos", Key="my cat.png", Body=PHOTO)

        def keys() -> list[str]:
            return [one["Key"] for one in s3.list_objects_v2(Bucket="sizes").get("Contents", [])]

        eventually(lambda: keys() == ["my cat.png.json"], "what the function writes")
        written = s3.get_object(Bucket="sizes", Key="my cat.png.json")["Body"].read()
        assert json.loads(written) == dict(zip(("width", "height"), SIZE, strict=True))


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "mine.txt").write_text("mine")

    done = new(tmp_path, "python", "app")

    assert (done.returncode, [path.name for path in (tmp_path / "app").iterdir()]) == (2, ["mine.txt"])
    assert "app is not empty; name a new folder: lambda-emu new python FOLDER" in done.stderr
    assert new(tmp_path, "cobol").returncode == 2


def test_each_kind_has_its_files_and_none_is_without_a_kind() -> None:
    there = {path.name for path in folder_of("python").parent.iterdir() if path.is_dir()}

    assert there == {*STARTERS}
