"""Code that is none, code that comes while other code comes, functions that are not ready.

docs/contract/api.md#texts.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import ROLE, Lam, zipped
from own import EITHER_ENGINE, own_emulator

from lambda_emu.cli.client import Server
from lambda_emu.cli.options import NotDone

ECHO = "def handler(event, context): return event\n"
UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_MANY_FOLDERS = "Unzipped, the code has more than 10000 folders; lambda-emu takes no more"
TOO_LARGE = "Unzipped size must be smaller than 262144000 bytes"


def linked(name: str, target: str) -> bytes:
    """A zip of a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, target)
    return buffer.getvalue()


def folders(number: int) -> bytes:
    """A zip of empty folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in range(number):
            archive.writestr(f"{name}/", b"")
    return buffer.getvalue()


def bomb() -> bytes:
    """300 MB of zeros in 300 KB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in range(6):
            archive.writestr(f"part-{part}", bytes(50 << 20))
    return buffer.getvalue()


@pytest.fixture
def bystander(lam: Lam) -> Iterator[Lam]:
    """A function that is served before the test and after it, by the same environment."""
    lam.create("bystander", ECHO)
    assert lam.invoke("bystander", 1).payload == 1
    yield lam
    assert lam.invoke("bystander", 2).payload == 2
    assert [info.invocations for info in lam.environments("bystander")] == [2]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param(b"no zip at all", UNREADABLE, id="no zip"),
        pytest.param(zipped({"app.py": ECHO})[:-10], UNREADABLE, id="cut off"),
        pytest.param(zipped({"app.py": ECHO}).replace(b"event", b"evens", 1), UNREADABLE, id="changed on the way"),
        pytest.param(zipped({"../../app.py": ECHO}), UNREADABLE, id="above its folder"),
        pytest.param(zipped({"/app.py": ECHO}), UNREADABLE, id="absolute"),
        pytest.param(folders(10_001), TOO_MANY_FOLDERS, id="folders without number"),
        pytest.param(linked("link", "../../../x"), UNREADABLE, id="link above its folder"),
        pytest.param(bomb(), TOO_LARGE, id="bomb"),
    ],
)
@EITHER_ENGINE
def test_code_that_cannot_be_used_makes_and_changes_nothing(bystander: Lam, code: bytes, says: str) -> None:
    with pytest.raises(ClientError) as refused:
        bystander.client.create_function(
            FunctionName="bad", Runtime="python3.11", Handler="app.handler", Role=ROLE, Code={"ZipFile": code}
        )
    with pytest.raises(ClientError) as update_refused:
        bystander.client.update_function_code(FunctionName="bystander", ZipFile=code)

    for error in (refused.value.response["Error"], update_refused.value.response["Error"]):
        assert (error["Code"], error["Message"]) == ("InvalidParameterValueException", says)
    with pytest.raises(bystander.client.exceptions.ResourceNotFoundException):
        bystander.client.get_function(FunctionName="bad")


def attempt(call: Callable[[], Any]) -> Any:
    """What the call returns, or the code of its error."""
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(attempt, calls))


def versions(count: int) -> list[bytes]:
    return [zipped({"app.py": f"def handler(event, context): return {n}\n"}) for n in range(count)]


@EITHER_ENGINE
def test_of_many_writers_each_succeeds_whole_or_is_told_to_wait(lam: Lam) -> None:
    lam.create("shared", ECHO)
    update = lam.client.update_function_code

    answers = together([partial(update, FunctionName="shared", ZipFile=code) for code in versions(8)])

    taken = {answer["CodeSha256"]: n for n, answer in enumerate(answers) if isinstance(answer, dict)}
    assert taken
    assert {answer for answer in answers if isinstance(answer, str)} <= {"ResourceConflictException"}
    lam.wait_until_active("shared")
    found = lam.client.get_function_configuration(FunctionName="shared")
    assert found["LastUpdateStatus"] == "Successful"
    assert lam.invoke("shared").payload == taken[found["CodeSha256"]]


@EITHER_ENGINE
def test_of_writers_who_have_read_the_same_revision_one_succeeds(lam: Lam) -> None:
    lam.create("shared", ECHO)
    seen = lam.client.get_function_configuration(FunctionName="shared")["RevisionId"]
    update = lam.client.update_function_code

    answers = together([partial(update, FunctionName="shared", ZipFile=code, RevisionId=seen) for code in versions(6)])

    assert sum(isinstance(answer, dict) for answer in answers) == 1
    refused = {answer for answer in answers if isinstance(answer, str)}
    assert refused <= {"PreconditionFailedException", "ResourceConflictException"}


@EITHER_ENGINE
def test_one_of_two_who_create_the_same_function_is_told(lam: Lam) -> None:
    answers = together([lambda: lam.create("shared", ECHO, wait=False)] * 4)

    assert sorted(answers) == ["ResourceConflictException"] * 3 + ["shared"]


def test_a_function_that_is_not_ready_says_its_state_or_why_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `node` is one that starts when the test lets it, and is of another version, which is not to be used."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "node").write_text(f"#!/bin/sh\ncat {gate}\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    busy = "The operation cannot be performed at this time. The function is currently in the following state: "

    with own_emulator(tmp_path, "process", strict_runtimes=True) as lam:
        lam.create("node", {"index.mjs": ""}, wait=False, Runtime="nodejs24.x", Handler="index.handler")
        for kind in ("RequestResponse", "Event", "DryRun"):
            with pytest.raises(ClientError) as pending:
                lam.invoke("node", InvocationType=kind)
            assert pending.value.response["Error"] == {"Code": "ResourceConflictException", "Message": busy + "Pending"}

        gate.write_text("v1.2.3 /usr/bin/node\n")

        lam.wait_until_active("node")
        reason = lam.client.get_function_configuration(FunctionName="node")["StateReason"]
        assert "Node.js 1.2.3" in reason
        for kind in ("RequestResponse", "Event", "DryRun"):
            with pytest.raises(ClientError) as failed:
                lam.invoke("node", InvocationType=kind)
            assert failed.value.response["Error"]["Message"] == f"{busy}Failed. {reason}"
        with pytest.raises(NotDone, match=re.escape("Node.js 1.2.3")):  # what `lambda-emu invoke` prints
            Server(lam.emulator.url).invoke("node", b"{}")
