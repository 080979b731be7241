"""Being told to stop: what runs has its grace, and whatever hangs, ten seconds later nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from api_rig import signed
from botocore.exceptions import ClientError
from http2_rig import Client
from lam import ROLE
from own import Served, own_emulator, serve, served
from services_rig import ACCOUNT, sdk
from silence import silent_engine, silent_server
from waiting import eventually

SLEEPER = """
import time
def handler(event, context):
    time.sleep(event["sleep"])
    print("ran", event.get("n"))
    return "done"
"""
STOPPED_WITHIN_S = 10
NUMBERS = (signal.SIGINT, signal.SIGTERM)


def busy(lam: Served) -> bool:
    return [one["state"] for one in lam.environments("sleeper")] == ["BUSY"]


def logged(lam: Served, word: str) -> list[str]:
    """What begins with this word in the function's log, of this life of the server and of earlier ones."""
    events = json.loads(lam.page("logs?function=sleeper&after=0"))["events"]
    return [event["message"].strip() for event in events if event["message"].startswith(word)]


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param("docker", signal.SIGTERM, marks=pytest.mark.docker),
        pytest.param("docker", signal.SIGINT, marks=[pytest.mark.docker, pytest.mark.slow]),
        *(("process", number) for number in NUMBERS),
    ],
)
def test_an_invocation_that_runs_is_answered_and_nobody_else_let_in(engine: str, number: int, tmp_path: Path) -> None:
    with served(tmp_path, engine) as lam, ThreadPoolExecutor() as threads:
        lam.create("sleeper", SLEEPER)
        running = threads.submit(lam.invoke, "sleeper", {"sleep": 2})
        eventually(lambda: busy(lam), "it to run")

        lam.process.send_signal(number)

        eventually(lambda: refused(lam), "others to be refused")
        assert running.result().payload == "done"
        assert lam.process.wait(STOPPED_WITHIN_S) == 0


def refused(lam: Served) -> bool:
    try:
        urlopen(f"{lam.url}/_lambda-emu/health", timeout=5).close()
    except OSError:
        return True
    return False


