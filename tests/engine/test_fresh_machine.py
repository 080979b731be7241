"""A machine with Debian, Python, git and make, and nothing else, runs the README's command. Needs root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from own import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="a machine inside a machine needs root"),
]

REPOSITORY = Path(__file__).parents[2]
PACKAGES = "python3,git,make,ca-certificates"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PASSED_ON = ("PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Machine:
    """A Debian of its own below a folder, sharing this machine's network."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def start(self, *argv: str, cwd: str) -> subprocess.Popen[str]:
        """Start a program there; it and all that it starts end with us."""
        own_processes = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]
        enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" sh -c \'cd "$0" && exec "$@"\' "$@"'
        return subprocess.Popen(
            [*own_processes, enter, str(self.root), cwd, *argv],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *argv: str, cwd: str = "/") -> str:
        with self.start(*argv, cwd=cwd) as program:
            output, _ = program.communicate(timeout=300)
        assert program.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    root = tmp_path_factory.mktemp("machine") / "root"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", f"--include={PACKAGES}", "bookworm", root], check=True)
    for path in ("/etc/resolv.conf", CERTIFICATES):  # this machine's way to the package registries
        shutil.copyfile(path, root / path.lstrip("/"))
    _check_out(root / "root/lambda-emu")
    yield Machine(root)
    shutil.rmtree(root)


def test_make_run_serves_the_examples(machine: Machine) -> None:
    machine.run("make", "install", cwd="/root/lambda-emu")
    assert "Run AWS Lambda functions" in machine.run("/root/lambda-emu/.venv/bin/lambda-emu", "--help")

    with serving(machine, free_port()) as url:
        answer = invoke(url, "hello", {"name": "World"})

    assert "World" in json.dumps(answer)


@contextmanager
def serving(machine: Machine, port: int) -> Iterator[str]:
    """`make run`, until it says where it serves. Its last words are in the failure otherwise."""
    program = machine.start("make", "run", f"PORT={port}", cwd="/root/lambda-emu")
    url, heard = f"http://127.0.0.1:{port}", []
    try:
        assert program.stdout is not None
        for line in program.stdout:
            heard.append(line)
            if url in line:
                break
        else:
            pytest.fail(f"it ended:\n{''.join(heard)}")
        yield url
    finally:
        program.kill()
        program.communicate(timeout=20)


def invoke(url: str, name: str, event: Mapping[str, str]) -> object:
    request = urllib.request.Request(
        f"{url}/2015-03-31/functions/{name}/invocations", data=json.dumps(event).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    certificates = dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), CERTIFICATES)
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **passed, **certificates}


def _check_out(target: Path) -> None:
    """The files of this checkout as they are, without what it ignores."""
    listing = ["git", "-C", str(REPOSITORY), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names: Sequence[str] = subprocess.check_output(listing, text=True).split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
