"""Code that does not run on Lambda: it fails here as there where it can, and the log says why and what to type."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elf_rig import program
from lam import ROLE, Lam
from own import own_emulator
from packages import kept, run

Eventually = Callable[[Callable[[], Any], str], Any]

SERVE = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while curl -s -D /tmp/head -o /tmp/event $api/next; do
    id=$(tr -d '\\r' </tmp/head | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
    "$LAMBDA_TASK_ROOT/bin/tool" | curl -s -o /dev/null --data-binary @- $api/$id/response
done
"""
NEWER = """
#include <stdio.h>
#include <stdlib.h>
int main(void) { printf("%d", arc4random_uniform(1)); return 0; }
"""
"""Whose function came with glibc 2.36."""
MACOS = b"\xcf\xfa\xed\xfe" + bytes(60)


def compiled(config: pytest.Config) -> bytes:
    folder = kept(config, "newer")
    (folder / "tool.c").write_text(NEWER)
    run(["gcc", "-O1", "-s", "-o", "tool", "tool.c"], folder)
    return (folder / "tool").read_bytes()


def create(lam: Lam, name: str, bootstrap: bytes, mode: int = 0o755) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = (0o100000 | mode) << 16
        archive.writestr(entry, bootstrap)
    lam.client.create_function(
        FunctionName=name, Code={"ZipFile": buffer.getvalue()}, Runtime="provided.al2023", Handler="any", Role=ROLE
    )
    lam._names.append(name)
    lam.wait_until_active(name)


@pytest.mark.parametrize(
    ("bootstrap", "mode", "error", "says"),
    [
        (MACOS, 0o755, "exec format error", "is a program for macOS: build it for Linux (GOOS=linux GOARCH=amd64"),
        (b"#!/bin/sh\n", 0o644, "permission denied", "may not be executed: chmod +x bootstrap"),
        (b"#!/bin/sh\r\n", 0o755, "no such file or directory", "dos2unix bootstrap"),
        (program(loader="/lib/ld-musl-x86_64.so.1"), 0o755, "no such file or directory", "link it statically"),
    ],
)
def test_a_bootstrap_that_cannot_be_executed_fails_as_on_lambda_and_the_log_says_what_to_type(
    lam: Lam,
    caplog: pytest.LogCaptureFixture,
    eventually: Eventually,
    bootstrap: bytes,
    mode: int,
    error: str,
    says: str,
) -> None:
    create(lam, "wrong", bootstrap, mode)

    answer = lam.invoke("wrong")

    assert answer.payload == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: {answer.request_id} Error: fork/exec /var/task/bootstrap: {error}",
    }
    eventually(lambda: "wrong: /var/task/bootstrap " in caplog.text, says)
    assert says in caplog.text


def test_a_program_for_another_architecture_is_told_with_what_to_type(
    lam: Lam, caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    create(lam, "foreign", program(architecture="arm64"))

    eventually(lambda: "foreign: /var/task/bootstrap is a program for arm64" in caplog.text, "the words for it")
    assert "GOARCH=amd64" in caplog.text
    assert "or set the function's Architectures to arm64" in caplog.text


def test_code_that_runs_here_and_needs_a_newer_glibc_than_lambda_has_is_told_once_for_each_code(
    lam: Lam, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    files: dict[str, str | bytes] = {"bootstrap": SERVE, "bin/tool": compiled(request.config)}
    told = "newer: /var/task/bin/tool needs GLIBC_2.36, and provided.al2023 has 2.34 on Lambda"

    lam.create("newer", files, Runtime="provided.al2023", Handler="any")
    lam.update("newer", Description="the same code")

    assert lam.invoke("newer").payload == 0
    eventually(lambda: told in caplog.text, "the words for it")
    lam.create("after", {"bootstrap": SERVE, "tool": program(architecture="arm64")}, Runtime="provided.al2023")
    eventually(lambda: "after: /var/task/tool is for arm64" in caplog.text, "the words for what came later")
    assert caplog.text.count(told) == 1


def test_code_of_a_project_and_a_layer_is_looked_at_when_it_is_served(
    tmp_path: Path,
    lam: Lam,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    eventually: Eventually,
) -> None:
    for name, content in (("code/bootstrap", SERVE.encode()), ("layer/bin/tool", compiled(request.config))):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "lambda-emu.yaml").write_text(
        "functions: {served: {runtime: provided.al2, handler: any, code: code, layers: [layer]}}"
    )

    with own_emulator(tmp_path, lam.emulator.settings.engine, pull_images=False):
        eventually(lambda: "served: /opt/bin/tool needs GLIBC_2.36, and provided.al2 has 2.26" in caplog.text, "words")