def test_an_event_that_runs_is_settled_and_does_not_run_again(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        lam.create("sleeper", SLEEPER)
        lam.invoke("sleeper", {"sleep": 2, "n": 1}, InvocationType="Event", LogType="None")
        eventually(lambda: busy(lam), "it to run")
        assert lam.end(signal.SIGTERM) == 0

    with served(tmp_path, "process") as lam:
        assert lam.invoke("sleeper", {"sleep": 0, "n": 2}).payload == "done"
        eventually(lambda: "ran 2" in logged(lam, "ran"), "the log")
        assert logged(lam, "ran") == ["ran 1", "ran 2"]
        eventually(lambda: len(logged(lam, "REPORT")) == 2, "a report of each")


def test_the_end_of_a_block_is_as_patient(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        with own_emulator(tmp_path, "process", grace_s=30) as lam:
            lam.create("sleeper", SLEEPER)
            running = threads.submit(lam.invoke, "sleeper", {"sleep": 1})
            eventually(lambda: [one.state for one in lam.environments("sleeper")] == ["BUSY"], "it to run")

        assert running.result().payload == "done"


def told_to_stop(lam: Served, *arguments: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as told:
        lam.invoke(*arguments, **parameters)
    return str(told.value.response["Error"]["Code"])


def test_what_runs_longer_than_the_grace_is_told(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--grace-s", "1") as lam, ThreadPoolExecutor() as threads:
        lam.create("sleeper", SLEEPER, Timeout=900)
        running = threads.submit(told_to_stop, lam, "sleeper", {"sleep": 600})
        eventually(lambda: busy(lam), "it to run")

        assert lam.end(signal.SIGTERM) == 0
        assert running.result() == "ServiceException"


def test_a_second_signal_ends_the_grace(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--grace-s", "900") as lam, ThreadPoolExecutor() as threads:
        lam.create("sleeper", SLEEPER, Timeout=900)
        running = threads.submit(told_to_stop, lam, "sleeper", {"sleep": 600})
        eventually(lambda: busy(lam), "it to run")
        lam.process.send_signal(signal.SIGTERM)
        eventually(lambda: refused(lam), "the first to be heard")

        assert lam.end(signal.SIGTERM) == 0
        assert running.result() == "ServiceException"


def test_an_invocation_without_a_server_ends_too_and_leaves_nothing(tmp_path: Path) -> None:
    folder, made = tmp_path / "sleeper", tmp_path / "made"
    folder.mkdir()
    made.mkdir()
    (folder / "app.py").write_text(SLEEPER)
    line = [sys.executable, "-m", "lambda_emu", "invoke", str(folder), '{"sleep": 600}', "--engine", "process"]
    process = subprocess.Popen(line, env=os.environ | {"TMPDIR": str(made)}, stderr=subprocess.PIPE, text=True)
    with ended(process):
        eventually(lambda: list(made.glob("*/data/run/*")) or process.poll() is not None, "it to begin")

        process.send_signal(signal.SIGTERM)

        assert process.wait(STOPPED_WITHIN_S) == 128 + signal.SIGTERM
        assert list(made.iterdir()) == []


# -- whatever hangs -------------------------------------------------------------------------------


@contextmanager
def with_slow_requests(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Sixteen creations that wait for an S3 which says nothing."""
    with (
        silent_server() as s3,
        served(folder, "process", "--s3-endpoint", s3) as lam,
        ThreadPoolExecutor(16) as threads,
    ):
        code: Any = {"S3Bucket": "code", "S3Key": "k"}
        for number in range(16):
            create: Any = lam.client.create_function
            threads.submit(
                create, FunctionName=f"f-{number}", Code=code, Runtime="python3.11", Handler="a.b", Role=ROLE
            )
        eventually(lambda: s3.asked() >= 16, "all of them to ask")
        yield lam.process


@contextmanager
def with_a_silent_engine(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Docker answered once, and answers nothing from some moment on; a stem and an environment are there."""
    with silent_engine(folder) as engine, served(folder, "docker", DOCKER_HOST=engine.url) as lam:
        lam.create("sleeper", SLEEPER)
        lam.invoke("sleeper", {"sleep": 0})
        engine.fall_silent()
        yield lam.process


@contextmanager
def while_docker_is_looked_for(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """An engine that never said anything."""
    with silent_server() as docker:
        process = serve(folder, "docker", DOCKER_HOST=docker.replace("http", "tcp"))
        with ended(process):
            eventually(lambda: docker.asked() > 0, "it to be asked")
            yield process


@contextmanager
def while_the_project_file_is_read(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """As much of it as is allowed, which takes seconds; and some moment of them."""
    (folder / "lambda-emu.yaml").write_text("settings: {port: 0}\nfunctions: {" + "a: {}, " * 35_000 + "}")
    with ended(serve(folder, "process")) as process:
        eventually(lambda: cpu_s(process) > 0.5 or process.poll() is not None, "it to be read")
        yield process


@contextmanager
def while_code_is_read(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A file of a file system whose owner answers no read: a FIFO would be refused."""
    (folder / "code").mkdir()
    for number in range(40):
        with (folder / "code" / f"data-{number}").open("wb") as file:
            file.truncate(6_000_000)
    (folder / "code" / "app.py").write_text(SLEEPER)
    functions = "".join(
        f"  f{number}: {{runtime: python3.11, handler: app.handler, code: code}}\n" for number in range(100)
    )
    (folder / "lambda-emu.yaml").write_text("functions:\n" + functions)
    with ended(serve(folder, "process")) as process:
        eventually(lambda: list(folder.glob(".lambda-emu/artifacts/.staging-*")), "code to be read")
        yield process


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def cpu_s(process: subprocess.Popen[str]) -> float:
    """What it has used of a processor so far."""
    members = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(members[11]) / 100


Hanging = Callable[[Path], Any]


@pytest.mark.parametrize(
    "hanging",
    [
        with_slow_requests,
        pytest.param(with_a_silent_engine, marks=pytest.mark.docker),
        while_docker_is_looked_for,
        while_the_project_file_is_read,
        while_code_is_read,
    ],
)
def test_it_ends_in_good_order_within_ten_seconds_whatever_hangs(hanging: Hanging, tmp_path: Path) -> None:
    with hanging(tmp_path) as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(STOPPED_WITHIN_S) == 0


HANGS = """
import threading
from lambda_emu.signals import until_told_to_stop, wait_for_signals
class Hangs:
    closing = False
    def hurry(self): pass
    def close(self): threading.Event().wait()
hangs = Hangs()
with until_told_to_stop(hangs, 1):
    try:
        print("serves", flush=True)
        wait_for_signals()
    finally:
        hangs.close()
"""


def test_a_step_that_has_no_limit_ends_with_the_process_and_is_named() -> None:
    line = [sys.executable, "-c", HANGS]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serves\n"

        process.send_signal(signal.SIGTERM)

        _, said = process.communicate(timeout=STOPPED_WITHIN_S)
        assert process.returncode == 1
        assert "in close" in said


@pytest.mark.parametrize("number", NUMBERS)
def test_it_ends_from_the_first_moment_on(number: int, tmp_path: Path) -> None:
    """Whatever it is just doing: at the latest when it has begun to serve."""
    process = serve(tmp_path, "process")
    with ended(process):
        process.send_signal(number)

        assert process.wait(STOPPED_WITHIN_S) in (0, 1, -number)


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_who_is_sent_the_records_of_a_stream_holds_up_no_stop(version: str, tmp_path: Path) -> None:
    """His answer ends as if its time were over."""
    with served(tmp_path, "process") as lam:
        kinesis = sdk(lam, "kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
        consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
        wanted = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}
        if version == "HTTP/1.1":
            events = kinesis.subscribe_to_shard(**wanted)["EventStream"]
        else:
            client = Client(int(lam.url.rpartition(":")[2]))
            headers = [
                ("x-amz-target", "Kinesis_20131202.SubscribeToShard"),
                ("content-type", "application/x-amz-json-1.1"),
                ("authorization", signed(ACCOUNT).replace("/lambda/", "/kinesis/")),
            ]
            number = client.begin("POST", "/", headers)
            client.send(number, json.dumps(wanted).encode(), ends=True)
            while number not in client.status:
                client.receive()

        assert lam.end(signal.SIGTERM) == 0

        if version == "HTTP/1.1":
            assert list(events) == []
        else:
            assert client.answer(number)[0] == "200"
            assert (client.resets, client.goodbye) == ({}, 0)
            client.close()
