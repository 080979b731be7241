"""Another user of this machine finds nothing of ours: no records, logs or code, and nothing by which to be somebody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from init_rig import wait_until
from inside import Inside, probe
from own import ENGINES, OwnLam, own_emulator
from process_rig import Bench

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

NOBODY = 65534
SECRET = "a-secret-that-nobody-else-may-read"
LOOK = """
import json, os, sys
paths, words = json.load(sys.stdin)
read, listed, said = [], [], []
for path in paths:
    try:
        os.listdir(path)
        listed.append(path)
    except NotADirectoryError:
        pass
    except OSError:
        continue
    try:
        with open(path, "rb") as file:
            file.read(1)
        read.append(path)
    except OSError:
        pass
for process in filter(str.isdigit, os.listdir("/proc")):
    for name in ("cmdline", "environ", "mountinfo", "net/unix"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                text = file.read().decode("latin-1")
        except OSError:
            continue
        said += [f"{name}: {text}" for word in words if word in text]
print(json.dumps([read, listed, said]))
"""


@pytest.fixture(params=ENGINES)
def lam(request: pytest.FixtureRequest) -> Iterator[OwnLam]:
    """An emulator whose data folder is where every user gets to, with an environment that has run."""
    folder = Path(tempfile.mkdtemp(prefix="for-everybody-"))
    folder.chmod(0o755)
    before = os.umask(0)
    try:
        with own_emulator(folder, request.param) as lam:
            yield lam
    finally:
        os.umask(before)
        shutil.rmtree(folder)


def looked_at(paths: list[str], words: list[str], user: int = NOBODY) -> tuple[list[str], list[str], list[str]]:
    """What another user could read of these, list of these, and where in /proc it met these words."""
    done = subprocess.run(
        ["/usr/bin/python3", "-c", LOOK], input=json.dumps([paths, words]), user=user, group=user, extra_groups=[],
        cwd="/", env={}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    read, listed, said = json.loads(done.stdout)
    return read, listed, said


def test_another_user_reads_and_lists_nothing_of_ours(lam: OwnLam) -> None:
    inside = probe(lam, Environment={"Variables": {"SECRET": SECRET}})
    inside.run(f"print({SECRET!r})")
    data = lam.emulator.store.folder
    ours = [str(path) for path in (data, *data.rglob("*"))]
    ours += kept_by_docker(lam)

    read, listed, said = looked_at(ours, [SECRET])

    assert len(ours) > 20
    assert (read, listed, said) == ([], [], [])


@pytest.mark.parametrize("lam", ["process"], indirect=True)
def test_a_sandbox_is_nobody_that_this_machine_has_an_account_for(lam: OwnLam) -> None:
    """993 is a service on many a machine: it would read a function's variables, and be who the function seems to be."""
    inside = probe(lam, Environment={"Variables": {"SECRET": SECRET}})
    inside.run("result = 1")

    _, _, said = looked_at([], [SECRET], user=993)

    assert said == []
    assert inside.run("import os\nresult = [os.getuid(), os.getgid()]") == [993, 990]


def test_the_socket_that_an_init_called_is_there_no_more(lam: OwnLam) -> None:
    """So nobody can be the next to call it."""
    probe(lam).run("result = 1")

    folder = lam.emulator.store.folder
    assert any(path.name == "line" for path in folder.rglob("*"))
    wait_until(lambda: not any(path.is_socket() for path in folder.rglob("*")), "a socket that is there still")


def kept_by_docker(lam: OwnLam) -> list[str]:
    """The engine's own files of the environment that ran; nothing without Docker."""
    if lam.emulator.engine.abilities.name != "docker":
        return []
    container = next(str(info.id) for info in lam.describe() if info.function)
    line = ["docker", "inspect", "--format", "{{.HostsPath}}", container]
    hosts = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    assert "host.docker.internal" in Path(hosts).read_text()
    return [hosts, *map(str, Path(hosts).parent.iterdir())]


@pytest.mark.docker
@pytest.mark.parametrize("lam", ["docker"], indirect=True)
def test_where_an_engine_of_another_user_may_pass_others_still_find_nothing(lam: OwnLam) -> None:
    """As it is with Docker's userns-remap: they get to code if they know its path, which is two random names away."""
    probe(lam).run("result = 1")
    data = lam.emulator.store.folder
    data.chmod(0o711)
    ours = [str(path) for path in (data, *data.rglob("*"))]

    read, listed, _ = looked_at(ours, [SECRET])

    mounted = re.compile(re.escape(str(data)) + r"/run/[0-9a-f]{32}/([0-9a-f]{32}/(task|opt)(/.*)?|init-\w+)")
    harmless = [str(data / ".gitignore")]
    assert [path for path in (*read, *listed) if path not in harmless and not mounted.fullmatch(path)] == []


CALL = """
import json, socket, sys
host, port = json.load(sys.stdin)
try:
    with socket.create_connection((host, port), 20) as connection:
        connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        print(connection.recv(1000))
except (ConnectionResetError, BrokenPipeError):
    print(b"")
"""


def answer_to(user: int, address: str) -> str:
    """What a user of this machine is told who asks a Runtime API for an event; nothing if it is hung up on."""
    host, _, port = address.partition(":")
    done = subprocess.run(
        ["/usr/bin/python3", "-c", CALL], user=user, group=user, extra_groups=[], cwd="/", env={}, text=True,
        input=json.dumps([host, int(port)]), stdout=subprocess.PIPE, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def on_our_network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    """An emulator whose functions share this machine's network."""
    network: dict[str, Any] = {"docker_network": "host"} if request.param == "docker" else {}
    with own_emulator(tmp_path, request.param, **network) as lam:
        yield lam


APIS = ["AWS_LAMBDA_RUNTIME_API", "AWS_ENDPOINT_URL"]
"""Where an environment finds what is served to it alone."""


def address_of(inside: Inside, api: str) -> str:
    return str(inside.run(f"import os; result = os.environ[{api!r}]")).removeprefix("http://")


@pytest.mark.parametrize("api", APIS)
def test_on_a_shared_network_other_users_are_hung_up_on(on_our_network: OwnLam, api: str) -> None:
    inside = probe(on_our_network)
    address = address_of(inside, api)

    users = [answer_to(user, address) for user in (NOBODY, os.geteuid())]

    assert users == ["b''", "b''"]  # the second is the emulator's own
    assert inside.run("result = 'well'") == "well"


@pytest.mark.parametrize("api", APIS)
def test_on_a_shared_network_other_functions_are_hung_up_on(on_our_network: OwnLam, api: str) -> None:
    """Which run as the same user."""
    one, other = probe(on_our_network, "one"), probe(on_our_network, "other")
    host, _, port = address_of(one, api).partition(":")

    heard = other.run(f"""
        import socket
        try:
            with socket.create_connection(({host!r}, {port}), 5) as connection:
                connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.0\\r\\n\\r\\n")
                result = connection.recv(1000).decode()
        except ConnectionError:
            result = ""
    """)

    assert heard == ""
    assert one.run("result = 'well'") == "well"


def test_without_namespaces_other_users_and_functions_are_hung_up_on(tmp_path: Path) -> None:
    bench = Bench("none", tmp_path)
    try:
        code = {"app.py": "def handler(event, context): return event"}
        one, other = bench.sandbox(code), bench.sandbox(code)
        invoked = bench.invoke(one, "app.handler", {"a": 1})
        address = one.sandbox.runtime_api

        user = bench.run(asyncio.to_thread(answer_to, NOBODY, address))
        function = bench.shell(other, f"curl -s -m 10 http://{address}/2018-06-01/ping; echo ended with $?")
        itself = bench.shell(one, f"curl -s -m 10 http://{address}/2018-06-01/ping")
    finally:
        bench.close()

    assert (invoked, itself) == ({"a": 1}, "pong")
    assert user == "b''"
    assert re.fullmatch(r"ended with (52|56)\n", function)  # hung up on


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("umask", [0o077, 0o027, 0])
def test_functions_find_their_code_whatever_the_umask(engine: str, umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with own_emulator(tmp_path, engine) as lam:
            assert probe(lam).run("import os\nresult = os.listdir('/var/task')") == ["app.py"]
    finally:
        os.umask(before)
