"""Debian root file systems, by mmdebstrap: packages are only unpacked, not set up, which takes half the time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lambda_emu.architectures import GOARCH, HOST_ARCHITECTURE, MACHINES
from lambda_emu.folders import PASSED_THROUGH, close_to_others
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed, ToolRunner
from lambda_emu.sandbox.temporary import remove_left, temporary_folder

INSTALL_OTHERS = "apt-get install qemu-user-static"

SUITE_OPTIONS = {"sid": ('--aptopt=Acquire::Check-Valid-Until "false"',)}
"""A mirror that lags behind shows lists of the moving suite whose validity has ended."""

PROXY = re.compile(r'Acquire::https?::Proxy(-Auto-Detect)?(::[^ ]+)? "[^"]+";')

STEPS = {
    "I: running apt-get update...": "asking Debian's registry what it has",
    "I: downloading packages with apt...": "fetching Debian's packages",
    "I: extracting archives...": "unpacking and setting up",
    "I: creating tarball...": "packing",
}
"""What mmdebstrap says of itself, in words for who waits."""

NEEDS_ROOT = (
    "building images needs root, or a user namespace: as root `apt-get install uidmap`, and a line for you in "
    "/etc/subuid and /etc/subgid"
)


def may_run(architecture: str) -> bool:
    """Whether programs for this architecture run on this machine."""
    emulator = Path(f"/proc/sys/fs/binfmt_misc/qemu-{MACHINES[architecture]}")
    return architecture == HOST_ARCHITECTURE or emulator.exists()


def check_machine(architecture: str) -> None:
    """SandboxError where they do not: setting up an image runs some."""
    if may_run(architecture):
        return
    raise SandboxError(
        f"this machine cannot run {architecture} programs, so it cannot build their images; as root: {INSTALL_OTHERS}; "
        f"or make the function for {HOST_ARCHITECTURE}"
    )


def mmdebstrap_options(suite: str, packages: Sequence[str], architecture: str) -> list[str]:
    """What mmdebstrap is told besides what to do with the unpacked packages and where to write.

    packages: by name; `<name>/experimental` where that suite is needed besides, for what no other one has.
    """
    names = [name.partition("/")[0] for name in packages]
    others = sorted({name.partition("/")[2] for name in packages} - {""})
    lists = "$1/etc/apt/sources.list"
    return [
        "--variant=extract",
        "--skip=cleanup/apt",  # done by our own script; a wrong step there would reach for the host's lists and locks
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        '--aptopt=Acquire::Languages "none"',
        f"--architectures={GOARCH[architecture]}",
        f"--include={','.join(names)}",
        *SUITE_OPTIONS.get(suite, ()),
        *(f'--setup-hook=sed "s/ {suite} / {other} /" "{lists}" >"{lists}.d/{other}.list"' for other in others),
    ]


def mmdebstrap(arguments: Sequence[str], tools: ToolRunner, progress: Progress) -> None:
    """Run mmdebstrap, telling which of the steps it is at that take their time."""

    def tell(line: str) -> None:
        if (step := STEPS.get(line)) is not None:
            progress(step)

    remove_left()  # by builds that were killed
    try:
        with temporary_folder() as folder:
            close_to_others(folder, PASSED_THROUGH)  # a user without privileges builds as another
            inside = (*_own_mounts(), "env", f"TMPDIR={folder}")
            tools.run(["mmdebstrap", *_own_proxies(), *arguments], tell, inside)
    except ToolFailed as error:
        if os.geteuid() == 0 or error.no_answer or error.no_room:
            raise
        raise SandboxError(f"{error}\n{NEEDS_ROOT}") from error


def _own_proxies() -> list[str]:
    """The proxies that this machine's apt is told of, for the apt inside, which otherwise takes nothing from it."""
    if shutil.which("apt-config") is None:
        return []
    line = ["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"]
    told = subprocess.run(line, capture_output=True, text=True, check=False, timeout=10).stdout
    return [f"--aptopt={option}" for option in told.splitlines() if PROXY.match(option)]


def _own_mounts() -> Sequence[str]:
    """Where what it mounts is seen by nobody else, and gone with it even when it is killed.

    Not for users who are not root, whose mmdebstrap does so by itself; nor where that is not allowed.
    """
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None or shutil.which("unshare") is None:
        return ()
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False, timeout=10)
    return ("unshare", "--mount") if tried.returncode == 0 else ()
