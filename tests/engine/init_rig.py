"""A bench for the real init: the emulator's end of its connection, held by hand, over each way of running it."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lambda_emu.sandbox.base import Exit, Program, Usage
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import Frame, FrameKind, FrameReader, Hello

BINARIES = Path(__file__).parents[2] / "lambda_emu/sandbox/bin"
LABEL = "lambda-emu-test=init"
IMAGE = "lambda-emu-test-bare"
NAME = "abc.lambda-emu.internal"
LIMIT_S = 20.0
USER, GROUP = 993, 990
LINE_PATH = "/var/rapid/line"
MODES = ("descendants", "namespace", "container")
STOPPED = {"T", "t"}  # by a signal, or held by init because it was slow to heed that


class Rig:
    """One init that dialled us and said HELLO. Every wait has a deadline and says what was heard instead.

    marker: a variable of everything it starts, by which those processes are found among all of the host's.
    """

    def __init__(self, mode: str, connection: socket.socket, marker: str) -> None:
        self.mode = mode
        self.connection = connection
        self.marker = marker
        self.heard: list[Frame] = []
        self._taken = 0
        self._reader = FrameReader()
        self._tokens = 0
        assert connection.recv(1) == b"\0"
        self.hello: Hello = frames.decode_hello(self.next(FrameKind.HELLO).payload)

    def start(self, *argv: str, role: int = 0, directory: str = "/", **environment: str) -> None:
        variables = {"PATH": "/usr/bin:/bin", "MARKER": self.marker, **environment}
        self.send(frames.encode_start(role, Program(argv, variables, directory)))

    def shell(self, script: str, role: int = 0) -> None:
        self.start("/bin/sh", "-c", script, role=role)

    def perl(self, script: str, *arguments: str, role: int = 0) -> None:
        self.start("/usr/bin/perl", "-MIO::Socket::INET", "-e", f"$| = 1; {script}", *arguments, role=role)

    def send(self, order: bytes) -> None:
        self.connection.sendall(order)

    def next(self, kind: FrameKind) -> Frame:
        """The next frame of this kind after the last one taken."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            while self._taken < len(self.heard):
                self._taken += 1
                if self.heard[self._taken - 1].kind == kind:
                    return self.heard[self._taken - 1]
            self._receive(deadline, kind)

    def _receive(self, deadline: float, kind: FrameKind) -> None:
        self.connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.connection.recv(1 << 16)
        except TimeoutError:
            raise AssertionError(f"no {kind.name} within {LIMIT_S} s; heard {self.heard[-10:]}") from None
        assert data, f"init hung up; no {kind.name}; heard {self.heard[-10:]}"
        self.heard += self._reader.feed(data)

    def sync(self) -> Usage:
        self._tokens += 1
        self.send(frames.encode_sync(self._tokens))
        token, usage = frames.decode_synced(self.next(FrameKind.SYNCED).payload)
        assert token == self._tokens
        return usage

    def exit(self) -> Exit:
        frame = self.next(FrameKind.EXITED)
        return frames.decode_exited(frame.role, frame.payload)

    def kill(self) -> None:
        self.send(frames.encode(FrameKind.KILL))
        self.next(FrameKind.KILLED)

    def output(self, role: int = 0) -> str:
        """Everything the role printed before the last frame taken."""
        parts = [f.payload for f in self.heard[: self._taken] if f.kind == FrameKind.OUTPUT and f.role == role]
        return b"".join(parts).decode()

    def forget(self) -> None:
        """Drop what was heard so far, output included."""
        del self.heard[: self._taken]
        self._taken = 0

    def reset(self) -> None:
        """End what one test started, for the next."""
        self.kill()
        self.forget()

    def hangs_up(self) -> bool:
        """Whether init ends the connection; what it still says is thrown away."""
        self.connection.settimeout(LIMIT_S)
        try:
            while self.connection.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True

    def processes(self) -> list[int]:
        """Host pids of everything this init started that still lives."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        try:
            return f"MARKER={self.marker}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def states(self) -> set[str]:
        """The letters ps(1) shows for those processes."""
        found = set()
        for pid in self.processes():
            try:
                found.add(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
            except OSError:
                continue
        return found


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Return once it is so; fail with `what` when it is not within the deadline."""
    deadline = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


