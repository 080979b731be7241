"""A runtime as a bare process of the host: an image's files, without a container, and nobody between it and the event.

`HostProcess` is the side of the benchmark; this module run as a program is the other one, in mounts of its own: for
each line it is sent it starts the runtime, answers with the milliseconds to the function's answer, and ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.engine import LABEL, docker
from benchmarks.languages import ANSWER, EVENT, Files
from lambda_emu.runtimes import catalogue

MEMORY_MB = 1769
ANSWER_LIMIT_S = 60.0
MOUNT = """
for folder in proc dev; do mount --rbind "/$folder" "$1/$folder"; done
shift
exec "$@"
"""
"""Java finds itself by /proc."""


class HostProcess:
    """One function's runtime, started anew for each event."""

    def __init__(self, launcher: subprocess.Popen[str]) -> None:
        self._launcher = launcher

    def first_ms(self) -> float:
        """Milliseconds from the start of the process to the function's answer. RuntimeError if there was none."""
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        self._launcher.stdin.write("\n")
        self._launcher.stdin.flush()
        line = self._launcher.stdout.readline()
        if not line:
            raise RuntimeError("the runtime did not answer as a process of the host")
        return float(line)


@contextmanager
def host_process(image: str, handler: str, files: Files, runtime: str) -> Iterator[HostProcess]:
    """Of an image's runtime with a function's code. As root, or where users may have namespaces."""
    with tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as folder:
        root = Path(folder, "root")
        _export(image, root)
        for name, content in files.items():
            path = root / "var/task" / name
            path.write_bytes(content)
            path.chmod(0o755)
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        inside = ["unshare", "--mount", *as_root, "sh", "-ec", MOUNT, "sh", str(root)]
        us = [sys.executable, "-m", "benchmarks.host", str(root), handler, runtime]
        with subprocess.Popen([*inside, *us], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher:
            try:
                yield HostProcess(launcher)
            finally:
                assert launcher.stdin is not None
                launcher.stdin.close()  # which ends it


def _export(image: str, root: Path) -> None:
    """An image's files."""
    root.mkdir()
    container = docker("create", "--label", f"{LABEL}={os.getpid()}", image, "true")
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as exported:
            subprocess.run(["tar", "--extract", "--directory", str(root)], stdin=exported.stdout, check=True)
    finally:
        docker("rm", container)


def main(root: str, handler: str, runtime: str) -> None:
    for _ in sys.stdin:
        with socket.create_server(("127.0.0.1", 0)) as listener:  # a new one, which nothing of the last start asks
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            took_ms = _first_ms(listener, root, _environment(handler, runtime, address))
        print(took_ms, flush=True)


def _environment(handler: str, runtime: str, address: str) -> Mapping[str, str]:
    """What of Lambda's variables runtimes look at, and the language's own."""
    found = catalogue().get(runtime)
    assert found is not None
    return {
        **found.environment,
        "_HANDLER": handler,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": found.execution_env or "",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_NAME": "host",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/host",
        "AWS_LAMBDA_LOG_STREAM_NAME": "host",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": "us-east-1",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }


def _first_ms(listener: socket.socket, root: str, environment: Mapping[str, str]) -> float:
    with tempfile.TemporaryFile() as output:
        begun_s = time.perf_counter()
        started = subprocess.Popen(
            ["/var/runtime/bootstrap"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=partial(_enter, root),  # noqa: PLW1509 - this process has one thread
        )
        try:
            answered_s = _answered_s(listener)
        except OSError as error:
            output.seek(0)
            raise RuntimeError(output.read().decode(errors="replace")) from error
        finally:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        return (answered_s - begun_s) * 1000


def _enter(root: str) -> None:
    os.chroot(root)
    os.chdir("/var/task")


def _answered_s(listener: socket.socket) -> float:
    """Serve the Runtime API until the function has answered; the time when all of its answer was there."""
    with contextlib.ExitStack() as undo:
        connections: list[socket.socket] = []
        while True:
            readable, _, _ = select.select([listener, *connections], [], [], ANSWER_LIMIT_S)
            if not readable:
                raise TimeoutError
            for one in readable:
                if one is listener:
                    connections.append(undo.enter_context(listener.accept()[0]))
                    continue
                request = _request(one)
                if request is None:
                    connections.remove(one)
                elif request.startswith(b"GET "):
                    one.sendall(_event())
                else:
                    answered_s = time.perf_counter()
                    _check(request)
                    return answered_s


def _request(connection: socket.socket) -> bytes | None:
    """All of a request; None where the other side has gone."""
    received = b""
    while not _is_whole(received):
        if not (data := connection.recv(65536)):
            return None
        received += data
    return received


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    if not end or head.startswith(b"GET "):
        return bool(end)
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")  # in chunks


def _event() -> bytes:
    head = [
        "HTTP/1.1 200 OK",
        "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 30_000}",
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:host",
        "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        "Content-Type: application/json",
        f"Content-Length: {len(EVENT)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + EVENT


def _check(request: bytes) -> None:
    """OSError unless it is the function's answer."""
    head, _, body = request.partition(b"\r\n\r\n")
    answer = body[body.find(b"{") : body.rfind(b"}") + 1]
    if b"/response " not in head.partition(b"\r\n")[0] or json.loads(answer) != ANSWER:
        raise OSError(request.decode(errors="replace"))


if __name__ == "__main__":
    main(*sys.argv[1:])
