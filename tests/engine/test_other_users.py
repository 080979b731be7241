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

import pytest
from inside import probe
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
    name = inside.run(f"import os\nprint({SECRET!r})\nresult = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')[0]")
    data = lam.emulator.store.folder
    ours = [str(path) for path in (data, *data.rglob("*"))]
    ours += kept_by_docker(lam)

    read, listed, said = looked_at(ours, [SECRET, name])

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


def test_no_folder_bears_the_name_by_which_an_environment_is_known(lam: OwnLam) -> None:
    name = probe(lam).run("import os\nresult = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')[0]")

    data = lam.emulator.store.folder
    assert [path for path in data.rglob("*") if name.partition(".")[0] in path.name] == []


def kept_by_docker(lam: OwnLam) -> list[str]:
    """The engine's own files of the environment that ran, one of which has its name; nothing without Docker."""
    if lam.emulator.engine.abilities.name != "docker":
        return []
    container = next(str(sight.id) for sight in lam.sights() if sight.function)
    line = ["docker", "inspect", "--format", "{{.HostsPath}}", container]
    hosts = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    assert "lambda-emu.internal" in Path(hosts).read_text()
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
with socket.create_connection((host, port), 20) as connection:
    connection.sendall(f"GET /2018-06-01/ping HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
    try:
        print(connection.recv(1000))
    except ConnectionResetError:
        print(b"")
"""


def test_where_a_sandbox_is_known_by_its_address_other_users_are_hung_up_on(tmp_path: Path) -> None:
    bench = Bench("bare", tmp_path)
    try:
        loaded = bench.sandbox({"app.py": "def handler(event, context): return event"})
        host, _, port = loaded.sandbox.runtime_api.partition(":")

        def said(user: int) -> str:
            done = subprocess.Popen(
                ["/usr/bin/python3", "-c", CALL], user=user, group=user, extra_groups=[], cwd="/", env={}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            return bench.run(asyncio.to_thread(done.communicate, json.dumps([host, int(port)])))[0]

        assert said(NOBODY) == "b''\n"  # hung up on
        assert bench.invoke(loaded, "app.handler", {"a": 1}) == {"a": 1}
    finally:
        bench.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("umask", [0o077, 0o027, 0])
def test_functions_find_their_code_whatever_the_umask(engine: str, umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with own_emulator(tmp_path, engine) as lam:
            assert probe(lam).run("import os\nresult = os.listdir('/var/task')") == ["app.py"]
    finally:
        os.umask(before)
