"""Isolation by namespaces: each sandbox has a private root, its own processes and users, and not one capability.

Made by util-linux alone: unshare(1) makes the namespaces, one `mount --all` fills the root from a table, pivot_root(8)
leaves the host's behind. The init inside is PID 1 and uid 993, in a user namespace of its own: there the limit of
processes counts those of the sandbox alone.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.sandbox.base import Abilities, Program, SandboxError
from lambda_emu.sandbox.files import fill
from lambda_emu.sandbox.process.isolation import FILTERS_CALLS
from lambda_emu.sandbox.process.private_root import (
    GROUP,
    LINE,
    USER,
    fstab,
    host_lines,
    make_folder,
    make_place,
    make_root,
    root_lines,
    sandbox_lines,
    write_hosts,
    write_resolver,
)
from lambda_emu.sandbox.rlimits import OF_EACH_PROCESS, PROCESSES, prlimit
from lambda_emu.sandbox.toolchain.layout import Toolchain

ABILITIES = Abilities(
    name="process",
    limits_cpu=False,
    limits_tmp=True,
    limits_memory=True,
    limits_pids=True,
    isolates_files=True,
    isolates_network=False,
    hides_loopback=False,
    filters_calls=FILTERS_CALLS,
)

INIT = "/var/rapid/init"
ENTER = 'umask 022; mount --all --fstab "$0" && cd "$1" && pivot_root . . && umount --lazy . && shift && '
"""Runs with the host's files still in sight; $0 the table, $1 the new root, then what to become."""
BECOME = 'exec "$@"'
LOOPBACK_UP = f"{INIT} loopback && "
"""Of a network of its own, by who has made it; ip(8) may be missing."""

NAMESPACES = ("unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child")
AS_ROOT_OF_THEM = ("--user", "--map-root-user")
OWN_USERS = ("unshare", "--user", f"--map-user={USER}", f"--map-group={GROUP}", "--keep-caps")
LIMITS = {**OF_EACH_PROCESS, "nproc": (PROCESSES, PROCESSES)}
NO_CAPABILITIES = (
    "--bounding-set=-all",
    "--ambient-caps=-all",
    "--inh-caps=-all",
)  # kept to drop the first
NO_PRIVILEGES = ("setpriv", *NO_CAPABILITIES, "--no-new-privs", "--pdeathsig=KILL")  # a new uid undoes --kill-child
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
TRY_LIMIT_S = 10
NOBODY = "000000"
"""Whoever tries whether there are namespaces at all."""
BEYOND_ACCOUNTS = 1_879_048_192
"""From here on systemd's page on UIDs and GIDs knows of no use; accounts, containers and their ranges are all below."""
DIGITS = 6
"""Of a sandbox's name, hexadecimal: 16 million users, of whom two of 200 sandboxes are the same once in 800 times."""


class Given(Struct, frozen=True):
    """as_root: whether we are root; others may mount only in a user namespace. own_network: with loopback alone."""

    as_root: bool
    own_network: bool = False


def enter(name: str, table: Path, root: Path, given: Given, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` inside, unprivileged. Everything in there dies with the process it makes.

    name: of the sandbox, hexadecimal.
    """
    users = () if given.as_root else AS_ROOT_OF_THEM
    network = ("--net",) if given.own_network else ()
    script = f"{ENTER}{LOOPBACK_UP if given.own_network else ''}{BECOME}"
    leave = _leave_root(name) if given.as_root else ()
    inside = (*leave, *OWN_USERS, *prlimit(LIMITS), *NO_PRIVILEGES, *command)
    return [*NAMESPACES, *network, *users, "/bin/sh", "-c", script, str(table), str(root), *inside]


def _leave_root(name: str) -> Sequence[str]:
    user, group = outside_ids(name)
    return ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")


def outside_ids(name: str, proc: Path = Path("/proc/self")) -> tuple[int, int]:
    """User and group of a sandbox outside of it, where root may choose: nobody that this machine has an account for.

    Each has a user of its own: what the kernel has for one, as instances of inotify, it cannot take from all. Inside it
    is 993, as on Lambda; outside that is often some service, which could read its variables by /proc, and as which it
    would appear to whatever it can reach. Those of inside where the machine, itself a container, has no others to give.
    name: hexadecimal and random. The group is that of all.
    """
    user, group = BEYOND_ACCOUNTS + USER + int(name[:DIGITS], 16), BEYOND_ACCOUNTS + GROUP
    if _is_had(proc / "uid_map", user) and _is_had(proc / "gid_map", group):
        return user, group
    return USER, GROUP


def _is_had(table: Path, number: int) -> bool:
    """Whether our own namespace maps a number; user_namespaces(7) has the columns."""
    rows = [list(map(int, line.split())) for line in table.read_text().splitlines()]
    return any(first <= number < first + count for first, _, count in rows)


def _try(command: Sequence[str]) -> None:
    """SandboxError, with what it said, for a command that fails or is not here. OSError if it could not be tried."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TRY_LIMIT_S,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise SandboxError(str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"whether this machine gives us namespaces did not show within {TRY_LIMIT_S} s") from error
    if done.returncode != 0:
        raise SandboxError(" ".join(done.stderr.split()) or f"exit code {done.returncode}")


class Namespaces:
    """isolation.Isolation: a private root for each sandbox, all of them made from one folder."""

    line = f"/{LINE}"

    def __init__(self, folder: Path, given: Given) -> None:
        self.abilities = replace(ABILITIES, isolates_network=given.own_network, hides_loopback=given.own_network)
        self._root = folder / "root"
        self._given = given

    def build(self, init: Path) -> None:
        """Make the root and try it, some 30 ms. SandboxError where this machine does not allow it.

        OSError where only the moment does not, as on a full disk: no reason to run without isolation.
        """
        table = self._root.with_suffix(".fstab")
        self._root.mkdir()
        self._root.chmod(0o755)  # whatever the umask: inside it is / of another user
        make_root(self._root, init)
        table.write_text(fstab(root_lines(self._root)))
        _try(enter(NOBODY, table, self._root, self._given, ["/bin/sh", "-c", "exit 0"]))

    def prepare_toolchain(self, toolchain: Toolchain) -> None:
        """Places where the host's files are mounted: a mount has its like below it."""
        for shown, host in toolchain.host_files.items():
            if any(above in toolchain.host_files for above in shown.parents):
                continue  # it is there, in what is mounted before
            place = toolchain.place(shown)
            if place is not None:
                make_place(toolchain.folder, place, host)
            else:
                make_place(self._root, self._root / shown.relative_to("/"), host)

    def prepare(self, folder: Path, toolchain: Toolchain, tmp_mb: int, names: Mapping[str, str]) -> list[str]:
        for name in ("task", "opt"):
            make_folder(folder, folder / name)
        write_resolver(folder)
        write_hosts(folder, names)
        table = folder / "fstab"
        own = sandbox_lines(self._root, folder, toolchain.folder, tmp_mb)
        table.write_text(fstab((*root_lines(self._root), *own, *host_lines(self._root, toolchain.host_files))))
        return enter(folder.name, table, self._root, self._given, [INIT])

    def load(self, folder: Path, task: Path, layers: Sequence[Path]) -> None:
        fill(task, layers, folder / "task", folder / "opt")

    def program(self, toolchain: Toolchain, bootstrap: str, environment: Mapping[str, str]) -> Program:
        return Program([bootstrap], environment)
