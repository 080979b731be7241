"""`network: none` without Docker: each environment has a network of its own, in which there is nobody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from inside import probe
from own import OwnLam, own_emulator
from process_rig import ISOLATIONS, Bench

REACH = """
    import socket
    result = []
    for address in {addresses}:
        try:
            result.append(socket.create_connection(tuple(address), 5).getpeername()[1])
        except OSError as error:
            result.append(type(error).__name__ if error.errno is None else __import__("errno").errorcode[error.errno])
"""
CODE = {"app.py": "import os, socket\ndef handler(event, context):\n    return eval(event)\n"}


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("own"), "process", network="none") as lam:
        yield lam


def test_the_machine_its_emulator_and_the_world_are_out_of_reach(lam: OwnLam) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        addresses = [list(server.getsockname()), ["127.0.0.1", urlsplit(lam.emulator.url).port], ["192.0.2.1", 80]]
        found = probe(lam, "reaching", Timeout=30).run(REACH.format(addresses=addresses))

    assert found == ["ECONNREFUSED", "ECONNREFUSED", "ENETUNREACH"]


def test_environments_do_not_reach_each_other_by_the_same_address(lam: OwnLam) -> None:
    server, client = probe(lam, "server"), probe(lam, "client")
    own = server.run("import socket; kept = socket.create_server(('127.0.0.1', 8080)); result = kept.getsockname()")

    assert own == ["127.0.0.1", 8080]
    assert client.run(REACH.format(addresses=[own])) == ["ECONNREFUSED"]
    assert server.run(REACH.format(addresses=[own])) == [8080]


def test_the_runtime_api_is_where_it_is_on_lambda_and_functions_call_functions(lam: OwnLam) -> None:
    lam.create("echo", "def handler(event, context):\n    return {'heard': event}\n")
    inside = probe(lam, "calling", MemorySize=1769, Timeout=60)

    found = inside.run("""
        import boto3, json, os
        heard = json.load(boto3.client("lambda").invoke(FunctionName="echo", Payload=b"1")["Payload"])
        result = [os.environ["AWS_LAMBDA_RUNTIME_API"], heard]
    """)

    assert found == ["127.0.0.1:9001", {"heard": 1}]


@pytest.mark.parametrize("isolation", [isolation for isolation in ISOLATIONS if isolation != "none"])
def test_it_can_be_had_by_root_and_by_others(isolation: str, tmp_path: Path) -> None:
    bench = Bench(isolation, tmp_path, own_network=True)
    try:
        loaded = bench.sandbox(CODE)
        interfaces = bench.invoke(loaded, "app.handler", "[name for _, name in socket.if_nameindex()]")
        assert loaded.sandbox.runtime_api == "127.0.0.1:9001"
        assert interfaces == ["lo"]
        assert bench.engine.abilities.isolates_network
    finally:
        bench.close()


def test_where_it_cannot_be_had_that_is_said(tmp_path: Path) -> None:
    """Here by a kernel that gives no more user namespaces."""
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return event\n")
    emulator = f"{Path(sys.executable).with_name('lambda-emu')} invoke {tmp_path} 1 --engine process"
    refuse = "echo 0 >/proc/sys/user/max_user_namespaces"

    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", f"{refuse} && exec {emulator}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "LAMBDA_EMU_NETWORK": "none"},
    )

    assert done.stdout.strip() == "1", done.stderr
    assert "this machine gives us no namespaces" in done.stderr
    assert "functions share this machine's network" in done.stderr