@contextmanager
def running_init(mode: str, machine: str = os.uname().machine, under: Sequence[str] = ()) -> Iterator[Rig]:
    """An init that calls by TCP, run in one of MODES as an unprivileged user; its end is waited for.

    Another machine's is emulated. under: a command that becomes it.
    """
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        marker = secrets.token_hex(8)
        host = NAME if mode == "container" else "127.0.0.1"
        address = f"{host}:{listener.getsockname()[1]}:{secrets.token_hex(16)}"
        with launched(mode, (*under, *init_command(Path(folder), machine)), address):
            connection, _ = listener.accept()
            with connection:
                rig = Rig(mode, connection, marker)
                yield rig
        wait_until(lambda: not rig.processes(), "processes outlived their init")


def init_command(folder: Path, machine: str = os.uname().machine) -> Sequence[str]:
    """How an init is run, which is put into the folder."""
    folder.chmod(0o755)
    init = folder / "init"
    shutil.copy(BINARIES / f"init-{machine}", init)
    return (str(init),) if machine == os.uname().machine else (f"qemu-{machine}-static", str(init))


@contextmanager
def launched(mode: str, init: Sequence[str], address: str, line: Path | None = None) -> Iterator[None]:
    """An init told where to call: by TCP, or by a socket in a folder, which a container sees at LINE_PATH."""
    if mode == "container":
        with _container(init[-1], address, line):
            yield
        return
    namespace = "unshare --pid --ipc --fork --kill-child --mount-proc " if mode == "namespace" else ""
    if os.geteuid() == 0:
        user = f"setpriv --reuid={USER} --regid={GROUP} --clear-groups prlimit --nproc=300 "
    else:
        user, namespace = "", namespace and f"{namespace} --user --map-current-user "
    environment = {"LAMBDA_EMU_INIT": f"{address}:processes", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen((*namespace.split(), *user.split(), *init), env=environment)
    try:
        yield
        process.wait(LIMIT_S)
    finally:
        process.kill()
        process.wait()


@contextmanager
def _container(init: str, address: str, line: Path | None) -> Iterator[None]:
    _make_image()
    hardening = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={USER}:{GROUP}")
    limits = ("--tmpfs=/tmp:size=64m,mode=1777", "--memory=256m", "--memory-swap=256m", "--pids-limit=256")
    network = ("--network=host", f"--add-host={NAME}:127.0.0.1")
    if line is not None:
        network = ("--network=none", f"--volume={line}:{LINE_PATH}:ro")
    mounts = ("-v", f"{init}:/var/rapid/init:ro", "-v", "/usr:/usr:ro", "--entrypoint=/var/rapid/init")
    name = f"lambda-emu-test-{secrets.token_hex(6)}"
    _docker("run", "-d", "--rm", f"--name={name}", f"--label={LABEL}", "-e", f"LAMBDA_EMU_INIT={address}",
            *hardening, *limits, *network, *mounts, IMAGE)  # fmt: skip
    try:
        yield
        wait_until(lambda: not _docker("ps", "-aq", f"--filter=name={name}"), "the container is still there")
    finally:
        subprocess.run(("docker", "rm", "-f", name), check=False, capture_output=True)


def _make_image() -> None:
    """An image of nothing but links into /usr, which is bound from the host."""
    if _docker("images", "-q", IMAGE):
        return
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(file.name, "w") as tar:
            for name in ("bin", "lib", "lib64"):
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
                tar.addfile(link)
        _docker("import", "--change", f"LABEL {LABEL}", file.name, IMAGE)
    atexit.register(subprocess.run, ("docker", "rmi", "-f", IMAGE), check=False, capture_output=True)


def _docker(*arguments: str) -> str:
    done = subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
