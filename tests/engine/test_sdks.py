"""AWS's own SDKs, told one address and nothing else, call Lambda, SQS, S3 and DynamoDB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from own import OwnLam, own_emulator
from packages import kept, node_loop, run, sdk_for_javascript

PROGRAMS = Path(__file__).parent / "sdks"
ECHO = "def handler(event, context):\n    return {'heard': event}\n"
FOUND = {"s3": "photo", "sqs": "message", "dynamodb": "item", "lambda": {"heard": "event"}}
CLIENTS = ("s3", "sqs", "dynamodb", "lambda")
PYTHON = """
import boto3, json
def calls(name):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a b/ü", Body=b"photo")
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="message")
    tables = boto3.client("dynamodb")
    tables.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )
    tables.put_item(TableName=name, Item={"k": {"S": "item"}})
    invoked = boto3.client("lambda").invoke(FunctionName="echo", Payload=b'"event"')
    return {
        "s3": s3.get_object(Bucket=name, Key="a b/ü")["Body"].read().decode(),
        "sqs": sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"],
        "dynamodb": tables.get_item(TableName=name, Key={"k": {"S": "item"}})["Item"]["k"]["S"],
        "lambda": json.load(invoked["Payload"]),
    }
"""


@pytest.fixture(scope="module", params=[pytest.param("docker", marks=pytest.mark.docker), "process"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sdks"), request.param, stems=0, pull_images=False) as lam:
        lam.create("echo", ECHO)
        yield lam


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """For programs of this machine."""
    with own_emulator(tmp_path_factory.mktemp("outside"), "process", stems=0) as lam:
        lam.create("echo", ECHO)
        yield lam


def program(lam: OwnLam, *command: str | Path, folder: Path, url: str | None = None) -> Any:
    """What a program prints that knows AWS_ENDPOINT_URL, a region and some key. url: by which it gets there."""
    given = {
        "AWS_ENDPOINT_URL": url or lam.emulator.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=given, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_python_inside_is_told_nothing(shared: OwnLam) -> None:
    code = PYTHON + "def handler(event, context):\n    return calls('python')\n"
    shared.create("python", code, MemorySize=1769, Timeout=120)

    assert shared.invoke("python").payload == FOUND


@pytest.mark.slow
def test_node_inside_is_told_nothing_but_a_queues_address_outside(
    shared: OwnLam, request: pytest.FixtureRequest
) -> None:
    is_image = shared.emulator.engine.abilities.name == "docker"
    queue = f"{shared.emulator.url}/{shared.emulator.scope.account}/node"
    code: dict[str, str | bytes] = {
        "calls.js": (PROGRAMS / "calls.js").read_bytes(),
        "bootstrap": node_loop("./calls.js"),
        **sdk_for_javascript(request.config, *CLIENTS),
    }
    shared.create(
        "node", code, Runtime="nodejs24.x" if is_image else "provided.al2023", Handler="calls.handler",
        Environment={"Variables": {"QUEUE_URL": queue}}, MemorySize=1769, Timeout=120,
    )  # fmt: skip

    answer = shared.invoke("node")

    assert (answer.error, answer.payload) == (None, FOUND)


@pytest.mark.slow
def test_python_outside(outside: OwnLam, tmp_path: Path) -> None:
    import boto3

    packages = str(Path(boto3.__file__).parents[1])
    source = f"import sys; sys.path.append({packages!r})\n{PYTHON}\nprint(json.dumps(calls('python')))"

    assert program(outside, shutil.which("python3") or "python3", "-c", source, folder=tmp_path) == FOUND


@pytest.mark.slow
def test_node_outside(outside: OwnLam, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for name, content in sdk_for_javascript(request.config, *CLIENTS).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    shutil.copy(PROGRAMS / "calls.js", tmp_path)

    assert program(outside, "node", "calls.js", folder=tmp_path) == FOUND


@pytest.mark.slow
def test_go_outside(outside: OwnLam, request: pytest.FixtureRequest) -> None:
    folder = kept(request.config, "go-sdk")
    shutil.copy(PROGRAMS / "main.go", folder)
    shutil.copy(PROGRAMS / "go.mod.txt", folder / "go.mod")
    run(["go", "mod", "tidy"], folder)
    run(["go", "build", "-o", "calls"], folder)

    assert program(outside, folder / "calls", folder=folder) == FOUND


@pytest.mark.slow
def test_java_outside(outside: OwnLam, request: pytest.FixtureRequest) -> None:
    """Signed chunks, CBOR and hosts that are resolved: Java's does all of them."""
    folder = kept(request.config, "java-sdk")
    for name in ("pom.xml", "Calls.java"):
        shutil.copy(PROGRAMS / name, folder)
    if not (folder / "whole").exists():
        run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], folder)
        (folder / "whole").touch()

    found = program(outside, "java", "-cp", "lib/*", "Calls.java", folder=folder)

    assert found == FOUND | {"cloudwatch": "calls"}
