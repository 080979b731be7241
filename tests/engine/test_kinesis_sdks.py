"""AWS's own SDKs, told one address and nothing else, put to Kinesis, read it and are sent its records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from socket import create_connection
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from own import OwnLam, own_emulator
from packages import kept, node_loop, run, sdk_for_javascript
from test_sdks import program

from lambda_emu.http.http2.preface import PREFACE

PROGRAMS = Path(__file__).parent / "sdks" / "kinesis"
FOUND = {"read": ["a", "b", "c"], "pushed": ["d", "e"], "refused": "ResourceNotFoundException"}
PYTHON = """
import boto3
def calls(name):
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    shard = "shardId-000000000000"
    def put(*texts):
        for text in texts:
            kinesis.put_record(StreamName=name, Data=text.encode(), PartitionKey="k")
    def texts(records):
        return [record["Data"].decode() for record in records]
    put("a", "b", "c")
    start = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    read = texts(kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"])
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    wanted = {"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": {"Type": "LATEST"}}
    events = kinesis.subscribe_to_shard(**wanted)["EventStream"]
    put("d", "e")
    pushed = []
    for event in events:
        pushed += texts(event["SubscribeToShardEvent"]["Records"])
        if len(pushed) > 1:
            break
    try:
        kinesis.describe_stream(StreamName="absent")
    except kinesis.exceptions.ResourceNotFoundException as error:
        return {"read": read, "pushed": pushed, "refused": error.response["Error"]["Code"]}
"""


@pytest.fixture(scope="module", params=[pytest.param("docker", marks=pytest.mark.docker), "process"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sdks"), request.param, stems=0, pull_images=False) as lam:
        yield lam


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """For programs of this machine."""
    with own_emulator(tmp_path_factory.mktemp("outside"), "process", stems=0) as lam:
        yield lam


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, list[bytes]]]:
    """Another address of a server, and how each connection there began."""
    host, _, port = url.removeprefix("http://").partition(":")
    beginnings: list[bytes] = []

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            first = self.request.recv(65_536)
            beginnings.append(first)
            with create_connection((host, int(port)), 60) as there:
                there.sendall(first)
                other = {self.request: there, there: self.request}
                while ready := select(list(other), [], [], 60)[0]:
                    for side in ready:
                        if not (data := side.recv(65_536)):
                            return
                        other[side].sendall(data)

    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as relay:
        relay.daemon_threads = True
        thread = Thread(target=relay.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{relay.server_address[1]}", beginnings
        finally:
            relay.shutdown()
            thread.join()


def test_python_inside_is_told_nothing(shared: OwnLam) -> None:
    code = PYTHON + "def handler(event, context):\n    return calls('python')\n"
    shared.create("python", code, MemorySize=1769, Timeout=120)

    answer = shared.invoke("python")

    assert (answer.error, answer.payload) == (None, FOUND)


@pytest.mark.slow
def test_node_inside_is_told_nothing(shared: OwnLam, request: pytest.FixtureRequest) -> None:
    is_image = shared.emulator.engine.abilities.name == "docker"
    code: dict[str, str | bytes] = {
        "streams.js": (PROGRAMS / "streams.js").read_bytes(),
        "bootstrap": node_loop("./streams.js"),
        **sdk_for_javascript(request.config, "kinesis"),
    }
    runtime = "nodejs24.x" if is_image else "provided.al2023"
    shared.create("node", code, Runtime=runtime, Handler="streams.handler", MemorySize=1769, Timeout=120)

    answer = shared.invoke("node", {"name": "node"})

    assert (answer.error, answer.payload) == (None, FOUND | {"protocol": "h2"})


def test_node_speaks_http_2_and_nothing_else(outside: OwnLam, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for name, content in sdk_for_javascript(request.config, "kinesis").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    shutil.copy(PROGRAMS / "streams.js", tmp_path)

    assert program(outside, "node", "--no-warnings", "streams.js", folder=tmp_path) == FOUND | {"protocol": "h2"}


@pytest.mark.slow
def test_go_puts_and_reads_records_outside(outside: OwnLam, request: pytest.FixtureRequest) -> None:
    folder = kept(request.config, "go-sdk-kinesis")
    shutil.copy(PROGRAMS / "main.go", folder)
    shutil.copy(PROGRAMS / "go.mod.txt", folder / "go.mod")
    run(["go", "mod", "tidy"], folder)
    run(["go", "build", "-o", "calls"], folder)

    assert program(outside, folder / "calls", folder=folder) == FOUND


@pytest.mark.slow
def test_java_waits_in_cbor_and_is_sent_records_by_http_2(outside: OwnLam, request: pytest.FixtureRequest) -> None:
    """Its other client speaks HTTP/2 for all it asks."""
    folder = kept(request.config, "java-sdk-kinesis")
    for name in ("pom.xml", "Streams.java"):
        shutil.copy(PROGRAMS / name, folder)
    if not (folder / "whole").exists():
        run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"], folder)
        (folder / "whole").touch()

    with relayed(outside.emulator.url) as (url, beginnings):
        found = program(outside, "java", "-cp", "lib/*", "Streams.java", folder=folder, url=url)

    assert {beginning[:5] for beginning in beginnings} == {b"POST ", PREFACE[:5]}
    assert found == {
        "waits": ["a", "b", "c"],
        "async": ["a", "b", "c"],
        "pushed": ["d", "e"],
        "refused": "ResourceNotFoundException",
    }
